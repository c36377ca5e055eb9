"""Calls that may reach something else than a stub stay as they are written, where all stubs have the names of RPCs."""

from __future__ import annotations

from tests.programs.conftest import Program

HEAD = "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n\n"

PLAIN = "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
NAMED = "stub = by_rpc_names(insecure_channel('a:1').client(greeting_connect.GreeterClientSync))"
UNNAMED = "stub = insecure_channel('a:1').client(greeting_connect.GreeterClientSync)"
FAKED = 'from unittest import mock\n\nimport app\n\napp.stub.SayHello = mock.Mock(return_value="hello")\n'
ASKS = 'stub_method(stub, "SayHello", "say_hello", unary_unary)'


def moved(program: Program, text: str, *, test: str = FAKED) -> str:
    """What becomes of a module that a test reaches into, once and for all."""
    program.write("app.py", HEAD + text)
    if test:
        program.write("test_app.py", test)
    program.migrate()
    assert program.run().changes == ()
    return program.text("app.py")


def test_a_call_that_a_test_replaces_stays_as_it_is_written(program: Program) -> None:
    call = "print(stub.SayHello(None, 3, metadata=()).message)\nreply = stub.SayHello.future(None)\n"
    found = moved(program, PLAIN + call)
    assert NAMED in found and found.endswith(call)
    assert program.text("test_app.py") == FAKED


def test_other_rpcs_of_the_stub_are_native(program: Program) -> None:
    found = moved(program, PLAIN + "for reply in stub.SayHelloOften(None):\n    print(stub.SayHello(reply))\n")
    assert "for reply in stub.say_hello_often(None):\n    print(stub.SayHello(reply))\n" in found


def test_not_where_a_stub_may_be_made_without_the_names(program: Program) -> None:
    elsewhere = "rpc.Greeter.SayHello(None, 'a:1', insecure=True)\n"
    found = moved(program, elsewhere + PLAIN + "stub.SayHello(None)\n")
    assert UNNAMED in found and f"{ASKS}(None)" in found


def test_an_object_whose_type_is_written_is_asked_when_it_runs(program: Program) -> None:
    """A type checker finds no SayHello in the client's class."""
    typed = "def ask(stub: rpc.GreeterStub) -> object:\n    return stub.SayHello(None)\n"
    found = moved(program, PLAIN + typed)
    wanted = (
        "def ask(stub: greeting_connect.GreeterClientSync) -> object:\n    return by_rpc_names(stub).SayHello(None)\n"
    )
    assert wanted in found
    assert NAMED in found


def test_what_may_be_none_as_well_is_narrowed_as_before(program: Program) -> None:
    text = (
        "from typing import Optional\n\n\nclass Client:\n    def __init__(self) -> None:\n"
        "        self.stub: Optional[rpc.GreeterStub] = None\n\n    def start(self, channel: grpc.Channel) -> None:\n"
        "        self.stub = rpc.GreeterStub(channel)\n        self.stub.SayHello(None)\n"
    )
    found = moved(program, text, test=FAKED.replace("app.stub", "app.Client().stub"))
    client = "greeting_connect.GreeterClientSync"
    assert f"self.stub = cast({client}, by_rpc_names(client_on(channel, {client})))\n" in found
    assert "        by_rpc_names(self.stub).SayHello(None)\n" in found


def test_objects_of_which_nothing_is_known(program: Program) -> None:
    """What is not called at once was left: nothing says what to put there, but as it is written it is right."""
    text = "import other\n\n\nasks = [other.make().SayHello, stub.SayHello]\n"
    found = moved(program, PLAIN + text, test="")
    assert NAMED in found and found.endswith("asks = [other.make().SayHello, unary_unary(stub.say_hello)]\n")


def test_a_stub_that_moved_without_the_names(program: Program) -> None:
    """A later fake meets it: the call finds out when it runs."""
    assert UNNAMED in moved(program, PLAIN, test="")
    fake = "class Fake:\n    def SayHello(self, request):\n        return request\n\n\n"
    text = PLAIN.replace("stub", "other") + "\n\ndef ask(stub):\n    return stub.SayHello(None)\n\n\n"
    program.write("later.py", HEAD + fake + text + "ask(Fake())\nask(other)\n")
    program.migrate()
    assert f"    return {ASKS}(None)" in program.text("later.py")
    assert "by_rpc_names" not in program.text("later.py")
    assert program.run().changes == ()
