"""What must hold of every program: the result parses, comments survive, a second run changes nothing."""

from __future__ import annotations

import ast
import io
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.programs.conftest import Program

TEMPLATE = '''\
"""A greeter and its client."""
from concurrent import futures
import grpc
from grpc import StatusCode as SC
import greeting_pb2
import greeting_pb2_grpc as rpc
class Greeter(rpc.GreeterServicer):
    def SayHello(self, request, context: grpc.ServicerContext):
        if not request.name:
            context.abort(
                SC.INVALID_ARGUMENT,
                "a name",
            )
        if request.name == "x":
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("nobody")
            return greeting_pb2.HelloReply()
        context.set_trailing_metadata((("a", "b"),))
        return greeting_pb2.HelloReply(message=request.name)
    def SayHelloOften(self, request, context):
        for _ in range(request.times):
            yield self.SayHello(request, context)
def serve():
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
    )
    rpc.add_GreeterServicer_to_server(
        Greeter(),
        server,
    )
    server.add_insecure_port("[::]:0")
    server.start()
    server.wait_for_termination()
def ask(target, limit):
    with grpc.insecure_channel(target) as channel:
        stub = rpc.GreeterStub(
            channel,
        )
        try:
            print(
                stub.SayHello(
                    greeting_pb2.HelloRequest(name="Ada"),
                    timeout=limit,
                    metadata=[("k", "v")],
                ).message
            )
            for reply in stub.SayHelloOften(greeting_pb2.HelloRequest(times=2)):
                print(reply)
        except grpc.RpcError as e:
            if e.code() in (
                SC.UNAVAILABLE,
                SC.CANCELLED,
            ):
                raise
            print(f"{e.code()}: {e.details()}")
'''.splitlines()

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8).filter(
    lambda word: "grpc." not in word and "SayHello" not in word
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = []
    for line in TEMPLATE:
        for _ in range(draw(st.integers(0, 8)) // 7):
            lines.append(" " * draw(st.integers(0, 12)) + "# before " + draw(WORDS))
        comment = "  # behind " + draw(WORDS) if draw(st.integers(0, 3)) == 0 else ""
        lines.append(line + " " * draw(st.integers(0, 8) if comment else st.just(0)) + comment)
        lines.extend([""] * (draw(st.integers(0, 9)) // 8))
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text.replace("\r\n", "\n")).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(programs())
def test_any_layout(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder).resolve())
        program.write("app.py", text)
        result = program.migrate()
        after = program.text("app.py")
        assert not [finding for finding in result.findings if finding.code == "G2C012"], result.findings
        ast.parse(after)
        assert "SayHello" not in after and "grpc." not in after.replace("grpc2connect", "")
        assert comments(after) == comments(text)
        assert after.count("\n") - after.count("\r\n") in (0, after.count("\n"))
        assert program.run().changes == ()


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.permutations(["a.py", "b.py", "c.py"]))
def test_any_order_of_files(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder).resolve())
        make, keep, use = (name.removesuffix(".py") for name in names)
        program.write(f"{make}.py", 'import grpc\n\n\ndef channel():\n    return grpc.insecure_channel("h:1")\n')
        program.write(
            f"{keep}.py",
            f"from {make} import channel\nimport greeting_pb2_grpc as rpc\n\n\nclass Kept:\n"
            "    def __init__(self):\n        self.stub = rpc.GreeterStub(channel())\n",
        )
        program.write(f"{use}.py", f"from {keep} import Kept\n\n\ndef call():\n    return Kept().stub.SayHello(None)\n")
        program.migrate()
        assert "Kept().stub.say_hello(None)" in program.text(f"{use}.py")
        assert "channel().client(greeting_connect.GreeterClientSync)" in program.text(f"{keep}.py")
