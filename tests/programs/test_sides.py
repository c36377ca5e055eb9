"""One side at a time: what is of both sides moves with its server, or stays, and is said to; nothing moves by half."""

from __future__ import annotations

import pytest

from grpc2connect.options import Stage
from grpc2connect.results import RunResult, Severity, State
from tests.programs.conftest import Program

HEAD = """\
from concurrent import futures

import grpc

import greeting_pb2
import greeting_pb2_grpc

"""
SERVICER = """
class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return greeting_pb2.HelloReply(message="Hello")

"""
CLASSES = """

{servicer}

def names_of(flag):
    return greeting_pb2_grpc if flag else None


def main(flag):
    names = names_of(flag)
    server = grpc.server(futures.ThreadPoolExecutor(2))
    names.add_GreeterServicer_to_server(Greeter(), server)
    return names.GreeterStub(grpc.insecure_channel("a:1"))
"""
ONE_CALL = """{servicer}

def ask(someone, context=None):
    return someone.SayHello(greeting_pb2.HelloRequest(), context)


ask(Greeter())
ask(greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("a:1")))
"""
BOTH_INTERCEPTORS = """{servicer}

class Both(grpc.ServerInterceptor, grpc.UnaryUnaryClientInterceptor):
    def intercept_service(self, continuation, details):
        return continuation(details)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details, request)


class Guard(grpc.ServerInterceptor):
    def intercept_service(self, continuation, details):
        return continuation(details)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2), interceptors=[Both(), Guard()])
    greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    channel = grpc.intercept_channel(grpc.insecure_channel("a:1"), Both())
    return greeting_pb2_grpc.GreeterStub(channel)
"""
GATEWAY = """
RETRIED = (grpc.StatusCode.UNAVAILABLE,)


class Gateway(greeting_pb2_grpc.GreeterServicer):
    def __init__(self, channel):
        self.inner = greeting_pb2_grpc.GreeterStub(channel)

    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name, please")
        try:
            return self.inner.SayHello(request, timeout=5)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                print(error.code().name)
            if error.code() in RETRIED:
                raise
            context.abort(error.code(), error.details())


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    greeting_pb2_grpc.add_GreeterServicer_to_server(Gateway(grpc.insecure_channel("a:1")), server)
"""


def step(program: Program, stage: Stage) -> RunResult:
    """Take one step; every reference ends in one state, and what is left is this or the other stage's."""
    result = program.run(stage=stage)
    assert result.audit.holds, result.audit
    assert not result.errors, result.errors
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    compile(program.text("app.py"), "app.py", "exec")
    assert program.run(stage=stage).changes == ()
    return result


def codes(result: RunResult) -> set[str]:
    return {finding.code for finding in result.findings if finding.code in ("G2C016", "G2C017")}


def test_what_is_bound_to_a_server_moves_with_it(program: Program) -> None:
    source = HEAD + CLASSES.format(servicer=SERVICER)
    program.write("app.py", source)
    waits = step(program, Stage.CLIENT)
    assert (program.text("app.py"), codes(waits)) == (source, {"G2C017"})
    assert all(entry.later for entry in waits.ledger)
    moved = step(program, Stage.SERVER)
    assert codes(moved) == {"G2C017"}
    assert State.LEFT not in {entry.state for entry in moved.ledger}
    after = program.text("app.py")
    program.write("app.py", source)
    program.migrate()
    assert program.text("app.py") == after


def test_a_call_of_both_keeps_both(program: Program) -> None:
    source = HEAD + ONE_CALL.format(servicer=SERVICER)
    program.write("app.py", source)
    result = step(program, Stage.SERVER)
    assert program.text("app.py") == source
    assert [finding.code for finding in result.findings if finding.severity is Severity.WARNING] == ["G2C501"]


def test_an_interceptor_of_both_sides_stays_itself(program: Program) -> None:
    program.write("app.py", HEAD + BOTH_INTERCEPTORS.format(servicer=SERVICER))
    step(program, Stage.SERVER)
    between = program.text("app.py")
    assert "class Both(grpc.ServerInterceptor, grpc.UnaryUnaryClientInterceptor):" in between
    assert "class Guard(ServerInterceptor):" in between
    assert 'grpc.intercept_channel(grpc.insecure_channel("a:1"), Both())' in between
    step(program, Stage.CLIENT)
    assert "class Both(ServerInterceptor, UnaryUnaryClientInterceptor):" in program.text("app.py")


@pytest.mark.parametrize(
    ("stage", "there"),
    [
        (
            Stage.SERVER,
            [
                "class Gateway(greeting_connect.GreeterSync):",
                'raise ConnectError(Code.INVALID_ARGUMENT, "a name, please")',
                "return self.inner.SayHello(request, timeout=5)",
                "except grpc.RpcError as error:",
                "if error.code() == grpc.StatusCode.NOT_FOUND:",
                "RETRIED = (grpc.StatusCode.UNAVAILABLE,)",
                "context.abort(error.code(), error.details())",
                'greeting_connect.GreeterASGIApplication, Gateway(grpc.insecure_channel("a:1"))',
            ],
        ),
        (
            Stage.CLIENT,
            [
                "class Gateway(greeting_pb2_grpc.GreeterServicer):",
                'context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name, please")',
                "return self.inner.say_hello(request, timeout_ms=5000)",
                "except ConnectError as error:",
                "if error.code == Code.NOT_FOUND:",
                "print(status_code(error.code).name)",
                "RETRIED = (grpc.StatusCode.UNAVAILABLE,)",
                "if rpc_error(error, grpc.StatusCode).code() in RETRIED:",
                "context.abort(rpc_error(error, grpc.StatusCode).code(), error.message)",
            ],
        ),
    ],
)
def test_errors_of_calls_in_handlers(program: Program, stage: Stage, there: list[str]) -> None:
    """A code that gets to a context of grpcio's is grpcio's; one that is compared on the spot is of the moved side."""
    program.write("app.py", HEAD + GATEWAY)
    assert codes(step(program, stage)) == {"G2C016"}
    after = program.text("app.py")
    assert [line for line in there if line not in after] == [], after
    step(program, Stage.CLIENT if stage is Stage.SERVER else Stage.SERVER)
    final = program.text("app.py")
    assert "pb2_grpc" not in final
    assert "grpc." not in final
    if stage is Stage.SERVER:
        program.write("app.py", HEAD + GATEWAY)
        program.migrate()
        # Of a handler that has moved before, nothing says any more that its context takes Connect's codes too.
        assert program.text("app.py") == final.replace("abort(status_code(error.code)", "abort(error.code")


def test_a_code_that_is_asked_which_object_it_is_binds_both(program: Program) -> None:
    """A context that has moved gives the runtime's codes, which are equal to gRPC's, and not the same objects."""
    head, body = SERVICER.split("        return", 1)
    asks = "        assert context.code() is None or isinstance(context.code(), grpc.StatusCode)\n        return"
    stub = '\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("a:1"))\n'
    program.write("app.py", HEAD + head + asks + body + stub)
    assert codes(step(program, Stage.SERVER)) == {"G2C017"}
    assert "grpc." not in program.text("app.py")
