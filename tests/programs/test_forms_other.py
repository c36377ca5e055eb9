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
    "gRPC itself, which a star import of a generated module brings along": (
        {"again.py": "from greeting_pb2_grpc import *\n\n\ndef again(method):\n    try:\n        return method(None)\n"
         "    except grpc.RpcError as e:\n        print(e.code() == grpc.StatusCode.UNAVAILABLE)\n\n\n"
         "again(GreeterStub(grpc.insecure_channel('a:1')).SayHello)\n"},
        {"again.py": "    except ConnectError as e:\n        print(e.code == Code.UNAVAILABLE)"},
    ),
    "gRPC itself, as a generated module has it": (
        {"app.py": "import greeting_pb2_grpc as rpc\n\ntry:\n"
         "    rpc.GreeterStub(rpc.grpc.insecure_channel('a:1')).SayHello(None)\n"
         "except rpc.grpc.RpcError as e:\n    print(e.details())\n"},
        {"app.py": "except ConnectError as e:\n    print(e.message)"},
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
    "an object of a library": (
        {"app.py": HEAD + "import other\n\n" + MADE + "other.make().SayHello(None)\nstub.SayHello(None)\n"},
        {"app.py": 'stub_method(other.make(), "SayHello", "say_hello", unary_unary)(None)\nstub.say_hello(None)'},
    ),
    "a future of an unknown object": (
        {"app.py": HEAD + "import other\n\n" + MADE + "other.make().SayHello.future(None)\n"},
        {"app.py": 'stub_method(other.make(), "SayHello", "say_hello", unary_unary).future(None)'},
    ),
    "a channel of a library": (
        {"app.py": HEAD + "import other\n\nstub = rpc.GreeterStub(other.channel())\nstub.SayHello(None)\n"},
        {"app.py": "stub = client_on("
         "other.channel(), greeting_connect.GreeterClientSync, greeting_connect.GreeterClient)\n"
         "unary_unary(stub.say_hello)(None)"},
    ),
    "a channel that a library's users hand over": (
        {"app.py": HEAD + "class Client:\n    def __init__(self, channel):\n"
         "        self.stub = rpc.GreeterStub(channel=channel)\n\n"
         "    async def ask(self):\n        return await self.stub.SayHello(None, timeout=2)\n"},
        {"app.py": "        self.stub = client_on(channel, "
         "greeting_connect.GreeterClientSync, greeting_connect.GreeterClient)\n"
         "        return await self.stub.say_hello(None, timeout_ms=2000)"},
    ),
    "a server of a library": (
        {"app.py": HEAD + "class Greeter(rpc.GreeterServicer):\n" + HANDLER
         + "\n\ndef register(server):\n    rpc.add_GreeterServicer_to_server(Greeter(), server)\n"},
        {"app.py": "    add_service_to(server, greeting_connect.GreeterASGIApplication, Greeter())"},
    ),
    "a server in a namespace package that is called as gRPC's": (
        {"acme/__init__.py": "", "acme/ext/grpc/__init__.py": "from acme.ext.grpc.app import App\n",
         "acme/ext/grpc/app.py": HEAD + "class Greeter(rpc.GreeterServicer):\n" + HANDLER
         + "\n\nclass App:\n    def __init__(self):\n        self._server = grpc.server(None)\n"
         "        rpc.add_GreeterServicer_to_server(Greeter(), self._server)\n"},
        {"acme/ext/grpc/app.py": "        self._server.add_service("
         "greeting_connect.GreeterASGIApplication, Greeter())"},
    ),
    "a method by a name that is computed": (
        {"app.py": HEAD + "import sys\n\n" + MADE + "getattr(stub, sys.argv[1])(None, timeout=3)\n"},
        {"app.py": "getattr(stub, sys.argv[1])(None, timeout=3)"},
    ),
    "a generated module that goes as a value": (
        {"app.py": HEAD + "from build import build, named\n\nbuild(rpc).SayHello(None)\n"
         "named(rpc, 'GreeterStub').SayHello(None)\n",
         "build.py": "import grpc\n\n\ndef build(module):\n"
         "    return module.GreeterStub(grpc.insecure_channel('a:1'))\n\n\n"
         "def named(module, name):\n    return getattr(module, name)(grpc.insecure_channel('a:1'))\n"},
        {"app.py": "build(generated_names(greeting_connect)).say_hello(None)",
         "build.py": "    return insecure_channel('a:1').client(module.GreeterStub)\n"
         "    return insecure_channel('a:1').client(getattr(module, name))"},
    ),
    "a proxy": (
        {"app.py": HEAD + "class Proxy:\n    def __init__(self, target):\n"
         "        self.stub = rpc.GreeterStub(grpc.insecure_channel(target))\n\n"
         "    def __getattr__(self, name):\n        return getattr(self.__dict__['stub'], name)\n\n\n"
         "def ask(target):\n    return Proxy(target).SayHello(None)\n"},
        {"app.py": '    return stub_method(Proxy(target), "SayHello", "say_hello", unary_unary)(None)'},
    ),
    "a stub class or a fake": (
        {"app.py": HEAD + "class Fake:\n    def __init__(self, channel):\n        pass\n\n\ndef make(cls):\n"
         "    return cls(grpc.insecure_channel('a:1'))\n\n\nmake(rpc.GreeterStub)\nmake(Fake)\n"},
        {"app.py": "    return client_on(insecure_channel('a:1'), cls)\nmake(Fake)"},
    ),
    "a registration that is computed": (
        {"app.py": HEAD + "class Greeter(rpc.GreeterServicer):\n" + HANDLER + "\n\ndef add(server, name):\n"
         "    getattr(rpc, 'add_{}Servicer_to_server'.format(name))(Greeter(), server)\n"},
        {"app.py": "    add_service_to(server, getattr(generated_names(greeting_connect), "
         "'add_{}Servicer_to_server'.format(name)), Greeter())"},
    ),
    "a servicer that derives from a class whose name is bound elsewhere": (
        {"app.py": HEAD + "NAME = 'GreeterServicer'\n\n\nclass Greeter(getattr(rpc, NAME)):\n" + HANDLER
         + "\n\ndef add(server):\n    rpc.add_GreeterServicer_to_server(Greeter(), server)\n"},
        {"app.py": "class Greeter(getattr(generated_names(greeting_connect), NAME)):"},
    ),
    "both colours of stub from one class": (
        {"app.py": HEAD + "STUBS = [rpc.GreeterStub]\nfor cls in STUBS:\n    cls(grpc.insecure_channel('a:1'))\n"
         "    cls(grpc.aio.insecure_channel('a:1'))\n"},
        {"app.py": "    insecure_channel('a:1').client(cls)\n    aio_insecure_channel('a:1').client(cls)"},
    ),
    "channels that are keys": (
        {"app.py": HEAD + "import threading\n\n" + MADE + "stub.SayHello(None)\n\n\nclass Pool:\n"
         "    def __init__(self):\n        self.retired: dict[grpc.Channel, threading.Timer] = {}\n\n"
         "    def close(self):\n        for channel, timer in self.retired.items():\n"
         "            timer.cancel()\n            channel.close()\n"},
        {"app.py": "        self.retired: dict[Channel, threading.Timer] = {}\n            timer.cancel()"},
    ),
    "a stub class whose channel a library's users hand over": (
        {"app.py": HEAD + "STUBS = {'greeter': rpc.GreeterStub}\n\n\ndef ask(name, channel):\n"
         "    return STUBS[name](channel).SayHello(None)\n"},
        {"app.py": "STUBS = {'greeter': "
         "stub_class(greeting_connect.GreeterClientSync, greeting_connect.GreeterClient)}\n"
         "    return unary_unary(client_on(channel, STUBS[name]).say_hello)(None)"},
    ),
    "a channel of a factory, with a service that moves beside it": (
        {"app.py": HEAD + "import other\n\n" + MADE + "stub.SayHello(None)\n\n\ndef dial(target):\n"
         "    return other.wrapped(grpc.insecure_channel(target))\n"},
        {"app.py": "    return other.wrapped(insecure_channel(target))"},
    ),
    "a method by a literal name": (
        {"app.py": HEAD + MADE + "if hasattr(stub, 'SayHello'):\n    getattr(stub, 'SayHello')(None, timeout=3)\n"},
        {"app.py": 'if hasattr(stub, "say_hello"):\n    unary_unary(stub.say_hello)(None, timeout=3)'},
    ),
}  # fmt: skip


