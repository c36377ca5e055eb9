"""`explain` tells the whole chain: over files, factories, attributes, parameters and containers to generated code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.engine import analyse
from grpc2connect.options import Options
from grpc2connect.report import explain
from grpc2connect.report.paint import Paint
from tests.programs.conftest import Program

REPOSITORY = Path(__file__).parents[2]
STUB = "greeting_pb2_grpc.py:28  class GreeterStub: hello.flat.Greeter of greeting.proto"
SERVICER = "greeting_pb2_grpc.py:50  class GreeterServicer: hello.flat.Greeter of greeting.proto"
ADDER = "greeting_pb2_grpc.py:69  def add_GreeterServicer_to_server: hello.flat.Greeter of greeting.proto"
CALL = "is a call of the unary RPC hello.flat.Greeter/SayHello"

CLIENTS = """import grpc

from app.stubs import GreeterStub


class Clients:
    def __init__(self, target):
        self._stub = GreeterStub(grpc.insecure_channel(target))

    @property
    def greeter(self):
        return self._stub


def get_stub():
    return Clients("localhost:1").greeter
"""
FACTORY = [
    'app/clients.py:16  get_stub() returns `Clients("localhost:1").greeter`',
    "app/clients.py:12  Clients.greeter() returns `self._stub`",
    "app/clients.py:8  `Clients._stub` is `GreeterStub(grpc.insecure_channel(target))`: a stub of hello.flat.Greeter",
    "app/clients.py:3  `GreeterStub` comes from `from app.stubs import GreeterStub`",
    "app/stubs.py:1  `GreeterStub` comes from `from greeting_pb2_grpc import GreeterStub`",
    STUB,
]


def app(program: Program, **files: str) -> None:
    program.write("app/__init__.py", "")
    program.write("app/stubs.py", "from greeting_pb2_grpc import GreeterStub\n")
    program.write("app/clients.py", CLIENTS)
    for name, text in files.items():
        program.write(f"app/{name}.py", text)


def asked(program: Program, name: str, mark: str) -> list[str]:
    """What is said of the line that holds `mark`; the distances between columns closed up."""
    path = program.folder / name
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if mark in text)
    result = analyse(Options(program.folder, (program.folder,), explain=(path, line)))
    assert not result.errors, result.errors
    told = explain.lines(result, {}, Paint())
    return [re.sub(r"(:\d+) +", r"\1  ", text.strip()) for text in told]


def chain(said: list[str], label: str = "because") -> list[str]:
    """The steps under a label, of the first thing on a line that has it."""
    start = next(index for index, text in enumerate(said) if text.startswith(label))
    steps = [said[start].removeprefix(label).strip()]
    for text in said[start + 1 :]:
        if re.match(r"(because|rule|outcome|why|better) ", text) or re.match(r"\S+:\d+:\d+ ", text):
            break
        steps.append(text)
    return steps


def value(said: list[str], label: str) -> str:
    return chain(said, label)[0]


def test_a_stub_through_a_factory_a_property_an_attribute_and_a_re_export(program: Program) -> None:
    app(
        program,
        views="from app.clients import get_stub\n\n\ndef view():\n    stub = get_stub()\n    stub.SayHello(1)\n",
    )
    said = asked(program, "app/views.py", "SayHello")
    assert said[0].endswith(CALL)
    assert chain(said) == ["app/views.py:5  `stub` is `get_stub()`", *FACTORY]
    assert (value(said, "rule"), value(said, "outcome")) == ("G2C501", "native")
    assert (
        value(said, "why")
        == "nothing holds hello.flat.Greeter on gRPC, and the rule has a native form for what is here"
    )


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (
            "def run(client):\n    client.SayHello(1)\n\n\nrun(get_stub())\n",
            ["app/views.py:7  `client` of run() is given `get_stub()`", *FACTORY],
        ),
        (
            "for one in [get_stub()]:\n    one.SayHello(1)\n",
            ["app/views.py:3  `one` is an item of `[get_stub()]`", *FACTORY],
        ),
        (
            "known = {'a': get_stub()}\nknown['a'].SayHello(1)\n",
            ["app/views.py:3  `known` is `{'a': get_stub()}`", *FACTORY],
        ),
        (
            "known = []\nknown.append(get_stub())\nknown[0].SayHello(1)\n",
            ["app/views.py:4  `known` holds `get_stub()`", *FACTORY],
        ),
        (
            "from greeting_pb2_grpc import GreeterStub as S\ndef run(client: S):\n    client.SayHello(1)\n",
            [
                "app/views.py:4  `client` is annotated `S`",
                "app/views.py:3  `S` comes from `from greeting_pb2_grpc import GreeterStub as S`",
                STUB,
            ],
        ),
        (
            "from app.stubs import *\nimport grpc\nGreeterStub(grpc.insecure_channel('x')).SayHello(1)\n",
            [
                "app/views.py:5  `GreeterStub(grpc.insecure_channel('x'))` makes a stub of hello.flat.Greeter",
                "app/views.py:3  `GreeterStub` comes from `from app.stubs import *`",
                "app/stubs.py:1  `GreeterStub` comes from `from greeting_pb2_grpc import GreeterStub`",
                STUB,
            ],
        ),
    ],
    ids=["parameter", "list", "dict", "append", "annotation", "star"],
)  # fmt: skip
def test_a_stub_through(program: Program, text: str, steps: list[str]) -> None:
    app(program, views=f"from app.clients import get_stub\n\n{text}")
    said = asked(program, "app/views.py", ".SayHello")
    assert chain(said[next(index for index, line in enumerate(said) if line.endswith(CALL)) :]) == steps


def test_a_fixture(program: Program) -> None:
    app(program)
    program.write("conftest.py", "import pytest\nfrom app.clients import get_stub\n\n\n"
                  "@pytest.fixture\ndef stub():\n    yield get_stub()\n")  # fmt: skip
    program.write("test_it.py", "def test_it(stub):\n    stub.SayHello(1)\n")
    assert chain(asked(program, "test_it.py", "SayHello")) == [
        "conftest.py:6  `stub` is what stub() gives",
        "conftest.py:7  stub() yields `get_stub()`",
        *FACTORY,
    ]


SERVER = """import grpc
import greeting_pb2_grpc as rpc


