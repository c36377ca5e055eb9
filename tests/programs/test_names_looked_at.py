"""Programs that look at the names of stubs and servicers, or give gRPC's objects attributes: they run as before."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program
from tests.programs.test_mocks import hold

APP = """from concurrent import futures

import grpc

import greeting_pb2
import greeting_pb2_grpc


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return greeting_pb2.HelloReply(message=f"{request.name} {getattr(context, 'user', '')}")

    def helper(self):
        return "help"


class Users(grpc.ServerInterceptor):
    def intercept_service(self, continuation, details):
        handler = continuation(details)

        def behaviour(request, context):
            context.user = "root"
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            behaviour, handler.request_deserializer, handler.response_serializer
        )


def serve(servicer=None, interceptors=()):
    server = grpc.server(futures.ThreadPoolExecutor(2), interceptors=interceptors)
    server.servicer = servicer or Greeter()
    greeting_pb2_grpc.add_GreeterServicer_to_server(server.servicer, server)
    server.bound_address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    return server


def stub_for(address):
    return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel(address))


def hello(stub):
    return stub.SayHello(greeting_pb2.HelloRequest(name="a"), timeout=9).message
"""
HEAD = """import inspect
from unittest.mock import Mock, patch

import grpc

import app
import greeting_pb2
import greeting_pb2_grpc

RPCS = ["SayHello", "SayHelloOften"]
REQUEST = greeting_pb2.HelloRequest(name="a")
"""
TESTS = {
    "attributes of a server": """
def test():
    server = app.serve()
    assert app.hello(app.stub_for(server.bound_address)) == "a "
    assert server.servicer.SayHello(REQUEST, None).message == "a "
    server.stop(None)
""",
    "attributes of a context": """
def test():
    server = app.serve(interceptors=[app.Users()])
    assert app.hello(app.stub_for(server.bound_address)) == "a root"
    server.stop(None)
""",
    "attributes of a channel": """
def test():
    channel = grpc.insecure_channel("localhost:1")
    channel.target_name = "here"
    assert channel.target_name == "here"
    greeting_pb2_grpc.GreeterStub(channel)
    channel.close()
""",
    "all methods of a stub are wrapped": """
def wrap(stub, seen):
    def counting(name, method):
        return lambda *arguments, **options: seen.append(name) or method(*arguments, **options)

    for name in vars(stub):
        method = getattr(stub, name)
        if callable(method):
            setattr(stub, name, counting(name, method))


def test():
    server, seen = app.serve(), []
    stub = app.stub_for(server.bound_address)
    stub.label = "mine"
    assert sorted(vars(stub)) == ["SayHello", "SayHelloOften", "label"]
    assert [name for name in dir(stub) if not name.startswith("_")] == ["SayHello", "SayHelloOften", "label"]
    assert "SayHello" in vars(stub) and vars(stub).get("label") == "mine"
    wrap(stub, seen)
    assert app.hello(stub) == "a " and seen == ["SayHello"]
    server.stop(None)
""",
    "all methods of a servicer": """
def test():
    servicer = app.Greeter()
    assert [name for name in dir(app.Greeter) if name[0].isupper()] == RPCS
    assert [name for name, _ in inspect.getmembers(app.Greeter, inspect.isfunction) if name[0] != "_"] == [
        *RPCS, "helper"
    ]
    assert [name for name, _ in inspect.getmembers(servicer, inspect.ismethod) if name[0] != "_"] == [*RPCS, "helper"]
    assert sorted(name for name in vars(app.Greeter) if name[0] != "_") == ["SayHello", "helper"]
    for name in ["SayHello", "helper", "nothing", "say" + "_hello"]:
        assert hasattr(servicer, name) is (name in ("SayHello", "helper"))
        if name == "SayHello":
            assert list(inspect.signature(getattr(app.Greeter, name)).parameters) == ["self", "request", "context"]
            assert getattr(servicer, name)(REQUEST, None).message == "a "
            assert getattr(servicer, name) == servicer.SayHello
    assert getattr(servicer, "nothing" + "s", 3) == 3
