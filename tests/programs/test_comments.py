"""Comments at every place that can hold one: all survive, or the service stays and says so."""

from __future__ import annotations

import ast
import io
import tempfile
import tokenize
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc2connect.syntax import parse
from tests.programs.conftest import Program

CONSTRUCTS = {
    "imports": """\
import grpc
from concurrent import futures
from grpc import (StatusCode as SC, RpcError)
from greeting_pb2_grpc import (GreeterStub, GreeterServicer, add_GreeterServicer_to_server)
import greeting_pb2


class Greeter(GreeterServicer):
    def SayHello(self, request, context):
        context.abort(SC.NOT_FOUND, "gone")


def serve():
    server = grpc.server(futures.ThreadPoolExecutor())
    add_GreeterServicer_to_server(Greeter(), server)
    return server


def ask():
    try:
        return GreeterStub(grpc.insecure_channel("a:1")).SayHello(greeting_pb2.HelloRequest())
    except RpcError:
        return None
""",
    "servicer": """\
import grpc
import greeting_pb2
import greeting_pb2_grpc as rpc


class Greeter(rpc.GreeterServicer, metaclass=(type)):
    def SayHello(self, request, context: (grpc.ServicerContext)):
        if not request.name:
            (context.abort)((grpc.StatusCode.INVALID_ARGUMENT), details=("a name"))
        if request.name == "x":
            context.set_code((grpc.StatusCode.NOT_FOUND))
            context.set_details(("nobody"))
            return greeting_pb2.HelloReply()
        context.set_trailing_metadata((("a", "b"),))
        return greeting_pb2.HelloReply(message=dict(context.invocation_metadata()).get("k"))

    def SayHelloOften(self, request, context):
        for _ in range(request.times):
            yield (self.SayHello(request, context))


def serve(pool):
    server = (grpc.server)(pool, options=[("grpc.so_reuseport", 0)], maximum_concurrent_rpcs=(4))
    (rpc.add_GreeterServicer_to_server)(servicer=(Greeter()), server=(server))
    rpc.add_GreeterServicer_to_server((Greeter()), (server),)
    server.add_insecure_port(("[::]:0"))
    (server.start)()
""",
    "client": """\
import grpc
import greeting_pb2
import greeting_pb2_grpc as rpc


def ask(target, limit, given):
    with (grpc.insecure_channel(target, options=[("grpc.max_receive_message_length", 9)])) as channel:
        stub = (rpc.GreeterStub)(channel=(channel))
        other = [rpc.GreeterStub(channel) for _ in (1, 2)]
        try:
            a = (stub.SayHello)(greeting_pb2.HelloRequest(name="Ada"), timeout=(5), metadata=[("k", "v")])
            b = stub.SayHello(request=(given), timeout=(limit), metadata=(given),)
            c, call = stub.SayHello.with_call((given), (3), (given))
            d = (stub.SayHello.future)((given)).result(timeout=(1))
            if (e := stub.SayHello((given))).message:
                print(f"{stub.SayHello(given).message}", e)
            again = (lambda r: stub.SayHello(r))
            return [(x.message) for x in stub.SayHelloOften((given)) if (x)] or again(a if b else d)
        except (ValueError, grpc.RpcError, KeyError) as error:
            if error.code() in ((grpc.StatusCode.UNAVAILABLE), grpc.StatusCode.CANCELLED):
                raise
            match (error.code()):
                case (grpc.StatusCode.NOT_FOUND):
                    return (error.details())
            print((error).code(), error.details(), (error.trailing_metadata()), c, call, other)
""",
    "aio": """\
import grpc
import greeting_pb2
import greeting_pb2_grpc as rpc


class Greeter(rpc.GreeterServicer):
    async def SayHello(self, request, context):
        await (context.abort(grpc.StatusCode.NOT_FOUND, "gone"))

    async def SayHelloOften(self, request, context: "grpc.aio.ServicerContext"):
        await context.write((greeting_pb2.HelloReply()))


async def serve():
    server = grpc.aio.server((None))
    rpc.add_GreeterServicer_to_server(Greeter(), server)
    await (server.start())


async def ask(target):
    async with (grpc.aio.insecure_channel(target)) as channel:
        stub = rpc.GreeterStub((channel))
        call = stub.SayHello((greeting_pb2.HelloRequest()), timeout=(1))
        found = [reply async for reply in stub.SayHelloOften((greeting_pb2.HelloRequest()))]
        try:
            return found, await (call), await (stub.SayHello(greeting_pb2.HelloRequest()))
        except (grpc.aio.AioRpcError) as error:
            return (error.code()), (error.details())
""",
}
"""Constructs with as many brackets as Python allows: a comment fits between any two tokens inside of them."""


