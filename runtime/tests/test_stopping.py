"""Servers that stop under calls which wait for their clients, or which only begin: UNAVAILABLE, as from grpcio's."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent import futures
from urllib.parse import unquote

import grpc
import pytest
from pyqwest import Client, HTTPTransport, HTTPVersion

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


class Flood:
    """Streams more than a client lets it, and reads requests without an answer."""

    def __init__(self):
        self.many = threading.Semaphore(0)

    def service(self, details):
        def repeat(request, context):
            while context.is_active():
                yield b"a" * 30_000
                self.many.release()

        def join(requests, context):
            return b"".join(requests)

        if details.method.endswith("Repeat"):
            return grpc.unary_stream_rpc_method_handler(repeat)
        if details.method.endswith("Join"):
            return grpc.stream_unary_rpc_method_handler(join)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")


def of_a_sync_client(channel, stop):
    with channel:
        call = channel.unary_stream("/e.E/Repeat")(b"")
        next(call)
        stop()
        with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
            list(call)
        return caught.value.code().name


async def of_an_async_client(channel, stop):
    async with channel:
        call = channel.unary_stream("/e.E/Repeat")(b"")
        await call.read()
        await asyncio.to_thread(stop)
        with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
            while await call.read():
                pass
        return caught.value.code().name


@pytest.mark.parametrize("client", ["grpcio", "grpcio aio", "runtime", "runtime aio"])
@pytest.mark.parametrize("make", [grpc.server, runtime.Server], ids=["grpcio", "runtime"])
def test_a_stream_that_its_client_does_not_read_is_told_that_its_server_stops(make, client):
    handlers = Flood()
    with futures.ThreadPoolExecutor(2) as pool:
        server = make(pool)
        server.add_generic_rpc_handlers((handlers,))
        target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()

        def stop():
            while handlers.many.acquire(timeout=0.3):  # until the client has no room for more
                pass
            server.stop(None)

        if client.endswith("aio"):
            make_channel = grpc.aio.insecure_channel if client.startswith("grpcio") else runtime.aio_insecure_channel

            async def main():
                return await asyncio.wait_for(of_an_async_client(make_channel(target), stop), 3 * TIMEOUT_S)

            found = asyncio.run(main())
        else:
            make_channel = grpc.insecure_channel if client == "grpcio" else runtime.insecure_channel
            found = of_a_sync_client(make_channel(target), stop)
        assert server.stop(None).wait(TIMEOUT_S)
    assert found == "UNAVAILABLE"  # grpcio's own text differs if its connection has gone first


@pytest.mark.connect_wire
def test_a_call_that_begins_as_its_server_stops_is_unavailable(caplog):
    async def begin_and_stop():
        server = runtime.AioServer()
        server.add_generic_rpc_handlers((Flood(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.stream_unary("/e.E/Join")()
            await call.write(b"a")
            await server.stop(None)
            return (await call.code()).name

    async def main():
        # Only some of them come when it stops already, or when it has not begun to accept.
        return {await begin_and_stop() for _ in range(200)}

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(asyncio.wait_for(main(), 12 * TIMEOUT_S)) == {"UNAVAILABLE"}
    assert not [record.getMessage() for record in caplog.records]


@pytest.mark.connect_wire
def test_a_request_that_does_not_end_is_told_that_its_server_stops():
    async def main():
        server = runtime.AioServer()
        server.add_generic_rpc_handlers((Flood(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        begun, stopped = asyncio.Event(), asyncio.Event()

        async def half_a_message():
            yield b"\x00\x00\x00\x00\x0aab"
            begun.set()
            await stopped.wait()

        headers = {"content-type": "application/grpc", "te": "trailers"}
        async with HTTPTransport(http_version=HTTPVersion.HTTP2) as transport:
            url = f"http://127.0.0.1:{port}/e.E/Say"
            made = asyncio.create_task(Client(transport).post(url, headers, half_a_message()))
            await asyncio.wait_for(begun.wait(), TIMEOUT_S)
            await asyncio.sleep(0.2)  # until the server waits for the rest
            await server.stop(None)
            stopped.set()
            answer = await asyncio.wait_for(made, TIMEOUT_S)
        return dict([*answer.headers.items(), *answer.trailers.items()])

    found = asyncio.run(main())
    assert (found["grpc-status"], unquote(found["grpc-message"])) == ("14", "Cancelling all calls")
