"""Programs whose tests replace gRPC code by name, or methods of stubs: their tests hold before and after."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program

CLIENT = """import grpc

import greeting_pb2
import greeting_pb2_grpc


class Client:
    def __init__(self, target):
        self.channel = grpc.insecure_channel(target, options=[("grpc.max_send_message_length", 5)])
        self.stub = greeting_pb2_grpc.GreeterStub(self.channel)

    def hello(self, name):
        request = greeting_pb2.HelloRequest(name=name)
        return self.stub.SayHello(request, timeout=3, metadata=(("k", "v"),)).message

    def later(self, name):
        return self.stub.SayHello.future(greeting_pb2.HelloRequest(name=name))
"""
BY_NAME = """from grpc import secure_channel, ssl_channel_credentials

import greeting_pb2
from greeting_pb2_grpc import GreeterStub


def hello(target, name):
    channel = secure_channel(target, ssl_channel_credentials())
    return GreeterStub(channel).SayHello(greeting_pb2.HelloRequest(name=name)).message
"""
AIO = """import grpc

import greeting_pb2
import greeting_pb2_grpc


class Client:
    def __init__(self, target):
        credentials = grpc.ssl_channel_credentials()
        self.stub = greeting_pb2_grpc.GreeterStub(grpc.aio.secure_channel(target, credentials=credentials))

    async def hello(self, name):
        return (await self.stub.SayHello(greeting_pb2.HelloRequest(name=name), timeout=3)).message
"""
HEAD = """import asyncio
from concurrent import futures
from unittest import mock
from unittest.mock import AsyncMock, MagicMock, Mock, call, create_autospec, patch

import grpc
import pytest

import client
import greeting_pb2
import greeting_pb2_grpc

REPLY = greeting_pb2.HelloReply(message="hi")
REQUEST = greeting_pb2.HelloRequest(name="a")
"""
TESTS = {
    "the channel and the stub class, in strings": """
@patch(target="greeting_pb2_grpc.GreeterStub")
@mock.patch("grpc.insecure_channel")
def test(make, stub):
    stub.return_value.SayHello.return_value = REPLY
    assert client.Client("a:1").hello("a") == "hi"
    make.assert_called_once_with("a:1", options=[("grpc.max_send_message_length", 5)])
    stub.assert_called_once_with(make.return_value)
    stub.return_value.SayHello.assert_called_once_with(REQUEST, timeout=3, metadata=(("k", "v"),))
""",
    "the channel alone, through the name that a module has grpc by": """
def test():
    with patch("client.grpc.insecure_channel") as make:
        make.return_value.unary_unary.return_value.return_value = REPLY
        assert client.Client("a:1").hello("a") == "hi"
    made = make.return_value.unary_unary.call_args_list[0]
    assert made.args == ("/hello.flat.Greeter/SayHello",)
    assert made.kwargs["response_deserializer"](REPLY.SerializeToString()) == REPLY
""",
    "the channel, on the object": """
def test(monkeypatch):
    made = []
    monkeypatch.setattr(grpc, "insecure_channel", lambda target, options: made.append(target) or MagicMock())
    client.Client("a:1")
    with patch.object(client.grpc, "insecure_channel") as make:
        client.Client("b:1")
    assert made == ["a:1"] and make.call_args.args == ("b:1",)
""",
    "the stub class, on the generated module": """
def test():
    with patch.object(greeting_pb2_grpc, "GreeterStub", autospec=True) as stub:
        stub.return_value.SayHello = Mock(return_value=REPLY)
        assert client.Client("a:1").hello("a") == "hi"
""",
    "the stub class, by a fake of the program's own": """
class Fake:
    def __init__(self, channel):
        self.channel = channel

    def SayHello(self, request, timeout=None, metadata=None):
        return greeting_pb2.HelloReply(message=f"{request.name} {timeout} {metadata}")


def test(monkeypatch):
    monkeypatch.setattr("client.greeting_pb2_grpc.GreeterStub", Fake)
    assert client.Client("a:1").hello("a") == "a 3 (('k', 'v'),)"
""",
    "the generated module that a module has imported": """
def test(monkeypatch):
    with patch.object(client, "greeting_pb2_grpc") as rpc, patch("client.grpc.insecure_channel") as make:
        rpc.GreeterStub.return_value.SayHello.return_value = REPLY
        assert client.Client("a:1").hello("a") == "hi"
    rpc.GreeterStub.assert_called_once_with(make.return_value)
    rpc.GreeterStub.return_value.SayHello.assert_called_once_with(REQUEST, timeout=3, metadata=(("k", "v"),))
    with mock.patch('client.greeting_pb2_grpc', new=mock.Mock(GreeterStub=lambda channel: None)):
        assert client.Client("localhost:1").stub is None
    with pytest.raises(grpc.RpcError):
        client.Client("localhost:1").hello("a")