BROUGHT = "gRPC itself, which a star import of a generated module brings along"
PASSED_ON = ("a re-export", "a star import", BROUGHT)


@pytest.mark.parametrize("name", MOVES)
def test_moves(program: Program, name: str) -> None:
    files, wanted = MOVES[name]
    check_form(program, files, wanted, passed_on=name in PASSED_ON)


STAYS = {
    "methods by names that are computed": (MADE + "import sys\n\nvars(stub)[sys.argv[1]](None)\n", "G2C504"),
    "a generated module of a module that goes as a value": (
        "import other\nimport app as itself\n\n" + MADE + "same = itself\n"
        "same.rpc.GreeterStub(grpc.insecure_channel('a:1')).SayHello(None)\n", "G2C803",
    ),
    "a generated module that a library takes": (
        "import other\n\n" + MADE + "stub.SayHello(None)\nother.build(rpc)\n", "G2C803",
    ),
    "a class that derives from one whose name is bound elsewhere, and is no servicer's": (
        "NAME = 'GreeterStub'\n\n\nclass Own(getattr(rpc, NAME)):\n    pass\n\n\n"
        "Own(grpc.insecure_channel('a:1')).SayHello(None)\n", "G2C803",
    ),
    "a patch by the name of an import": (
        "from unittest import mock\n\n" + MADE + "with mock.patch('app.GreeterStub'):\n    stub.SayHello(None)\n",
        "G2C504",
    ),
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
