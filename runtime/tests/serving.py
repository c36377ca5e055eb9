"""Starts grpcio and runtime servers, sync and aio, behind one interface."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent import futures

import grpc
from servicers import AioEcho, SyncEcho, renamed

import grpc2connect_runtime as runtime

FLAVOURS = ("sync", "aio")


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Loop:
    """An event loop in a thread."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@contextlib.contextmanager
def grpcio_server(gen, flavour, seen, downstream=None, workers=4):
    servicer = (SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, seen, downstream)
    if flavour == "sync":
        with futures.ThreadPoolExecutor(workers) as pool:
            server = grpc.server(pool)
            gen.pb2_grpc.add_EchoServicer_to_server(servicer, server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                yield port
            finally:
                seen.release.set()
                server.stop(None).wait(10)
        return
    with Loop() as loop:

        async def start():
            server = grpc.aio.server()
            gen.pb2_grpc.add_EchoServicer_to_server(servicer, server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        try:
            yield port
        finally:
            seen.release.set()
            loop.run(server.stop(None))


@contextlib.contextmanager
def runtime_server(gen, flavour, seen, downstream=None, workers=4):
    servicer = renamed((SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, seen, downstream))
    if flavour == "sync":
        with futures.ThreadPoolExecutor(workers) as pool:
            server = runtime.Server(pool)
            server.add_service(gen.connect.EchoASGIApplication, servicer)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                yield port
            finally:
                seen.release.set()
                assert server.stop(None).wait(20)
        return
    with Loop() as loop:

        async def start():
            server = runtime.AioServer()
            server.add_service(gen.connect.EchoASGIApplication, servicer)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        try:
            yield port
        finally:
            seen.release.set()
            loop.run(server.stop(None))