def check(ctx):
    ctx.abort(grpc.StatusCode.NOT_FOUND, "no")


class Base(rpc.GreeterServicer):
    pass


class Greeter(Base):
    def SayHello(self, request, context):
        check(context)


class Plain:
    def SayHello(self, request, context):
        context.peer()


def serve(server):
    rpc.add_GreeterServicer_to_server(Greeter(), server)
    rpc.add_GreeterServicer_to_server(Plain(), server)


serve(grpc.server(None))
"""
DERIVED = [
    "server.py:13  the class Greeter derives from Base",
    "server.py:9  the class Base derives from `rpc.GreeterServicer`",
    "server.py:2  `rpc` comes from `import greeting_pb2_grpc as rpc`",
    SERVICER,
]


def test_a_context_in_a_helper(program: Program) -> None:
    program.write("server.py", SERVER)
    said = asked(program, "server.py", "ctx.abort")
    assert said[0].endswith("`ctx.abort` is the method abort of a handler's context")
    assert chain(said) == [
        "server.py:15  `ctx` of check() is given `context`",
        "server.py:14  `context` of Greeter.SayHello() is the context of hello.flat.Greeter/SayHello",
        *DERIVED,
    ]
    assert value(said, "outcome") == "bridged"
    assert "grpc2connect explain G2C201" in value(said, "better")


def test_a_context_by_registration(program: Program) -> None:
    program.write("server.py", SERVER)
    assert chain(asked(program, "server.py", "context.peer")) == [
        "server.py:19  `context` of Plain.SayHello() is the context of hello.flat.Greeter/SayHello",
        "server.py:25  `rpc.add_GreeterServicer_to_server(Plain(), server)` registers the class Plain",
        "server.py:2  `rpc` comes from `import greeting_pb2_grpc as rpc`",
        ADDER,
    ]


def test_handlers_servers_and_channels(program: Program) -> None:
    program.write("server.py", SERVER)
    app(program)
    assert chain(asked(program, "server.py", "def SayHello")) == DERIVED
    assert chain(asked(program, "server.py", "grpc.server(")) == [
        "server.py:1  `grpc` comes from `import grpc`",
        "server.py:24  a hello.flat.Greeter is registered on it",
        "server.py:25  a hello.flat.Greeter is registered on it",
    ]
    said = asked(program, "app/clients.py", "insecure_channel")
    where = next(index for index, text in enumerate(said) if "is the making of a channel" in text)
    assert chain(said[where:]) == [
        "app/clients.py:1  `grpc` comes from `import grpc`",
        "app/clients.py:8  a stub of hello.flat.Greeter is made on it",
    ]


def test_what_can_raise_a_caught_error(program: Program) -> None:
    app(
        program,
        views="import grpc\nfrom app.clients import get_stub\n\n\ndef fetch():\n    return get_stub().SayHello(1)\n\n\n"
        "try:\n    print(fetch())\n    call = get_stub().SayHello(2)\nexcept grpc.RpcError as error:\n"
        "    print(error.details())\n",
    )
    raisers = [
        "app/views.py:10  `fetch()` calls fetch()",
        "app/views.py:6  `get_stub().SayHello(1)` can raise it: the unary RPC hello.flat.Greeter/SayHello",
        "app/views.py:11  `get_stub().SayHello(2)` can raise it: the unary RPC hello.flat.Greeter/SayHello",
    ]
    imported = "app/views.py:1  `grpc` comes from `import grpc`"
    assert chain(asked(program, "app/views.py", "except")) == [imported, *raisers]
    assert chain(asked(program, "app/views.py", "error.details")) == [
        "app/views.py:12  `error` is caught by `grpc.RpcError`",
        imported,
        *raisers,
    ]


def test_a_service_that_stays_back_to_the_first_cause(program: Program) -> None:
    app(program, views="from app.clients import get_stub\n\n\nget_stub().SayHello(1)\n",
        dynamic="from app.clients import get_stub\n\nmethod = vars(get_stub())[input()]\n")  # fmt: skip
    said = asked(program, "app/views.py", "SayHello")
    assert value(said, "outcome") == "left"
    assert chain(said, "why") == [
        "hello.flat.Greeter stays on gRPC",
        "app/dynamic.py:3  the first cause: `vars(get_stub())` holds hello.flat.Greeter on gRPC:"
        " vars(get_stub()) names gRPC code by a string",
        *FACTORY,
    ]
    assert value(said, "better") == "at the first cause: name the method in code, or move this by hand"


def test_a_service_that_stays_with_another(program: Program) -> None:
    for name in ("till_pb2.py", "till_pb2_grpc.py"):
        program.write(name, (REPOSITORY / "fixtures" / "rules" / "_stubs" / name).read_text())
    program.write(
        "app.py",
        "import grpc\nfrom greeting_pb2_grpc import GreeterStub\nfrom till_pb2_grpc import TillStub\n\n"
        "safe = grpc.ssl_channel_credentials()\ntill = TillStub(grpc.secure_channel('x', safe))\n"
        "vars(till)[input()]\n"
        "GreeterStub(grpc.secure_channel('y', safe)).SayHello(1)\n",
    )
    why = chain(asked(program, "app.py", ".SayHello"), "why")
    assert why[:3] == [
        "hello.flat.Greeter stays on gRPC",
        "app.py:5  hello.flat.Greeter moves only together with till.Till:"
        " `grpc.ssl_channel_credentials` belongs to both",
        "app.py:7  the first cause: `vars(till)` holds till.Till on gRPC: vars(till) names gRPC code by a string",
    ]


def test_services_on_one_channel(program: Program) -> None:
    """One may stay without the other, unless what holds it needs the channel itself."""
    for name in ("till_pb2.py", "till_pb2_grpc.py"):
        program.write(name, (REPOSITORY / "fixtures" / "rules" / "_stubs" / name).read_text())
    text = (
        "import grpc\nfrom greeting_pb2_grpc import GreeterStub\nfrom till_pb2_grpc import TillStub\n\n"
        "channel = grpc.insecure_channel('x')\ntill = TillStub(channel)\ngreeter = GreeterStub(channel)\n"
        "greeter.SayHello(1)\n"
    )
    program.write("app.py", f"{text}vars(till)[input()]\n")
    assert value(asked(program, "app.py", ".SayHello"), "outcome") == "native"
    program.write("app.py", f"{text}channel._channel.segregated_call(till)\n")
    assert chain(asked(program, "app.py", ".SayHello"), "why")[:2] == [
        "hello.flat.Greeter stays on gRPC",
        "app.py:9  the first cause: `channel._channel` holds hello.flat.Greeter and till.Till on gRPC: "
        "channel._channel has no equivalent",
    ]


def test_what_is_no_reference(program: Program) -> None:
    app(
        program,
        views="from app.clients import get_stub\n\n\nclass RpcError(Exception):\n    pass\n\n\ntry:\n"
        "    stub = get_stub()\nexcept RpcError:\n    pass\nnothing = 1\nchannel = open('x')\n",
    )
    assert asked(program, "app/views.py", "except") == [
        "app/views.py:10:8  `RpcError` is no reference: it is the class RpcError of views.py:4, and nothing of gRPC's"
    ]
    said = asked(program, "app/views.py", "stub = ")
    assert said[0].endswith("`stub` is no reference: it is a stub of hello.flat.Greeter, which is only named here")
    assert chain(said) == ["app/views.py:9  `stub` is `get_stub()`", *FACTORY]
    assert asked(program, "app/views.py", "nothing") == []
    assert asked(program, "app/views.py", "channel")[0].endswith("gives anything of gRPC's")


def test_an_explained_run_finds_what_others_find(program: Program) -> None:
    app(program, views="from app.clients import get_stub\n\n\nget_stub().SayHello(1)\n")
    program.write("server.py", SERVER)
    plain = analyse(Options(program.folder, (program.folder,)))
    told = analyse(Options(program.folder, (program.folder,), explain=(program.folder / "app/views.py", 4)))
    assert told.explained
    assert (told.changes, told.ledger, told.findings) == (plain.changes, plain.ledger, plain.findings)


def test_every_run_says_the_same(tmp_path: Path) -> None:
    program = Program(tmp_path)
    app(program, views="from app.clients import get_stub\n\n\nget_stub().SayHello(1)\n")
    outputs = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-m", "grpc2connect", "explain", "app/views.py:4", "--format", "json"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "G2C_CACHE_DIR": ""},
        )  # fmt: skip
        outputs.add(done.stdout)
    (output,) = outputs
    steps = json.loads(output)["explained"][0]["because"]
    assert [f"{step['path']}:{step['line']}  {step['text']}" for step in steps] == FACTORY


def test_the_sample_in_the_readme_is_what_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(REPOSITORY / "fixtures" / "projects" / "gateway_downstream", folder)
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    sample = re.search(r"```\n\$ grpc2connect explain (\S+)\n(.*?)```", readme, re.DOTALL)
    assert sample is not None
    done = subprocess.run(
        [sys.executable, "-m", "grpc2connect", "explain", sample[1]],
        cwd=folder, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "G2C_CACHE_DIR": ""},
    )  # fmt: skip
    assert done.stdout == sample[2]
