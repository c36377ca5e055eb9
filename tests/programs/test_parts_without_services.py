"""Parts of a program without any service move as one, or stay as one."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program

ASK = (
    "import grpc\n\n\n"
    "def ask(target):\n"
    "    with grpc.insecure_channel(target) as channel:\n"
    "        try:\n"
    '            return channel.unary_unary("/a.B/C")(b"")\n'
    "        except grpc.RpcError as error:\n"
    "            return error.code() == grpc.StatusCode.NOT_FOUND\n"
)


def states(program: Program) -> set[State]:
    """How the references of the program end."""
    return {entry.state for entry in program.run().ledger}


def test_a_part_of_which_all_is_known_moves(program: Program) -> None:
    program.write("ask.py", ASK)
    program.write("main.py", "import ask\n\nprint(ask.ask('localhost:1'))\n")
    assert State.LEFT not in states(program)
    program.migrate()
    assert "calls_on(channel).unary_unary(" in program.text("ask.py")
    assert "grpc." not in program.text("ask.py")


@pytest.mark.parametrize(
    "other",
    [
        "import ask\nfrom grpc._cython import cygrpc\n\nprint(cygrpc.StatusCode.ok, ask)\n",
        "import ask\nimport grpc\nimport library\n\nprint(ask)\nlibrary.Client(grpc.insecure_channel('localhost:1'))\n",
        "import ask\nimport grpc\n\nprint(ask)\n\n\ndef dial(target):\n    return grpc.insecure_channel(target)\n",
        "import ask\nimport unknown_pb2_grpc\nimport grpc\n\nprint(ask)\n"
        "print(unknown_pb2_grpc.UnknownStub(grpc.insecure_channel('localhost:1')))\n",
    ],
    ids=["private names", "handed to a library", "a channel that nothing uses", "unknown stubs"],
)
def test_a_part_of_which_something_stays_stays_whole(program: Program, other: str) -> None:
    program.write("ask.py", ASK)
    program.write("other.py", other)
    assert states(program) == {State.LEFT}
    program.migrate()
    assert program.text("ask.py") == ASK


def test_parts_that_no_import_connects_share_nothing(program: Program) -> None:
    program.write("ask.py", ASK)
    program.write("other.py", "from grpc._cython import cygrpc\n\nprint(cygrpc.StatusCode.ok)\n")
    program.migrate()
    assert "calls_on(channel)" in program.text("ask.py")


def test_calls_by_path_keep_grpcio_s_kinds_where_a_service_stays(program: Program) -> None:
    program.write("ask.py", ASK)
    program.write(
        "main.py",
        "import ask\nimport grpc\nimport greeting_pb2_grpc\n\n"
        "stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('localhost:1'))\n"
        "vars(stub)\nprint(ask, stub)\n",
    )
    program.migrate()
    assert "calls_on" not in program.text("ask.py")
    assert "except grpc.RpcError" in program.text("ask.py")


def test_calls_by_path_have_the_kinds_of_the_codes_around_them(program: Program) -> None:
    moves = (
        "import ask\nimport grpc\nimport greeting_pb2_grpc\n\n"
        "print(greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('localhost:1')).SayHello(None), ask)\n"
    )
    program.write("ask.py", ASK)
    program.write("main.py", moves)
    program.write("other.py", "import ask\nimport grpc\nfrom grpc._cython import cygrpc\nprint(cygrpc.StatusCode.ok)\n")
    program.migrate()
    assert "with insecure_channel(target)" in program.text("ask.py")
    assert "grpc.StatusCode.NOT_FOUND" in program.text("ask.py")
    assert "calls_on" not in program.text("ask.py")


def test_a_class_that_only_looks_like_a_channel_stays(program: Program) -> None:
    program.write(
        "fake.py",
        "class Channel:\n    def unary_unary(self, method):\n        return method\n\n\n"
        'print(Channel().unary_unary("/a.B/C"))\n',
    )
    program.write("ask.py", ASK + "\n\nimport fake\nprint(fake)\n")
    program.migrate()
    assert 'print(Channel().unary_unary("/a.B/C"))' in program.text("fake.py")


def test_a_channel_or_its_fake(program: Program) -> None:
    program.write(
        "ask.py",
        "import grpc\n\n\n"
        "class Fake:\n    def unary_unary(self, method):\n        return method\n\n\n"
        "def ask(channel):\n"
        '    return channel.unary_unary("/a.B/C")\n\n\n'
        "ask(Fake())\n"
        "ask(grpc.insecure_channel('localhost:1'))\n",
    )
    program.migrate()
    assert 'return channel.unary_unary("/a.B/C")' in program.text("ask.py")
    assert "ask(insecure_channel(" in program.text("ask.py")


def test_a_static_method_that_is_not_called_at_once_stays(program: Program) -> None:
    text = "import greeting_pb2_grpc\n\nask = greeting_pb2_grpc.Greeter.SayHello\nprint(ask(None, 'localhost:1'))\n"
    program.write("ask.py", text)
    program.migrate()
    assert program.text("ask.py") == text


def test_a_class_of_the_service_s_name_is_no_experimental_api(program: Program) -> None:
    text = "from own import Greeter\n\nprint(Greeter.SayHello(None, 'localhost:1'))\n"
    program.write("own.py", "class Greeter:\n    @staticmethod\n    def SayHello(one, two):\n        return one\n")
    program.write("ask.py", text)
    program.migrate()
    assert program.text("ask.py") == text


def test_a_handler_is_wrapped(program: Program) -> None:
    program.write(
        "serve.py",
        "import grpc\nfrom grpc.experimental import wrap_server_method_handler\nfrom concurrent import futures\n\n\n"
        "def handle(request, context):\n    return request\n\n\n"
        "handler = wrap_server_method_handler(print, grpc.unary_unary_rpc_method_handler(handle))\n"
        "server = grpc.server(futures.ThreadPoolExecutor())\n"
        "server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler('a.B', {'C': handler}),))\n"
        "server.start()\n",
    )
    assert State.LEFT not in states(program)
    program.migrate()
    assert "from grpc2connect_runtime import" in program.text("serve.py")
    assert "import grpc\n" not in program.text("serve.py")


@pytest.mark.parametrize("base", ["GreeterServicer", "Greeter"], ids=["servicer", "class of static methods"])
def test_a_servicer_of_which_only_an_annotation_tells_is_called_as_one(program: Program, base: str) -> None:
    program.write(
        "app.py",
        "import greeting_pb2_grpc\n\n\n"
        "class Loud:\n"
        f"    def __init__(self, inner: greeting_pb2_grpc.{base}):\n        self.inner = inner\n\n"
        "    def greet(self, request):\n        return self.inner.SayHello(request, None)\n",
    )
    program.migrate()
    assert "self.inner.say_hello(request, None)" in program.text("app.py")
    assert "inner: greeting_connect.GreeterSync)" in program.text("app.py")


def test_a_class_that_keeps_some_static_methods_is_no_servicer(program: Program) -> None:
    text = (
        "import greeting_pb2_grpc\n\n\n"
        "class Half(greeting_pb2_grpc.Greeter):\n"
        "    def SayHelloOften(self, request, context):\n        yield request\n"
    )
    program.write("app.py", text)
    program.migrate()
    assert program.text("app.py") == text


def test_an_assertion_about_a_server_is_not_asked_about(program: Program) -> None:
    program.write(
        "test_app.py",
        "import unittest\nfrom concurrent import futures\n\nimport grpc\nimport greeting_pb2_grpc\n\n\n"
        "class Test(unittest.TestCase):\n    def test(self):\n"
        "        server = grpc.server(futures.ThreadPoolExecutor())\n"
        "        self.assertIsNotNone(server)\n"
        "        greeting_pb2_grpc.add_GreeterServicer_to_server(greeting_pb2_grpc.GreeterServicer(), server)\n",
    )
    assert "G2C505" not in {finding.code for finding in program.run().findings}


def test_the_fields_of_call_details_that_are_made_are_the_runtime_s(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\nimport greeting_pb2_grpc\n\n\n"
        "def details(method):\n    return grpc.aio.ClientCallDetails(method, None, None, None, None)\n\n\n"
        "def path(channel: grpc.aio.Channel):\n    stub = greeting_pb2_grpc.GreeterStub(channel)\n"
        "    return stub, details('/a/B').method.upper()\n",
    )
    assert State.LEFT not in states(program)


def test_a_code_of_grpc_status_that_is_compared_stays(program: Program) -> None:
    text = (
        "import grpc\nimport greeting_pb2_grpc\nfrom grpc_status import rpc_status\n\n\n"
        "class Greeter(greeting_pb2_grpc.GreeterServicer):\n"
        "    def SayHello(self, request, context):\n        status = rpc_status.to_status(request)\n"
        "        if status.code == grpc.StatusCode.OK:\n            context.abort_with_status(status)\n"
        "        return request\n"
    )
    program.write("app.py", text)
    program.migrate()
    assert program.text("app.py") == text


def test_a_class_takes_the_place_of_the_one_that_a_star_brings(program: Program) -> None:
    program.write(
        "own.py",
        "from greeting_pb2 import *\nfrom greeting_pb2_grpc import *\n\n\n"
        "class Greeter:\n    def __init__(self, channel):\n        self.stub = GreeterStub(channel)\n\n"
        "    def greet(self):\n        return self.stub.SayHello(HelloRequest())\n",
    )
    program.write(
        "app.py",
        "import grpc\nimport own\n\n\ndef made(cls, address):\n    return cls(grpc.insecure_channel(address))\n\n\n"
        'print(made(own.Greeter, "localhost:1").greet())\n',
    )
    assert State.LEFT not in {entry.state for entry in program.run().ledger if entry.behaviour}
    program.migrate()
    assert "return cls(insecure_channel(address))" in program.text("app.py")
