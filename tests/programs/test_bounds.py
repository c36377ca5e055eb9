"""The inference ends, whatever a program does to what it knows little of."""

from __future__ import annotations

import ast
from typing import cast

import pytest

from grpc2connect.facts import attributes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import NOTHING, Api, Builtin, Value
from grpc2connect.facts.state import MANY, State
from tests.programs.conftest import Program


def test_calls_of_calls_in_a_loop(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\n\nimport greeting_pb2_grpc as rpc\n\n\ndef longer(text):\n"
        "    for _ in range(3):\n        text = text.decode().strip()\n        for _ in range(3):\n"
        "            text = text.part.other()\n            while text:\n                text = longer(text.next())\n"
        "    return text\n\n\n"
        "longer(grpc.experimental.something())\n"
        "stub = rpc.GreeterStub(grpc.insecure_channel('a:1'))\n",
    )
    result = program.run()
    assert result.audit.holds


@pytest.mark.timeout(60)
def test_loops_in_loops_are_not_run_twice_each(program: Program) -> None:
    depth = 19
    loops = "".join(f"{'    ' * (level + 1)}for x{level} in names:\n" for level in range(depth))
    program.write(
        "app.py",
        "import grpc\n\nimport greeting_pb2_grpc as rpc\n\n\ndef every(names):\n    found = None\n" + loops
        + f"{'    ' * (depth + 1)}found = found or rpc.GreeterStub(grpc.insecure_channel(x0))\n"
        + f"{'    ' * (depth + 1)}last = found\n"
        + "    return last.SayHello(None)\n",
    )  # fmt: skip
    result = program.run()
    assert {entry.place.line for entry in result.ledger if entry.kind == "RpcUse"} == {depth + 10}


def test_what_a_loop_has_put_into_a_name_is_seen_in_its_next_turn(program: Program) -> None:
    program.write(
        "app.py",
        "import grpc\n\nimport greeting_pb2_grpc as rpc\n\n\ndef every(names):\n    stub = None\n"
        "    for name in names:\n        if stub:\n            stub.SayHello(None)\n"
        "        stub = rpc.GreeterStub(grpc.insecure_channel(name))\n",
    )
    result = program.run()
    assert {entry.place.line for entry in result.ledger if entry.kind == "RpcUse"} == {10}


def test_a_key_that_got_too_many_values_keeps_to_those_of_grpc() -> None:
    state = State()
    key, reader = (ast.Module([], []), "name"), ast.Module([], [])
    mine: Value = Api("grpc.server")
    state.work.running = reader
    state.cells.read(key)
    state.cells.grow(key, frozenset({mine, *(Builtin(str(index)) for index in range(MANY))}))
    assert state.cells[key] == {mine}
    state.work.due.clear()
    assert not state.cells.grow(key, frozenset({Builtin("another")}))
    assert state.cells[key] == {mine}
    assert not state.work.due
    assert state.cells.grow(key, frozenset({Api("grpc.aio.server")}))
    assert state.work.due == {reader}


def test_fields_of_what_an_unknown_stub_answers_are_not_followed() -> None:
    """A client library of many messages hands each of them on: all would be kept wherever any of them can come to."""
    answer = Api("generated:ledger_pb2_grpc.LedgerStub().GetAccount()")
    anywhere = cast(Environment, None)
    assert attributes.get(anywhere, answer, "owner") == NOTHING
    assert attributes.get(anywhere, answer, "code") == {Api(f"{answer.path}.code")}
    stub = Api("generated:ledger_pb2_grpc.LedgerStub()")
    assert attributes.get(anywhere, stub, "GetAccount") == {Api(f"{stub.path}.GetAccount")}
