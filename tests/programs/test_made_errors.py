"""Errors that a program makes of gRPC's classes, or derives from them: what it prints is what it printed before."""

from __future__ import annotations

import subprocess
import sys

from grpc2connect.results import State
from tests.programs.conftest import Program, check_form
from tests.programs.test_mixed import HEAD, OTHER, PROTO

ERRORS = """\
import grpc


class ShopError(grpc.RpcError):
    def __init__(self, err: grpc.RpcError):
        self._status = err.code()
        self._text = err.details()

    def code(self):
        return self._status

    def details(self):
        return self._text

    def hint(self):
        return f"hint: {self.code().name}"


class Both(ValueError, grpc.RpcError, grpc.Call):
    def code(self):
        return grpc.StatusCode.ABORTED

    def details(self):
        return "both"


class Late(grpc.aio.AioRpcError):
    def __init__(self):
        super().__init__(grpc.StatusCode.DEADLINE_EXCEEDED, None, None, details="late")


class Own(Exception):
    def code(self):
        return 7

    def details(self):
        return "own"
"""
APP = """\
from concurrent import futures
from unittest import mock

import grpc

import greeting_pb2
import greeting_pb2_grpc
from errors import Both, Late, Own, ShopError


def patched():
    error = grpc.RpcError("patched")
    error.code = lambda: grpc.StatusCode.NOT_FOUND
    error.details = lambda: "gone"
    return error


MAKERS = {
    "class": lambda: grpc.RpcError,
    "bare": lambda: grpc.RpcError(grpc.StatusCode.NOT_FOUND, "text"),
    "patched": patched,
    "aio": lambda: grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, None, None, "said"),
    "shop": lambda: ShopError(patched()),
    "both": Both,
    "late": Late,
    "own": Own,
}


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        if request.name == "abort":
            context.abort(grpc.StatusCode.CANCELLED, "aborted")
        if request.name in MAKERS:
            raise MAKERS[request.name]()
        return greeting_pb2.HelloReply(message=request.name)


def read(call):
    try:
        return call()
    except grpc.aio.AioRpcError as error:
        return "aio", error.code(), error.details()
    except grpc._channel._InactiveRpcError as error:
        return "call", error.code(), error.details(), error.code().value, isinstance(error, grpc.Call)
    except ShopError as error:
        return error.hint()
    except grpc.RpcError as error:
        if type(error) is grpc.RpcError and not hasattr(error, "code"):
            return str(error), error.args
        if error.code() == grpc.StatusCode.NOT_FOUND:
            return "missing", error.details()
        if error.code() in (grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED):
            return error.code().name, isinstance(error, grpc.Call), repr(error)
        raise
    except Exception as error:
        return type(error).__name__, error.code(), error.details()


def read_broadly(call):
    try:
        return call()
    except (grpc.RpcError, Own) as error:
        return getattr(error, "code", None) and (str(error.code()), error.details())


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = greeting_pb2_grpc.GreeterStub(channel)
        for name in [*MAKERS, "abort", "Ada"]:
            for reader in (read, read_broadly):
                found = reader(lambda: stub.SayHello(greeting_pb2.HelloRequest(name=name), timeout=10))
                print("served", name, getattr(found, "message", found))
    for name, make in MAKERS.items():
        for reader in (read, read_broadly):
            print("made", name, reader(mock.Mock(side_effect=make())))
    server.stop(None).wait(10)


if __name__ == "__main__":
    main()
"""


AIO_APP = """\
import asyncio
from unittest.mock import AsyncMock

import grpc

import greeting_pb2
import greeting_pb2_grpc
from errors import Both, Late, Own, ShopError


class Greeter(greeting_pb2_grpc.GreeterServicer):
    async def SayHello(self, request, context):
        if request.name == "made":
            raise grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, None, None, "made")
        if request.name == "late":
            raise Late()
        if request.name == "bare":
            raise grpc.RpcError(request.name)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "aborted")


async def read(call):
    try:
        await call()
    except Late as error:
        print("late", error.code().value, error._details)
    except grpc.aio.AioRpcError as error:
        print("aio", error.code() is grpc.StatusCode.UNAVAILABLE, error.code(), error._details)
    except grpc.RpcError as error:
        print("other", hasattr(error, "code"), isinstance(error, ShopError), isinstance(error, grpc.Call))


async def main():
    server = grpc.aio.server()
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = greeting_pb2_grpc.GreeterStub(channel)
        for name in ("made", "late", "bare", "abort"):
            await read(lambda: stub.SayHello(greeting_pb2.HelloRequest(name=name), timeout=10))
    made = grpc.aio.AioRpcError(grpc.StatusCode.OK, grpc.aio.Metadata(), None, details="x")
    for error in (made, Late(), Both(), ShopError(made), grpc.RpcError):
        await read(AsyncMock(side_effect=error))
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
"""