def test_the_module_is_back():
    with patch.object(greeting_pb2_grpc, "GreeterStub") as stub:
        assert client.Client("a:1").stub is stub.return_value
""",
    "a method that is assigned": """
def test():
    made = client.Client("a:1")
    made.stub.SayHello = Mock(return_value=REPLY)
    assert made.hello("a") == "hi"
    made.stub.SayHello.assert_called_once_with(REQUEST, timeout=3, metadata=mock.ANY)
""",
    "a method that is patched for a while": """
def test(monkeypatch):
    made = client.Client("localhost:1")
    with patch.object(made.stub, "SayHello", return_value=REPLY) as ask:
        assert made.hello("a") == "hi"
    assert ask.mock_calls == [call(REQUEST, timeout=3, metadata=(("k", "v"),))]
    with pytest.raises(grpc.RpcError):
        made.hello("a")
    monkeypatch.setattr(made.stub, "SayHello", Mock(return_value=REPLY))
    assert made.hello("a") == "hi"
""",
    "a method's future": """
def test():
    made = client.Client("a:1")
    made.stub.SayHello.future = Mock(return_value=REPLY)
    assert made.later("a") == REPLY
    made.stub = Mock()
    made.stub.SayHello.future.return_value = 3
    assert made.later("a") == 3
    made.stub.SayHello.future.assert_called_once_with(REQUEST)
""",
    "a mock in the stub's place": """
def test():
    made = client.Client("a:1")
    made.stub = MagicMock()
    made.stub.SayHello.return_value = REPLY
    assert made.hello("a") == "hi"
    assert made.stub.mock_calls == [call.SayHello(REQUEST, timeout=3, metadata=(("k", "v"),))]


def test_an_error():
    made = client.Client("a:1")
    made.stub = Mock(**{"SayHello.side_effect": ValueError("no")})
    with pytest.raises(ValueError, match="no"):
        made.hello("a")
""",
    "mocks that are made like a stub": """
def test():
    made = client.Client("a:1")
    for fake in (create_autospec(greeting_pb2_grpc.GreeterStub), Mock(spec=greeting_pb2_grpc.GreeterStub)):
        made.stub = fake
        fake.SayHello = Mock(return_value=REPLY)
        assert made.hello("a") == "hi"
        assert fake.SayHello.call_args == call(REQUEST, timeout=3, metadata=(("k", "v"),))
        assert isinstance(fake, greeting_pb2_grpc.GreeterStub)
""",
    "names that a module has imported": """
import by_name


@patch("by_name.ssl_channel_credentials")
@patch("by_name.secure_channel")
@patch("by_name.GreeterStub")
def test(stub, make, credentials):
    stub.return_value.SayHello.return_value = REPLY
    assert by_name.hello("a:1", "a") == "hi"
    make.assert_called_once_with("a:1", credentials.return_value)
    stub.assert_called_once_with(make.return_value)
    credentials.assert_called_once_with()


def test_another():
    with patch.object(by_name, "GreeterStub") as stub:
        stub.return_value.SayHello.return_value = REPLY
        assert by_name.hello("a:1", "a") == "hi"
""",
    "methods by names that are computed": """
class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return greeting_pb2.HelloReply(message=request.name * 2)


def names():
    yield from ["Say" + "Hello"]


def counted(ask, seen):
    def ask_and_count(*arguments, **options):
        seen.append(options)
        return ask(*arguments, **options)

    return ask_and_count


def test():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    made, seen = client.Client(f"127.0.0.1:{port}"), []
    for name in names():
        assert hasattr(made.stub, name) and not hasattr(made.stub, name + "2")
        assert getattr(made.stub, name)(REQUEST, timeout=9).message == "aa"
        reply, status = getattr(made.stub, name).with_call(REQUEST)
        assert status.code() == grpc.StatusCode.OK
        setattr(made.stub, name, counted(getattr(made.stub, name), seen))
    assert made.hello("a") == "aa"
    assert seen == [{"timeout": 3, "metadata": (("k", "v"),)}]
    made.channel.close()
    server.stop(None)
""",
}
AIO_TESTS = {
    "aio: channel, credentials and stub": """
@patch("grpc.ssl_channel_credentials")
@patch("grpc.aio.secure_channel")
def test(make, credentials):
    with patch("client.greeting_pb2_grpc.GreeterStub") as stub:
        stub.return_value.SayHello = AsyncMock(return_value=REPLY)
        assert asyncio.run(client.Client("a:1").hello("a")) == "hi"
    make.assert_called_once_with("a:1", credentials=credentials.return_value)
    stub.return_value.SayHello.assert_awaited_once_with(REQUEST, timeout=3)


