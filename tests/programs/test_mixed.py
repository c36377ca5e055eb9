"""A program of which one service moves and another stays: what belongs to neither works with both."""

from __future__ import annotations

import ast

import pytest

from tests.programs.conftest import Program

OTHER = """
class FarewellStub(object):
    def __init__(self, channel):
        self.SayBye = channel.unary_unary("/farewell.Farewell/SayBye")


class FarewellServicer(object):
    def SayBye(self, request, context):
        raise NotImplementedError


def add_FarewellServicer_to_server(servicer, server):
    server.add_generic_rpc_handlers(())
"""
PROTO = (
    'syntax = "proto3";\npackage farewell;\nmessage Bye { string name = 1; }\n'
    "service Farewell { rpc SayBye (Bye) returns (Bye); }\n"
)
HEAD = """\
import grpc

import farewell_pb2_grpc
import greeting_pb2
import greeting_pb2_grpc

greeter = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel("a:1"))
farewell = farewell_pb2_grpc.FarewellStub(grpc.insecure_channel("b:1"))
held = vars(farewell)


def ask(request, known):
    try:
        farewell.SayBye(request)
        return greeter.SayHello(request)
    except grpc.RpcError as error:
"""


@pytest.fixture
def mixed(program: Program) -> Program:
    program.write("farewell.proto", PROTO)
    program.write("farewell_pb2_grpc.py", OTHER)
    return program


def migrated(program: Program, body: str) -> str:
    program.write("app.py", HEAD + body)
    program.migrate()
    after = program.text("app.py")
    ast.parse(after)
    assert "farewell.SayBye(request)" in after
    assert program.run().changes == ()
    return after


def test_both_errors_are_caught(mixed: Program) -> None:
    after = migrated(mixed, "        raise\n")
    assert "greeter.say_hello(request)" in after
    assert "except (grpc.RpcError, ConnectError) as error:" in after


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            "return error.code() is grpc.StatusCode.NOT_FOUND",
            "return rpc_error(error, grpc.StatusCode).code() is grpc.StatusCode.NOT_FOUND",
        ),
        (
            "return known.assertIs(grpc.StatusCode.NOT_FOUND, error.code())",
            "return known.assertIs(grpc.StatusCode.NOT_FOUND, rpc_error(error, grpc.StatusCode).code())",
        ),
        (
            "return known.assertIs(known.code, grpc.StatusCode.NOT_FOUND)",
            "return known.assertEqual(known.code, grpc.StatusCode.NOT_FOUND)",
        ),
        ("return known[error.code()]", "return known[rpc_error(error, grpc.StatusCode).code()]"),
        (
            "return isinstance(error.code(), grpc.StatusCode)",
            "return isinstance(rpc_error(error, grpc.StatusCode).code(), grpc.StatusCode)",
        ),
        ("return grpc.StatusCode[known]", "return grpc.StatusCode[known]"),
        ("return isinstance(known, grpc.Channel)", "return isinstance(known, grpc.Channel)"),
    ],
)
def test_codes_and_types_remain_those_of_grpc(mixed: Program, body: str, line: str) -> None:
    assert f"        {line}\n" in migrated(mixed, f"        {body}\n")


def test_a_wait_that_may_be_for_either(mixed: Program) -> None:
    body = (
        "        raise\n\n\ndef wait(channel):\n    try:\n        grpc.channel_ready_future(channel).result(3)\n"
        "    except grpc.FutureTimeoutError:\n        return None\n"
    )
    after = migrated(mixed, body)
    assert "        grpc.channel_ready_future(channel).result(3)\n" in after
    assert "    except (grpc.FutureTimeoutError, FutureTimeoutError):\n" in after


def test_a_server_without_services_moves_with_what_is_near(mixed: Program) -> None:
    after = migrated(mixed, "        raise\n\n\ndef serve(pool):\n    server = grpc.server(pool)\n    server.start()\n")
    assert '    server = Server(pool, wire="grpcio")\n' in after


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        ("state is grpc.ChannelConnectivity.READY", "state == grpc.ChannelConnectivity.READY"),
        ("state is not grpc.ChannelConnectivity.READY", "state != grpc.ChannelConnectivity.READY"),
        ("state == grpc.ChannelConnectivity.READY", "state == grpc.ChannelConnectivity.READY"),
        ("same(state, grpc.ChannelConnectivity.READY)", ""),
        ("isinstance(state, grpc.ChannelConnectivity)", ""),
    ],
)
def test_states_that_are_told_apart_by_members_that_stay(mixed: Program, asked: str, becomes: str) -> None:
    """A state that the runtime's channel shows is equal to grpcio's, and another object."""
    mixed.write(
        "app.py",
        "import grpc\n\nimport farewell_pb2_grpc\nimport greeting_pb2_grpc\n\n\n"
        "def same(one, other):\n    return one is other\n\n\n"
        f"def watch(state):\n    return {asked}\n\n\n"
        'channel = grpc.insecure_channel("a:1")\n'
        "channel.subscribe(watch)\n"
        "greeter = greeting_pb2_grpc.GreeterStub(channel)\n"
        'farewell = farewell_pb2_grpc.FarewellStub(grpc.insecure_channel("b:1"))\n'
        "held = vars(farewell)\n",
    )
    mixed.migrate()
    assert ("channel.client(" in mixed.text("app.py")) is bool(becomes)
    assert f"return {becomes or asked}\n" in mixed.text("app.py")