def printed(program: Program) -> str:
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=program.folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_says_the_same_of_made_and_of_real_errors(program: Program) -> None:
    program.write("app.py", APP)
    program.write("errors.py", ERRORS)
    before = printed(program)
    assert "Exception calling application: (<StatusCode.NOT_FOUND: (5, 'not found')>, 'text')" in before
    check_form(program, {"app.py": APP, "errors.py": ERRORS}, {})
    assert printed(program) == before


def test_an_async_program_tells_made_errors_from_real_ones_as_before(program: Program) -> None:
    program.write("app.py", AIO_APP)
    program.write("errors.py", ERRORS)
    before = printed(program)
    assert before.count("aio True StatusCode.UNAVAILABLE aborted") == 1
    check_form(program, {"app.py": AIO_APP, "errors.py": ERRORS}, {})
    assert printed(program) == before


def test_errors_stay_grpc_s_where_a_service_does(program: Program) -> None:
    program.write("farewell.proto", PROTO)
    program.write("farewell_pb2_grpc.py", OTHER)
    body = (
        "        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.NOT_FOUND:\n"
        "            raise Refused(error.details())\n"
        "        made = grpc.RpcError('x')\n"
        "        made.code = lambda: grpc.StatusCode.ABORTED\n"
        "        raise made\n\n\n"
        "class Refused(grpc.RpcError, grpc.Call):\n    def code(self):\n        return grpc.StatusCode.ABORTED\n"
    )
    program.write("app.py", HEAD + body)
    result = program.migrate()
    after = program.text("app.py")
    assert "greeter.say_hello(request)" in after
    assert "farewell.SayBye(request)" in after
    assert "class Refused(grpc.RpcError, grpc.Call):" in after
    assert "made = grpc.RpcError('x')" in after
    assert "made.code = lambda: grpc.StatusCode.ABORTED" in after
    assert "except (grpc.RpcError, ConnectError) as error:" in after
    assert "rpc_error(error, grpc.StatusCode).code() ==" in after
    classes = [entry.state for entry in result.ledger if entry.kind == "ErrorClass"]
    assert classes
    assert set(classes) == {State.BRIDGED}


def test_errors_of_the_program_s_own_are_not_touched(program: Program) -> None:
    own = "class RpcError(Exception):\n    pass\n\n\nclass Fake(RpcError):\n    def code(self):\n        return 5\n\n\n"
    own += "def fail():\n    error = RpcError('x')\n    error.code = lambda: 3\n    raise error\n"
    app = APP.partition("MAKERS")[0].replace(
        "from errors import Both, Late, Own, ShopError", "from own import Fake, fail"
    )
    program.write("own.py", own)
    program.write("app.py", app)
    program.migrate()
    assert program.text("own.py") == own


def test_other_parts_of_the_program_keep_the_native_form(program: Program) -> None:
    app = (
        "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc\n\n\n"
        "def ask(channel: grpc.Channel):\n    try:\n"
        "        return greeting_pb2_grpc.GreeterStub(channel).SayHello(greeting_pb2.HelloRequest())\n"
        "    except grpc.aio.AioRpcError as error:\n        return error.code() == grpc.StatusCode.NOT_FOUND\n"
    )
    other = "import grpc\n\n\ndef fail():\n    raise grpc.RpcError('x')\n"
    program.write("app.py", app)
    program.write("other.py", other)
    program.migrate()
    assert "    except ConnectError as error:\n        return error.code == Code.NOT_FOUND" in program.text("app.py")
    assert program.text("other.py") == other
