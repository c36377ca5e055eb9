"""Code that has moved in part: what stays is made on the runtime's channels and servers, and moves as it would have."""

from __future__ import annotations

from grpc2connect.options import Stage
from grpc2connect.results import State
from tests.programs.conftest import Program

HALF = """\
from connectrpc.errors import ConnectError
from grpc2connect_runtime import Server, insecure_channel, intercept_channel
import greeting_pb2_grpc


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return request


def serve(pool, guard):
    server = Server(pool, interceptors=[guard])
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    server.start()
    return server


def ask(request, guard):
    with insecure_channel("a:1") as channel:
        stub = greeting_pb2_grpc.GreeterStub(intercept_channel(channel, guard))
        try:
            return stub.SayHello(request, timeout=3)
        finally:
            channel.close()
"""
ERRORS = """\
import grpc
import greeting_pb2_grpc

RETRIED = (grpc.StatusCode.UNAVAILABLE,)


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        try:
            return greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("a:1")).SayHello(request)
        except grpc.RpcError as error:
            if error.code() in RETRIED:
                print(error.debug_error_string(), error.details())
            context.set_code(error.code())
            raise
"""


def test_what_stayed_is_made_on_what_the_runtime_makes(program: Program) -> None:
    program.write("app.py", HALF)
    result = program.migrate()
    text = program.text("app.py")
    assert "server.add_service(greeting_connect.GreeterASGIApplication, Greeter())" in text
    assert "intercept_channel(channel, guard).client(greeting_connect.GreeterClientSync)" in text
    assert "return stub.say_hello(request, timeout_ms=3000)" in text
    assert {entry.kind for entry in result.ledger}.isdisjoint({"ChannelUse", "ServerUse", "HandedOver"})
    assert program.run().ledger == ()


def test_what_an_error_took_beside_servers_that_stayed_goes_with_them(program: Program) -> None:
    program.write("app.py", ERRORS)
    program.migrate()
    whole = program.text("app.py")
    program.write("app.py", ERRORS)
    for stage in (Stage.CLIENT, Stage.SERVER):
        result = program.run(stage=stage)
        for change in result.changes:
            change.path.write_bytes(change.after)
        shown = "rpc_error(error, grpc.StatusCode).code() in RETRIED" in program.text("app.py")
        assert shown is (stage is Stage.CLIENT)
    assert not [entry for entry in result.ledger if entry.state is State.LEFT]
    assert program.text("app.py") == whole
