"""Imports of every form, bases and overrides, errors behind broad clauses, names in strings, and look-alikes."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Files, Program, check_form, check_stays

HEAD = "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n\n"
MADE = "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
USE = "GreeterStub(grpc.insecure_channel('a:1')).SayHello(None)\n"
USED = "insecure_channel('a:1').client({}GreeterClientSync).say_hello(None)"
SERVER = "server = grpc.server(None)\nrpc.add_GreeterServicer_to_server(Greeter(), server)\n"
HANDLER = "    def SayHello(self, request, context):\n        return request\n"

MOVES: dict[str, tuple[Files, Files]] = {
    "an alias": (
        {"app.py": "import grpc as g\nfrom greeting_pb2_grpc import GreeterStub as Stub\n\n"
         "Stub(g.insecure_channel('a:1')).SayHello(None)\n"},
        {"app.py": USED.format("")},
    ),
    "a re-export": (
        {"api/__init__.py": "from greeting_pb2_grpc import GreeterStub\n\n__all__ = ['GreeterStub']\n",
         "app.py": "import grpc\nimport api\n\napi." + USE},
        {"app.py": USED.format("")},
    ),
    "a star import": (
        {"app.py": "import grpc\nfrom greeting_pb2_grpc import *\n\n" + USE},
        {"app.py": USED.format("")},
    ),
    "an import in a function": (
        {"app.py": "def ask():\n    import grpc\n    from greeting_pb2_grpc import GreeterStub\n\n    return " + USE},
        {"app.py": "    return " + USED.format("")},
    ),
    "names for type checkers": (
        {"app.py": "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nimport made\n\n"
         "if TYPE_CHECKING:\n    from greeting_pb2_grpc import GreeterStub\n\n\n"
         "def ask(stub: GreeterStub):\n    return stub.SayHello(None)\n\n\nask(made.stub)\n",
         "made.py": HEAD + MADE},
        {"app.py": "    from greeting_connect import GreeterClientSync\ndef ask(stub: GreeterClientSync):"},
    ),
    "a namespace package under src": (
        {"src/acme/clients/made.py": HEAD + MADE,
         "src/acme/app.py": "from acme.clients.made import stub\n\nstub.SayHello(None)\n"},
        {"src/acme/app.py": "stub.say_hello(None)"},
    ),
    "two source roots": (
        {"one/src/made_one.py": HEAD + MADE, "two/app.py": HEAD + MADE + "stub.SayHello(None)\n"},
        {"two/app.py": "stub.say_hello(None)"},
    ),
    "a base of another module, without Servicer in its name": (
        {"bases.py": "import greeting_pb2_grpc as rpc\n\n\nclass Service(rpc.GreeterServicer):\n    pass\n",
         "app.py": HEAD + "from bases import Service\n\n\nclass Greeter(Service):\n" + HANDLER + "\n\n" + SERVER},
        {"app.py": "    def say_hello(self, request, context):"},
    ),
    "a handler from a mixin": (
        {"mixins.py": "class Hello:\n" + HANDLER,
         "app.py": HEAD + "from mixins import Hello\n\n\n"
         "class Greeter(Hello, rpc.GreeterServicer):\n    pass\n\n\n" + SERVER},
        {"mixins.py": "    def say_hello(self, request, context):"},
    ),
    "a stub that a subclass makes": (
        {"app.py": HEAD + "class Base:\n    def make(self):\n        raise NotImplementedError\n\n    def ask(self):\n"
         "        return self.make().SayHello(None)\n\n\nclass Client(Base):\n    def make(self):\n"
         "        return rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"},
        {"app.py": "        return self.make().say_hello(None)"},
    ),
    "a stub that a subclass sets": (
        {"app.py": HEAD + "class Base:\n    def ask(self):\n        return self.stub.SayHello(None)\n\n\n"
         "class Client(Base):\n    def __init__(self):\n"
         "        self.stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"},
        {"app.py": "        return self.stub.say_hello(None)"},
    ),
    "fixtures of conftest": (
        {"conftest.py": HEAD.replace("import grpc\n", "import grpc\nimport pytest\n")
         + "@pytest.fixture\ndef channel():\n    with grpc.insecure_channel('a:1') as channel:\n"
         "        yield channel\n\n\n"
         "@pytest.fixture\ndef stub(channel):\n    return rpc.GreeterStub(channel)\n",
         "test_app.py": "def test_hello(stub):\n    stub.SayHello(None)\n"},
        {"test_app.py": "    stub.say_hello(None)",
         "conftest.py": "    return channel.client(greeting_connect.GreeterClientSync)"},
    ),
    "an async fixture": (
        {"test_app.py": HEAD + "import pytest_asyncio\n\n\n@pytest_asyncio.fixture\nasync def stub():\n"
         "    async with grpc.aio.insecure_channel('a:1') as channel:\n        yield rpc.GreeterStub(channel)\n\n\n"
         "async def test_hello(stub):\n    await stub.SayHello(None)\n"},
        {"test_app.py": "    await stub.say_hello(None)"},
    ),
    "an error behind a broad clause": (
        {"app.py": HEAD + MADE + "try:\n    stub.SayHello(None)\nexcept Exception as e:\n"
         "    if isinstance(e, grpc.RpcError) and e.code() == grpc.StatusCode.NOT_FOUND:\n        raise\n"
         "    if hasattr(e, 'details'):\n        print(e.details())\n"},
        {"app.py": "    if isinstance(e, ConnectError) and e.code == Code.NOT_FOUND:\n"
         "        print(rpc_error(e).details())"},
    ),
    "an error that is a parameter": (
        {"app.py": HEAD + MADE + "\n\ndef text(e):\n    if isinstance(e, grpc.RpcError):\n        return e.details()\n"
         "    return str(e)\n\n\nstub.SayHello(None)\n"},
        {"app.py": "        return e.message"},
    ),
    "a method by a literal name": (
        {"app.py": HEAD + MADE + "if hasattr(stub, 'SayHello'):\n    getattr(stub, 'SayHello')(None, timeout=3)\n"},
        {"app.py": 'if hasattr(stub, "say_hello"):\n    unary_unary(stub.say_hello)(None, timeout=3)'},
    ),
}  # fmt: skip


PASSED_ON = ("a re-export", "a star import")


@pytest.mark.parametrize("name", MOVES)
def test_moves(program: Program, name: str) -> None:
    files, wanted = MOVES[name]
    check_form(program, files, wanted, passed_on=name in PASSED_ON)


STAYS = {
    "a method by a name that is computed": (MADE + "import sys\n\nvars(stub)[sys.argv[1]](None)\n", "G2C504"),
    "a patch by the name of an import": (
        "from unittest import mock\n\n" + MADE + "with mock.patch('app.GreeterStub'):\n    stub.SayHello(None)\n",
        "G2C504",
    ),
    "an object of a library": ("import other\n\n" + MADE + "other.make().SayHello(None)\n", "G2C503"),
    "a channel of a library": ("import other\n\nstub = rpc.GreeterStub(other.channel())\n", "G2C403"),
}  # fmt: skip


@pytest.mark.parametrize("name", STAYS)
def test_stays(program: Program, name: str) -> None:
    body, code = STAYS[name]
    check_stays(program, {"app.py": HEAD + body}, code)


@pytest.mark.parametrize(
    "line",
    [
        "threading.SayHello",
        "threading.Lock().SayHello",
        "typing.SayHello",
        "greeting_pb2.SayHello",
        "'text'.SayHello",
        "[].SayHello",
        "int('3').SayHello",
        "number.SayHello",
        "names.SayHello",
        "lock = threading.Lock(); lock.SayHello",
        "Own.SayHello",
    ],
)
def test_what_is_no_stub_counts_for_nothing(program: Program, line: str) -> None:
    program.write(
        "app.py",
        HEAD.replace("import grpc\n", "import threading\nimport typing\n\nimport grpc\n")
        + f"{MADE}\n\nclass Own:\n    SayHello = 1\n\n\ndef ask(number: int, names: list[str] | None):\n    {line}\n"
        "    return stub.SayHello(None)\n",
    )
    program.migrate()
    text = program.text("app.py")
    assert line in text
    assert "    return stub.say_hello(None)" in text


def test_an_error_that_is_surely_not_grpc_s_is_left_alone(program: Program) -> None:
    program.write(
        "app.py",
        HEAD + MADE + "try:\n    stub.SayHello(None)\nexcept KeyError as e:\n    print(e.code())\n"
        "except Exception as e:\n    print(e.code, e.details(1))\n",
    )
    program.migrate()
    text = program.text("app.py")
    assert "    print(e.code())\n" in text
    assert "    print(e.code, e.details(1))\n" in text


def test_a_context_that_is_rebound_is_no_context(program: Program) -> None:
    program.write(
        "app.py",
        HEAD + "class Greeter(rpc.GreeterServicer):\n    def SayHello(self, request, context):\n"
        "        context = {'request': request}\n        context.rollback()\n        return request\n\n\n" + SERVER,
    )
    program.migrate()
    assert "        context.rollback()\n" in program.text("app.py")
    assert "    def say_hello(self, request, context):\n" in program.text("app.py")