def gaps(text: str) -> list[int]:
    """The offsets between tokens where a comment and a line end can be put: inside brackets, and at ends of lines."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found, depth, string = [], 0, 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        string += (name == "FSTRING_START") - (name == "FSTRING_END")
        if token.type == tokenize.OP and not string:
            depth += (token.string in "([{") - (token.string in ")]}")
        if depth and not string and token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            found.append(starts[token.end[0] - 1] + token.end[1])
        elif token.type == tokenize.NEWLINE:
            found.append(starts[token.start[0] - 1] + token.start[1])
    return found


def commented(text: str, at: list[int]) -> str:
    """The text with a comment of its own at each offset."""
    for number, offset in sorted(enumerate(at), key=lambda pair: -pair[1]):
        rest = text[offset:]
        text = f"{text[:offset]}  # here {number}" + (rest if rest.startswith("\n") else f"\n{rest}")
    ast.parse(text)
    return text


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def check(text: str) -> bool:
    """Migrate; whether it moved. Either nothing is lost, or nothing is changed and that is said."""
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder).resolve())
        program.write("app.py", text)
        result = program.migrate()
        after = program.text("app.py")
        ast.parse(after)
        assert comments(after) == comments(text)
        assert program.run().changes == ()
        if after == text:
            assert {finding.code for finding in result.findings} & {"G2C012"}, result.findings
        else:
            names = {node.id for node in ast.walk(ast.parse(after)) if isinstance(node, ast.Name)}
            assert not {"GreeterStub", "RpcError", "SC"} & names
        return after != text


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_without_comments(name: str) -> None:
    assert check(CONSTRUCTS[name])


def expressions(text: str) -> list[tuple[int, int]]:
    """The spans of the expressions that parentheses can be put around."""
    module = parse(Path("app.py"), text)
    found = []
    for node in ast.walk(module.tree):
        in_text = any(isinstance(parent, ast.JoinedStr) for parent in module.ancestors(node))
        if isinstance(node, ast.expr) and not in_text and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            start, end = module.span(node)
            try:
                ast.parse(f"{text[:start]}({text[start:end]}){text[end:]}")
            except SyntaxError:
                continue
            found.append((start, end))
    return found


@pytest.mark.parametrize("name", CONSTRUCTS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_parentheses_anywhere(name: str, data: st.DataObject) -> None:
    text = CONSTRUCTS[name]
    start, end = data.draw(st.sampled_from(expressions(text)))
    assert check(f"{text[:start]}({text[start:end]}){text[end:]}")


@pytest.mark.parametrize("name", CONSTRUCTS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_comments_anywhere(name: str, data: st.DataObject) -> None:
    text = CONSTRUCTS[name]
    places = gaps(text)
    some = data.draw(
        st.sets(st.sampled_from(places), min_size=1, max_size=data.draw(st.sampled_from([1, 4, len(places)])))
    )
    check(commented(text, sorted(some)))


def test_comments_of_an_import_stay_where_it_was(program: Program) -> None:
    text = (
        "import grpc\n\n\ndef ask():\n    from greeting_pb2_grpc import (\n        # one\n        GreeterStub,  # two\n"
        "    )  # noqa: E402\n    return GreeterStub(grpc.insecure_channel('a:1'))\n"
    )
    program.write("app.py", text)
    program.migrate()
    assert "    # one\n    # two" in program.text("app.py")
    assert "GreeterClientSync" in program.text("app.py")
