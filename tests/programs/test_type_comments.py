"""Comments for type checkers go with what they were about, and stay where something of that is left."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program

HEAD = "import grpc\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n\n"
TAIL = """

def connect():
    return rpc.GreeterStub(grpc.insecure_channel("a:1"))
"""
GOES = {
    "a base of stubs with type arguments": "class A(grpc.ServerInterceptor):  # type: ignore[type-arg]\n    pass\n",
    "a base beside a class of the module": (
        "class A:\n    pass\n\n\nclass B(rpc.GreeterServicer, A):  # type: ignore[misc]\n    pass\n"
    ),
    "a call of a function without types": (
        "def make(channel):\n    return rpc.GreeterStub(channel)  # type: ignore[no-untyped-call]\n"
    ),
    "a response without type": (
        "def ask() -> str:\n"
        "    stub = connect()\n"
        "    return stub.SayHello(greeting_pb2.HelloRequest()).message  # type: ignore[no-any-return]\n"
    ),
    "a method of a caught error": (
        "def ask():\n"
        "    try:\n"
        "        connect().SayHello(greeting_pb2.HelloRequest())\n"
        "    except grpc.RpcError as error:\n"
        "        if error.code() == grpc.StatusCode.NOT_FOUND:  # type: ignore[attr-defined]\n"
        "            raise\n"
    ),
}
STAYS = {
    "a base of which nothing is known": (
        "from elsewhere import A\n\n\nclass B(rpc.GreeterServicer, A):  # type: ignore[misc]\n    pass\n"
    ),
    "a base that checkers see as before": "class A(grpc.ClientCallDetails):  # type: ignore[misc]\n    pass\n",
    "another call in the line": (
        "def make(channel, of):\n    return rpc.GreeterStub(of(channel))  # type: ignore[no-untyped-call]\n"
    ),
    "another code": "def make(channel):\n    return rpc.GreeterStub(channel)  # type: ignore[arg-type]\n",
    "an error of which nothing is known": (
        "def is_gone(error: Exception):\n"
        "    return error.code() == grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]\n\n\n"
        "def ask():\n"
        "    try:\n"
        "        connect().SayHello(greeting_pb2.HelloRequest())\n"
        "    except grpc.RpcError as error:\n"
        "        print(is_gone(error))\n"
    ),
}


def moved(program: Program, text: str) -> str:
    program.write("app.py", HEAD + text + TAIL)
    program.migrate()
    text = program.text("app.py")
    assert "_pb2_grpc" not in text
    return text


@pytest.mark.parametrize("name", GOES)
def test_goes(program: Program, name: str) -> None:
    assert "type: ignore" not in moved(program, GOES[name])


@pytest.mark.parametrize("name", STAYS)
def test_stays(program: Program, name: str) -> None:
    assert "# type: ignore[" in moved(program, STAYS[name])


STRICT = {
    "pyproject.toml": "[tool.mypy]\nstrict = true\n",
    "mypy.ini": "[mypy]\ndisallow_any_generics = True\n",
    "setup.cfg": "[mypy]\nstrict = True\n",
    "pyrightconfig.json": '{"typeCheckingMode": "strict"}',
}
LENIENT = {
    "pyproject.toml": '[tool.mypy]\nstrict = false\n[tool.pyright]\ntypeCheckingMode = "basic"\n',
    "mypy.ini": "[mypy]\ncheck_untyped_defs = True\n",
    "setup.cfg": "[metadata]\nname = a\n",
    "pyrightconfig.json": "{ not json",
}
HANDLER = """class Greeter(rpc.GreeterServicer):
    def SayHello(self, request: greeting_pb2.HelloRequest, context: grpc.ServicerContext) -> greeting_pb2.HelloReply:
        return greeting_pb2.HelloReply()


def serve(server: grpc.Server) -> None:
    rpc.add_GreeterServicer_to_server(Greeter(), server)
"""


@pytest.mark.parametrize("file", STRICT)
def test_a_context_has_type_arguments_where_they_are_asked_for(program: Program, file: str) -> None:
    program.write(file, STRICT[file])
    text = moved(program, HANDLER)
    assert "context: RequestContext[Any, Any]) ->" in text and "from typing import Any\n" in text


@pytest.mark.parametrize("file", LENIENT)
def test_a_context_has_none_where_they_are_not(program: Program, file: str) -> None:
    program.write(file, LENIENT[file])
    assert "context: RequestContext) ->" in moved(program, HANDLER)


def test_bounds_of_type_variables_are_types(program: Program) -> None:
    text = moved(
        program,
        "from typing import NewType, TypeVar\n\n"
        'S = TypeVar("S", bound=rpc.GreeterServicer)\n'
        'N = NewType("N", rpc.GreeterServicer)\n\n\n'
        "def add(servicer: S, server: grpc.Server) -> S:\n"
        "    rpc.add_GreeterServicer_to_server(servicer, server)\n"
        "    return servicer\n",
    )
    assert 'S = TypeVar("S", bound=greeting_connect.GreeterSync)\n' in text
    assert 'N = NewType("N", greeting_connect.GreeterSync)\n' in text