""",
    "handlers that are replaced by a text": """
@patch("app.Greeter.SayHello", lambda self, request, context: greeting_pb2.HelloReply(message="fake"))
def test():
    server = app.serve()
    assert app.hello(app.stub_for(server.bound_address)) == "fake"
    server.stop(None)


def test_another(monkeypatch):
    monkeypatch.setattr("app.Greeter.SayHello", lambda self, request, context: 3)
    assert app.Greeter().SayHello(REQUEST, None) == 3
    with patch("app.Greeter.helper", return_value=4):
        assert app.Greeter().helper() == 4
""",
    "attributes that hold RPCs": """
class Asks:
    def __init__(self, address, stub):
        self.address, self.ask = address, stub.SayHello
        self.SayHello = stub.SayHello

    def twice(self):
        return self.ask(REQUEST, timeout=9).message + self.SayHello(REQUEST, timeout=9).message


def test():
    server = app.serve()
    asks = Asks(server.bound_address, app.stub_for(server.bound_address))
    assert asks.twice() == "a a "
    assert asks.ask.with_call(REQUEST)[1].code() == grpc.StatusCode.OK
    assert asks.address == server.bound_address
    server.stop(None)
""",
    "handlers that are replaced by their names": """
def test(monkeypatch):
    servicer = app.Greeter()
    with patch.object(servicer, "SayHello", return_value=greeting_pb2.HelloReply(message="fake")) as fake:
        server = app.serve(servicer)
        assert app.hello(app.stub_for(server.bound_address)) == "fake"
        server.stop(None)
    assert fake.call_count == 1
    assert servicer.SayHello(REQUEST, None).message == "a "
    with patch.object(app.Greeter, "SayHello", Mock(return_value=3)):
        assert servicer.SayHello(REQUEST, None) == 3
    assert app.Greeter().SayHello(REQUEST, None).message == "a "
    monkeypatch.setattr(servicer, "SayHello", lambda request, context: 4)
    assert servicer.SayHello(REQUEST, None) == 4
""",
    "a generated servicer": """
class Other:
    def SayHello(self, request, context):
        pass


def test():
    members = inspect.getmembers(greeting_pb2_grpc.GreeterServicer)
    assert [name for name, member in members if inspect.isfunction(member) and name[0] != "_"] == RPCS
    assert [name for name in vars(greeting_pb2_grpc.GreeterServicer) if name[0] != "_"] == RPCS
    assert isinstance(app.Greeter(), greeting_pb2_grpc.GreeterServicer)
    assert not isinstance(Other(), (greeting_pb2_grpc.GreeterServicer, int))
    assert issubclass(app.Greeter, greeting_pb2_grpc.GreeterServicer) and not issubclass(
        Other, greeting_pb2_grpc.GreeterServicer
    )
""",
    "a generated servicer that a function checks": """
def check(thing, kind, name="thing"):
    if not isinstance(thing, kind):
        raise TypeError(f"{name} must be {kind.__name__}: {kind}")


def test():
    check(app.Greeter(), greeting_pb2_grpc.GreeterServicer)
    try:
        check(3, kind=greeting_pb2_grpc.GreeterServicer)
    except TypeError as error:
        assert "must be GreeterServicer" in str(error)
    else:
        raise AssertionError
""",
    "a registration by a name that is put together": """
import sys

SERVICERS = ["GreeterServicer"]


