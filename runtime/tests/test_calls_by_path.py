"""Calls and handlers without generated code, moved and not, on each wire."""

from __future__ import annotations

import contextlib
import pickle
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import Loop, free_port, grpcio_server, runtime_server

import grpc2connect_runtime as runtime

WIRES = ("connect", "grpcio")


def upper(request, context):
    return request.upper()


def numbers(request, context):
    for number in range(int(request)):
        yield str(number).encode()


def refuse(request, context):
    context.set_trailing_metadata((("why", "full"),))
    context.abort(Code.RESOURCE_EXHAUSTED, "no room")


def refuse_softly(request, context):
    context.set_code(runtime.StatusCode.NOT_FOUND)
    context.set_details("not here")
    return b""


async def refuse_async(request, context):
    await context.abort(Code.RESOURCE_EXHAUSTED, "no room")


class Whole(runtime.GenericRpcHandler):
    """Finds a handler by the whole path."""

    def service(self, handler_call_details):
        if handler_call_details.method == "/test.Whole/Upper":
            return runtime.unary_unary_rpc_method_handler(upper, bytes.decode, str.encode)
        return None


def handlers():
    return {
        "Numbers": runtime.unary_stream_rpc_method_handler(numbers),
        "Refuse": runtime.unary_unary_rpc_method_handler(refuse),
        "RefuseSoftly": runtime.unary_unary_rpc_method_handler(refuse_softly),
    }


@contextlib.contextmanager
def serving(wire, late=False):
    with futures.ThreadPoolExecutor(4) as pool:
        server = runtime.Server(pool, wire=wire)
        generic = (Whole(), runtime.method_handlers_generic_handler("test.Parts", handlers()))
        if not late:
            server.add_generic_rpc_handlers(generic)
        server.add_registered_method_handlers("test.Registered", handlers())
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        if late:
            server.add_generic_rpc_handlers(generic)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait(10)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("service", ["Parts", "Registered"])
@pytest.mark.parametrize("wire", WIRES)
def test_moved_handlers_end_calls_with_their_statuses(wire, service, late):
    with serving(wire, late) as address, grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(f"/test.{service}/Refuse")(b"", timeout=10)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused.value.details() == "no room"
        assert ("why", "full") in tuple(refused.value.trailing_metadata())
        with pytest.raises(grpc.RpcError) as missed:
            channel.unary_unary(f"/test.{service}/RefuseSoftly")(b"", timeout=10)
        assert missed.value.code() is grpc.StatusCode.NOT_FOUND
        assert list(channel.unary_stream(f"/test.{service}/Numbers")(b"3", timeout=10)) == [b"0", b"1", b"2"]
        assert channel.unary_unary("/test.Whole/Upper")(b"text", timeout=10) == b"TEXT"


def test_a_moved_handler_on_grpcio_s_async_core():
    with Loop() as loop:

        async def ask():
            server = runtime.AioServer(wire="grpcio")
            one = {"Refuse": runtime.unary_unary_rpc_method_handler(refuse_async)}
            server.add_generic_rpc_handlers((runtime.method_handlers_generic_handler("test.Parts", one),))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
                with pytest.raises(runtime.AioRpcError) as refused:
                    await runtime.calls_on(channel).unary_unary("/test.Parts/Refuse")(b"", timeout=10)
            await server.stop(None)
            return refused.value

        error = loop.run(ask())
    assert error.code == Code.RESOURCE_EXHAUSTED
    assert error.code() is runtime.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("wire", WIRES)
def test_calls_by_path_have_this_package_s_kinds(wire):
    with serving(wire) as address, runtime.insecure_channel(address) as channel:
        calls = runtime.calls_on(channel)
        ask = calls.unary_unary("/test.Whole/Upper", request_serializer=str.encode, response_deserializer=bytes.decode)
        assert ask("text", timeout=10) == "TEXT"
        stream = calls.unary_stream("/test.Parts/Numbers")(b"2", timeout=10)
        assert list(stream) == [b"0", b"1"]
        assert stream.code() is runtime.StatusCode.OK
        future = calls.unary_unary("/test.Parts/Refuse").future(b"", timeout=10)
        error = future.exception()
        assert type(error).__mro__.count(ConnectError) == 1
        assert not isinstance(error, grpc.RpcError)
        assert future.code() is runtime.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(ConnectError) as raised:
            calls.unary_unary("/test.Parts/Refuse")(b"", timeout=10)
        for one in (error, raised.value, pickle.loads(pickle.dumps(error))):
            assert one.code == Code.RESOURCE_EXHAUSTED
            assert one.code() is runtime.StatusCode.RESOURCE_EXHAUSTED
            assert (one.message, one.details()) == ("no room", "no room")
            assert runtime.rpc_error(one).code() is runtime.StatusCode.RESOURCE_EXHAUSTED
            assert ("why", "full") in tuple(one.trailing_metadata())


def test_what_is_no_channel_of_this_package_stays():
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        assert runtime.calls_on(channel) is channel


@pytest.mark.parametrize("serve", [grpcio_server, runtime_server])
def test_calls_at_an_address(gen, serve):
    client = gen.connect.EchoClientSync
    old = gen.pb2_grpc.Echo
    with serve(gen, "sync", Seen()) as port:
        target = f"127.0.0.1:{port}"
        for unary, stream in (
            (old.Say, old.Repeat),
            (
                runtime.call_at(client, "say", runtime.unary_unary),
                runtime.call_at(client, "repeat", runtime.unary_stream),
            ),
        ):
            for _ in range(2):
                assert unary(gen.pb2.Ask(text="one"), target, insecure=True, timeout=10).text
            assert list(stream(gen.pb2.Ask(text="one", count=2), target, (), None, None, True, timeout=10))
            with pytest.raises(ValueError, match="mutually exclusive"):
                unary(gen.pb2.Ask(), target, channel_credentials=grpc.local_channel_credentials(), insecure=True)
            with pytest.raises((grpc.RpcError, ConnectError)) as timed_out:
                unary(gen.pb2.Ask(text="one"), f"127.0.0.1:{free_port()}", insecure=True, timeout=0.2)
            error = timed_out.value
            code = error.code() if isinstance(error, grpc.RpcError) else runtime.rpc_error(error).code()
            assert code.name == "DEADLINE_EXCEEDED"  # it waits for a server, which the other calls do not


def test_a_wrapped_handler():
    def louder(behaviour):
        return lambda request, context: behaviour(request, context) + "!"

    for module in (grpc, runtime):
        handler = module.unary_unary_rpc_method_handler(upper, bytes.decode, str.encode)
        wrapped = runtime.wrap_server_method_handler(louder, handler)
        assert wrapped.unary_unary("a", None) == "A!"
        assert wrapped.request_deserializer is handler.request_deserializer
    assert runtime.wrap_server_method_handler(louder, None) is None