def test_on_the_object():
    with patch.object(grpc.aio, "secure_channel") as make:
        client.Client("a:1")
    make.assert_called_once()
""",
    "aio: a method that is assigned": """
def test():
    async def main():
        made = client.Client("a:1")
        made.stub.SayHello = AsyncMock(return_value=REPLY)
        assert await made.hello("a") == "hi"
        made.stub.SayHello.assert_awaited_once_with(REQUEST, timeout=3)

    asyncio.run(main())
""",
}
LEFT = {
    "a whole module, by what has its names alone": (
        'with patch.object(client, "greeting_pb2_grpc", autospec=True):\n    client.Client("a:1")\n',
        "G2C504",
    ),
    "a whole module that is passed on": (
        'import names\n\nwith patch.object(client, "greeting_pb2_grpc"):\n'
        "    print(client.greeting_pb2_grpc.GreeterStub)\n",
        "G2C504",
    ),
    "what is asked of grpc otherwise": ('with patch.object(grpc, "StatusCode"):\n    client.Client("a:1")\n', "G2C504"),
    "a class that is asked for through a module": (
        'import names\n\npatch("names.GreeterStub").start()\nnames.GreeterStub(grpc.insecure_channel("a:1"))\n',
        "G2C504",
    ),
    "a text that is put together": (
        'patch(f"{client.__name__}.greeting_pb2_grpc.GreeterStub").start()\nclient.Client("a:1")\n',
        "G2C504",
    ),
    "a method that is deleted": ('del client.Client("a:1").stub.SayHello\n', "G2C501"),
    "a stub's attributes as a dict": ('vars(client.Client("a:1").stub).update(SayHello=print)\n', "G2C504"),
}


def hold(folder: Path) -> None:
    """Run a program's tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run([*command, "test_client.py"], cwd=folder, env=environment, timeout=120, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()[-4000:] + (folder / "test_client.py").read_text()


@pytest.mark.parametrize("name", [*TESTS, *AIO_TESTS])
def test_tests_hold_before_and_after(program: Program, name: str) -> None:
    program.write("client.py", AIO if name in AIO_TESTS else CLIENT)
    if "import by_name" in TESTS.get(name, ""):
        program.write("by_name.py", BY_NAME)
    program.write("test_client.py", HEAD + {**TESTS, **AIO_TESTS}[name])
    hold(program.folder)
    result = program.migrate()
    left = [
        (str(entry.place), entry.code, entry.text, entry.why)
        for entry in result.ledger
        if entry.state is State.LEFT and entry.kind != "Import"
    ]
    assert left == []
    assert "GreeterClient" in program.text("client.py")
    hold(program.folder)
    assert [change.path.name for change in program.run().changes] == []


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_replaced_elsewhere_keeps_the_service(program: Program, name: str) -> None:
    text, code = LEFT[name]
    program.write("client.py", CLIENT)
    program.write("names.py", "from greeting_pb2_grpc import GreeterStub\n")
    program.write("test_client.py", HEAD + text)
    result = program.migrate()
    assert program.text("client.py") == CLIENT
    assert code in {finding.code for finding in result.findings}


def test_what_is_replaced_elsewhere_changes_nothing(program: Program) -> None:
    program.write("client.py", CLIENT)
    program.write("names.py", "def insecure_channel():\n    pass\n\n\nclass Box:\n    SayHello = None\n")
    text = (
        'from unittest.mock import patch\n\nimport client\n\n\n@patch("names.insecure_channel")\n'
        '@patch("names.Box.SayHello")\n@patch("os.environ")\ndef test(*mocks):\n    assert client.Client\n'
    )
    program.write("test_client.py", text)
    program.migrate()
    assert program.text("test_client.py") == text
    moved = program.text("client.py")
    assert "self.stub.say_hello(request, timeout_ms=3000, headers=" in moved and "stub_on" not in moved


def test_what_nothing_imports_by_that_name_is_not_replaced(program: Program) -> None:
    program.write("acme/__init__.py", "")
    program.write("acme/rpc/__init__.py", "from greeting_pb2_grpc import *\n")
    program.write("client.py", CLIENT)
    program.write("test_client.py", HEAD + '@patch("rpc.GreeterStub")\ndef test(stub):\n    client.Client("a:1")\n')
    program.migrate()
    assert "GreeterClientSync" in program.text("client.py")
    assert '@patch("rpc.GreeterStub")' in program.text("test_client.py")


@pytest.mark.parametrize("line", ["import rpc", "from rpc import GreeterStub", ""])
def test_what_may_be_imported_by_that_name_is_replaced_or_stays(program: Program, line: str) -> None:
    program.write("rpc/names.py" if line else "rpc/__init__.py", "from greeting_pb2_grpc import *\n")
    program.write("client.py", CLIENT)
    text = f'{line}\n\n@patch("rpc.GreeterStub")\ndef test(stub):\n    client.Client("a:1")\n'
    program.write("test_client.py", HEAD + text)
    program.migrate()
    assert program.text("client.py") == CLIENT


