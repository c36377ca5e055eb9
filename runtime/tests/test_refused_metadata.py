"""Metadata that gRPC refuses to send fails a call, not the making of it: one body, both libraries."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures

import grpc
import pytest

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
LIMIT_S = 20
REFUSED = [("X-Upper", "1")], [("x-a", "é")], [("x-a", "a\nb")], [("", "a")], [(":path", "/a")]
SYNC = pytest.mark.parametrize("insecure", [grpc.insecure_channel, runtime.insecure_channel], ids=["grpcio", "runtime"])
AIO = pytest.mark.parametrize(
    "insecure", [grpc.aio.insecure_channel, runtime.aio_insecure_channel], ids=["grpcio", "runtime"]
)
MADE = {
    "unary_unary": lambda method, metadata: method.future(b"", metadata=metadata),
    "unary_stream": lambda method, metadata: method(b"", metadata=metadata),
    "stream_unary": lambda method, metadata: method.future(iter([b""]), metadata=metadata),
    "stream_stream": lambda method, metadata: method(iter([b""]), metadata=metadata),
}


@contextlib.contextmanager
def served():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait(LIMIT_S)


def shown(error):
    return type(error).__name__, error.code().name, error.details()


@pytest.mark.parametrize("metadata", REFUSED, ids=repr)
@pytest.mark.parametrize("kind", MADE)
@SYNC
def test_a_call_that_is_begun_fails(insecure, kind, metadata):
    with served() as address, insecure(address) as channel:
        call = MADE[kind](getattr(channel, kind)("/test.Echo/None"), metadata)
        with pytest.raises(Exception) as raised:
            next(call) if kind.endswith("stream") else call.result(LIMIT_S)
        assert shown(raised.value) == ("_MultiThreadedRendezvous", "INTERNAL", "Invalid metadata")
        assert call.code().name == "INTERNAL" and call.done()


@pytest.mark.parametrize("metadata", REFUSED, ids=repr)
@SYNC
def test_a_call_that_is_waited_for_fails(insecure, metadata):
    with served() as address, insecure(address) as channel:
        method = channel.unary_unary("/test.Echo/None")
        for make in (method, method.with_call):
            with pytest.raises(Exception) as raised:
                make(b"", metadata=metadata)
            assert shown(raised.value) == ("_InactiveRpcError", "INTERNAL", "Invalid metadata")


@pytest.mark.parametrize("metadata", REFUSED, ids=repr)
@pytest.mark.parametrize("kind", ["unary_stream", "stream_unary", "stream_stream"])
@AIO
def test_an_aio_call_fails(insecure, kind, metadata):
    async def main():
        async with insecure(address) as channel:
            request = iter([b""]) if kind.startswith("stream") else b""
            call = getattr(channel, kind)("/test.Echo/None")(request, metadata=metadata)
            with pytest.raises(Exception) as raised:
                await (call.read() if kind.endswith("stream") else call)
            assert shown(raised.value) == ("AioRpcError", "INTERNAL", "Invalid metadata")

    with served() as address:
        asyncio.run(asyncio.wait_for(main(), LIMIT_S))


@SYNC
def test_what_an_error_can_be_asked_is_there_before_it_is_called(insecure):
    with served() as address, insecure(address) as channel:
        with pytest.raises(Exception) as raised:
            channel.unary_unary("/test.Echo/None")(b"", metadata=REFUSED[0])
        for name in ("initial_metadata", "trailing_metadata"):
            method = getattr(raised.value, name, None)
            assert method
            assert not method()
