"""Imports follow need: what a string says keeps an import only where a string can be a name."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program

USES = (
    'KEY = "grpc.keepalive_time_ms"\n'
    'OPTIONS = [("grpc.max_receive_message_length", 1)]\n\n\n'
    "def greet():\n"
    '    with grpc.insecure_channel("localhost:50051", options=OPTIONS) as channel:\n'
    "        stub = greeting_pb2_grpc.GreeterStub(channel)\n"
    '        return stub.SayHello(greeting_pb2.HelloRequest(name="you"))\n'
)
HEAD = "import grpc\nimport greeting_pb2\nimport greeting_pb2_grpc\n\n"


def test_a_string_that_is_data_keeps_no_import(program: Program) -> None:
    program.write("app.py", HEAD + USES)
    program.migrate()
    assert "import grpc\n" not in program.text("app.py")


@pytest.mark.parametrize(
    "name",
    [
        'from typing import Optional\nFuture = Optional["grpc.Future"]\n',
        'def wait(future: "grpc.Future") -> None: ...\n',
        'def make() -> "grpc.Future | None": ...\n',
        '__all__ = ["greet", "grpc"]\n',
        'from typing import TypeAlias\nFuture: TypeAlias = "grpc.Future"\n',
    ],
)
def test_a_string_that_is_a_name_keeps_the_import(program: Program, name: str) -> None:
    program.write("app.py", HEAD + name + USES)
    program.migrate()
    assert "import grpc\n" in program.text("app.py")