def test_the_name_of_reflection_is_left_as_it_is_where_reflection_may_stay(mixed: Program) -> None:
    names = "    return reflection.SERVICE_NAME\n"
    after = migrated(
        mixed, f"        raise\n\n\ndef names():\n    from grpc_reflection.v1alpha import reflection\n{names}"
    )
    assert names in after


def test_a_member_goes_on_where_nothing_is_compared_by_identity(mixed: Program) -> None:
    mixed.write(
        "app.py",
        "import grpc\n\nimport farewell_pb2_grpc\nimport greeting_pb2_grpc\n\n\n"
        "def until(channel, wanted):\n    return channel.subscribe(lambda state: state == wanted)\n\n\n"
        'channel = grpc.insecure_channel("a:1")\n'
        "until(channel, grpc.ChannelConnectivity.READY)\n"
        "greeter = greeting_pb2_grpc.GreeterStub(channel)\n"
        'farewell = farewell_pb2_grpc.FarewellStub(grpc.insecure_channel("b:1"))\n'
        "held = vars(farewell)\n",
    )
    mixed.migrate()
    assert "channel.client(" in mixed.text("app.py")
    assert "until(channel, grpc.ChannelConnectivity.READY)" in mixed.text("app.py")


def _kept(program: Program, body: str) -> str:
    program.write("app.py", HEAD + body)
    assert program.migrate().changes == ()
    return program.text("app.py")


CALLED = """\
        raise


def check(self, request, known):
    _, call = greeter.SayHello.with_call(request)
    _, other = farewell.SayBye.with_call(request)
"""
EITHER = """\
    one = greeter.SayHello.future(request) if known else farewell.SayBye.future(request)
"""


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        ("self.assertIs(grpc.StatusCode.OK, call.code())", "self.assertIs(StatusCode.OK, call.code())"),
        ("self.assertIs(call.code(), grpc.StatusCode.OK, 'why')", "self.assertIs(call.code(), StatusCode.OK, 'why')"),
        ("assert call.code() is not grpc.StatusCode.ABORTED", "assert call.code() is not StatusCode.ABORTED"),
        ("self.assertIs(grpc.StatusCode.OK, other.code())", "self.assertIs(grpc.StatusCode.OK, other.code())"),
        ("assert other.code() is grpc.StatusCode.OK", "assert other.code() is grpc.StatusCode.OK"),
        # A call of both keeps both on gRPC.
        ("self.assertIs(grpc.StatusCode.OK, one.code())", "self.assertIs(grpc.StatusCode.OK, one.code())"),
        ("self.assertIs(grpc.StatusCode.OK, known(request))", "self.assertEqual(grpc.StatusCode.OK, known(request))"),
    ],
)
def test_codes_of_one_service_s_calls_stay_of_one_kind(mixed: Program, asked: str, becomes: str) -> None:
    body = f"{CALLED}{EITHER if 'one.' in asked else ''}    {asked}\n"
    after = migrated(mixed, body) if "one." not in asked else _kept(mixed, body)
    assert f"    {becomes}\n" in after
    assert mixed.run().changes == ()


HANDLER = """\
from unittest.mock import MagicMock

import grpc
import pytest

import farewell_pb2_grpc
import greeting_pb2
import greeting_pb2_grpc

held = vars(farewell_pb2_grpc.FarewellStub(grpc.insecure_channel("b:1")))


class Greeter(greeting_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        refuse(context)
        return greeting_pb2.HelloReply()


def refuse(context: grpc.ServicerContext):
    context.set_code(grpc.StatusCode.NOT_FOUND)
    context.set_details("nobody")
"""
TEST = """

@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND])
def test_nobody(code: grpc.StatusCode) -> None:
    context = MagicMock(spec=grpc.ServicerContext)
    Greeter().SayHello(greeting_pb2.HelloRequest(), context)
    context.set_code.assert_called_once_with(code)
"""


@pytest.mark.parametrize(("test", "code"), [(TEST, "grpc.StatusCode.NOT_FOUND"), ("", "Code.NOT_FOUND")])
def test_codes_that_a_mock_of_a_context_records_are_those_of_grpc(mixed: Program, test: str, code: str) -> None:
    mixed.write("app.py", HANDLER + test)
    mixed.migrate()
    after = mixed.text("app.py")
    assert "class Greeter(greeting_connect.GreeterSync):" in after
    assert f"    context.set_code({code})\n" in after
    assert "[grpc.StatusCode.NOT_FOUND]" in after if test else "parametrize" not in after
    assert mixed.run().changes == ()