class GreeterServicer(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return greeting_pb2.HelloReply(message="put together")


def test():
    server = grpc.server(app.futures.ThreadPoolExecutor(2))
    for name in SERVICERS:
        add = getattr(greeting_pb2_grpc, "add_{0}_to_server".format(name))
        add(getattr(sys.modules[__name__], name)(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert app.hello(app.stub_for(f"127.0.0.1:{port}")) == "put together"
    server.stop(None)
""",
    "a class in a tuple beside a stub's": """
class Plugin:
    def __init__(self, address, ask):
        self.address, self.ask = address, ask


def choose(kind):
    kinds = {"greeter": (Plugin, greeting_pb2_grpc.GreeterStub)}
    return kinds[kind]


def test():
    server = app.serve()
    plugin_class, stub_class = choose("greeter")
    stub = stub_class(grpc.insecure_channel(server.bound_address))
    plugin = plugin_class(address="b:2", ask=stub.SayHello)
    assert plugin.address == "b:2" and plugin.ask(REQUEST).message == "a "
    server.stop(None)
""",
}
LEFT = {
    "a private attribute of a server": ("server = app.serve()\nserver._state = 1\n", "G2C302"),
    "an attribute that the runtime's server has": ("server = app.serve()\nserver.app = 1\n", "G2C302"),
    "a private attribute that is read": ("print(app.serve()._cy_server)\n", "G2C302"),
    "a dict of attributes that is kept": ('kept = vars(app.stub_for("a:1"))\nkept["SayHello"] = print\n', "G2C504"),
    "a generated servicer that is derived from by a call": (
        'type("Other", (greeting_pb2_grpc.GreeterServicer,), {})\n',
        "G2C803",
    ),
    "a generated servicer that a function keeps": (
        "kept = []\n\n\ndef keep(kind):\n    kept.append(kind)\n\n\nkeep(greeting_pb2_grpc.GreeterServicer)\n",
        "G2C803",
    ),
    "a mock that is made like a servicer": ("Mock(spec=greeting_pb2_grpc.GreeterServicer)\n", "G2C803"),
    "a class's handler that pytest replaces": (
        'def test(monkeypatch):\n    monkeypatch.setattr(app.Greeter, "SayHello", print)\n',
        "G2C504",
    ),
}


@pytest.mark.parametrize("name", TESTS)
def test_programs_run_as_before(program: Program, name: str) -> None:
    program.write("app.py", APP)
    program.write("test_client.py", HEAD + TESTS[name])
    hold(program.folder)
    result = program.migrate()
    left = [one for one in result.ledger if one.state is State.LEFT and one.kind != "Import"]
    assert left == []
    hold(program.folder)
    assert [change.path.name for change in program.run().changes] == []


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_answer_otherwise_keeps_the_service(program: Program, name: str) -> None:
    text, code = LEFT[name]
    program.write("app.py", APP)
    program.write("test_client.py", HEAD + text)
    result = program.migrate()
    assert program.text("app.py") == APP
    assert code in {finding.code for finding in result.findings}


def test_what_only_looks_like_it_is_not_touched(program: Program) -> None:
    program.write("app.py", APP)
    text = (
        "import inspect\n\nimport app\n\n\nclass Box:\n    SayHello = 1\n\n\ndef look(thing, name):\n"
        "    box = Box()\n    box.bound_address = vars(thing)\n"
        "    return getattr(box, name), dir(Box), inspect.getmembers(box), vars(box), app\n"
    )
    program.write("test_client.py", text)
    program.migrate()
    assert program.text("test_client.py") == text
    assert "GreeterSync" in program.text("app.py")


def test_a_package_that_several_imports_bind_is_one(program: Program) -> None:
    for name in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        text = program.text(name).replace("import greeting_pb2", "from api import greeting_pb2")
        program.write(f"api/{name}", text)
        (program.folder / name).unlink()
    program.write("api/__init__.py", "")
    before = (
        "import api.greeting_pb2\nimport api.greeting_pb2_grpc\nimport grpc\nfrom qtpy import QtWidgets\n\n\n"
        "def ask(target):\n    stub = api.greeting_pb2_grpc.GreeterStub(grpc.insecure_channel(target))\n"
        "    return stub.SayHello(api.greeting_pb2.HelloRequest()), QtWidgets.Box.SayHello\n"
    )
    program.write("client.py", before)
    program.migrate()
    moved = program.text("client.py")
    assert "stub.say_hello(api.greeting_pb2.HelloRequest()), QtWidgets.Box.SayHello" in moved
    assert "import grpc" not in moved and "pb2_grpc" not in moved
