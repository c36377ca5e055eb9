"""Clients that leave while their handlers do not read what they have sent: the handlers are told, as by grpcio."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent import futures

import grpc
import pytest
from serving import Loop

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
METHODS = {"Join": "stream_unary", "Chat": "stream_stream"}


class Waiting:
    """Handlers that read one request and wait until their client has left."""

    def __init__(self):
        self.started = threading.Event()
        self.told = threading.Event()

    def sync(self, requests, context):
        context.add_callback(self.told.set)
        next(requests)
        self.started.set()
        self.told.wait(2 * TIMEOUT_S)

    async def aio(self, requests, context):
        await anext(aiter(requests))
        self.started.set()
        try:
            await asyncio.sleep(2 * TIMEOUT_S)
        except asyncio.CancelledError:
            self.told.set()
            raise

    def service(self, details):
        return self.handlers[details.method.rpartition("/")[2]]

    def of_threads(self):
        def join(requests, context):
            self.sync(requests, context)
            return b""

        def chat(requests, context):
            yield join(requests, context)

        self.handlers = {
            "Join": grpc.stream_unary_rpc_method_handler(join),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        }
        return self

    def of_a_loop(self):
        async def join(requests, context):
            await self.aio(requests, context)
            return b""

        async def chat(requests, context):
            await self.aio(requests, context)
            yield b""

        self.handlers = {
            "Join": grpc.stream_unary_rpc_method_handler(join),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        }
        return self


@contextlib.contextmanager
def serving(colour, waiting):
    if colour == "sync":
        with futures.ThreadPoolExecutor(2) as pool:
            server = runtime.Server(pool)
            server.add_generic_rpc_handlers((waiting.of_threads(),))
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            yield port
            waiting.told.set()
            server.stop(None).wait(TIMEOUT_S)
        return
    with Loop() as loop:

        async def start():
            server = runtime.AioServer()
            server.add_generic_rpc_handlers((waiting.of_a_loop(),))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        yield port
        loop.run(server.stop(None))


@pytest.mark.parametrize("client", ["grpcio", "runtime"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("colour", ["sync", "aio"])
def test_a_handler_is_told_that_its_client_has_left_requests_unread(colour, method, client):
    waiting = Waiting()

    async def leave(port):
        make = grpc.aio.insecure_channel if client == "grpcio" else runtime.aio_insecure_channel
        async with make(f"127.0.0.1:{port}") as channel:
            call = getattr(channel, METHODS[method])(f"/e.E/{method}")()
            for _ in range(5):
                await call.write(b"a")
            assert await asyncio.to_thread(waiting.started.wait, TIMEOUT_S)
            await asyncio.sleep(0.1)  # until the other requests have come, too
            assert call.cancel()
            assert await asyncio.to_thread(waiting.told.wait, TIMEOUT_S)

    with serving(colour, waiting) as port:
        asyncio.run(asyncio.wait_for(leave(port), 3 * TIMEOUT_S))