def test_a_class_of_another_generated_module_is_none_of_this_one(program: Program) -> None:
    program.write("client.py", CLIENT)
    program.write(
        "test_other.py", 'from unittest.mock import patch\n\npatch("acme.other_pb2_grpc.GreeterStub").start()\n'
    )
    program.migrate()
    assert "GreeterClientSync" in program.text("client.py")


def test_a_cast_around_a_stub_that_tests_replace_is_not_redundant(program: Program) -> None:
    program.write(
        "app.py",
        "from typing import cast\n\nimport grpc\nimport greeting_pb2_grpc\n\n\n"
        "def stub(channel: grpc.Channel):\n"
        '    return cast("greeting_pb2_grpc.GreeterStub", greeting_pb2_grpc.GreeterStub(channel))\n',
    )
    program.write(
        "test_app.py",
        "from unittest import mock\n\nimport app\n\n\n"
        '@mock.patch("app.greeting_pb2_grpc.GreeterStub")\ndef test_stub(made):\n    assert app.stub(None) is made()\n',
    )
    program.migrate()
    assert "stub_on(greeting_connect.GreeterClientSync, channel))" in program.text("app.py")


BOTH = {
    "sync_app.py": "import grpc\nimport greeting_pb2_grpc\n\n\n"
    "def ask(request):\n"
    "    stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('localhost:1'))\n"
    "    return stub.SayHello(request)\n",
    "aio_app.py": "import grpc\nimport greeting_pb2_grpc\n\n\n"
    "async def ask(request):\n"
    "    stub = greeting_pb2_grpc.GreeterStub(grpc.aio.insecure_channel('localhost:1'))\n"
    "    return await stub.SayHello(request)\n",
}


@pytest.mark.parametrize(("imported", "client"), [("aio_app", "GreeterClient"), ("sync_app", "GreeterClientSync")])
def test_a_stub_class_of_both_colours_is_of_that_of_what_the_test_imports(
    program: Program, imported: str, client: str
) -> None:
    for name, text in BOTH.items():
        program.write(name, text)
    program.write(
        "test_app.py",
        f"from unittest.mock import MagicMock, patch\n\nimport {imported}\n\n\n"
        "def test():\n    stub = MagicMock()\n"
        '    with patch("greeting_pb2_grpc.GreeterStub", return_value=stub):\n'
        f"        assert {imported}.ask(None) is not None\n",
    )
    program.migrate()
    assert f'patch("greeting_connect.{client}", return_value=stub)' in program.text("test_app.py")


def test_a_stub_class_of_both_colours_that_a_test_of_both_replaces_is_asked_for_both(program: Program) -> None:
    for name, text in BOTH.items():
        program.write(name, text)
    program.write(
        "test_app.py",
        "from unittest.mock import MagicMock, patch\n\nimport aio_app\nimport sync_app\n\n\n"
        'def test():\n    with patch("greeting_pb2_grpc.GreeterStub", return_value=MagicMock()):\n'
        "        print(aio_app.ask(None), sync_app.ask(None))\n",
    )
    program.migrate()
    assert 'patch("greeting_connect.GreeterClientSync"' in program.text("test_app.py")
    either = "stub_on(stub_class(greeting_connect.GreeterClientSync, greeting_connect.GreeterClient), "
    assert either in program.text("sync_app.py") and either in program.text("aio_app.py")


@pytest.mark.parametrize(
    "line", ['@patch("client.grpc")', '@patch.object(client, "grpc")'], ids=["by a text", "of an object"]
)
def test_what_replaces_all_of_grpc_in_a_module_keeps_the_services(program: Program, line: str) -> None:
    program.write("client.py", CLIENT)
    text = HEAD + f"{line}\ndef test(grpc):\n    client.Client('a:1')\n    assert grpc.insecure_channel.called\n"
    program.write("test_client.py", text)
    result = program.migrate()
    assert program.text("client.py") == CLIENT
    assert "G2C504" in {finding.code for finding in result.findings}


def test_a_package_called_grpc_that_is_replaced_is_none_of_grpc_s(program: Program) -> None:
    program.write("client.py", CLIENT)
    program.write("acme/__init__.py", "")
    program.write("acme/grpc/__init__.py", "NAME = 'acme'\n")
    program.write("test_client.py", HEAD + '@patch("acme.grpc")\ndef test(grpc):\n    client.Client("a:1")\n')
    program.migrate()
    assert "GreeterClientSync" in program.text("client.py")
