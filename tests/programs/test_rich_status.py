"""Rich status: what `grpc_status` gives is a message of protobuf's, so what is done with it keeps no service back."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.programs.conftest import Program

SYNC = """\
import grpc
from grpc_status import rpc_status
import greeting_pb2
import greeting_pb2_grpc


def greet():
    with grpc.insecure_channel("localhost:50051") as channel:
        stub = greeting_pb2_grpc.GreeterStub(channel)
        try:
            stub.SayHello(greeting_pb2.HelloRequest(name="you"))
        except grpc.RpcError as error:
            status = rpc_status.from_call(error)
            return [detail.type_url for detail in status.details], status.code
"""
AIO = """\
import grpc
from grpc_status import rpc_status
import greeting_pb2
import greeting_pb2_grpc


async def greet():
    async with grpc.aio.insecure_channel("localhost:50051") as channel:
        stub = greeting_pb2_grpc.GreeterStub(channel)
        call = stub.SayHello(greeting_pb2.HelloRequest(name="you"))
        status = await rpc_status.aio.from_call(call)
        return [detail.type_url for detail in status.details], status.code
"""


@pytest.mark.parametrize("text", [SYNC, AIO])
def test_the_details_of_a_status_are_no_reference(program: Program, text: str) -> None:
    program.write("app.py", text)
    result = program.migrate()
    assert [entry for entry in result.ledger if entry.state is State.LEFT] == []


def test_a_status_is_read_from_the_runtimes_view_of_an_error(program: Program) -> None:
    program.write("app.py", SYNC)
    program.migrate()
    assert "from_call(rpc_error(error))" in program.text("app.py")
