"""A channel with gzip sends fewer bytes, and is understood by a grpcio server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import grpc
import pytest
from servicers import Seen
from serving import grpcio_server

import grpc2connect_runtime as runtime

TEXT = "same:" + "a" * 200_000


class Counter:
    """A TCP proxy that counts what clients send."""

    def __init__(self, port):
        self.sent = 0
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target), timeout=20)
                threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # which wakes the thread that accepts; a close does not
        self.listener.close()

    def pump(self, source, sink, counted):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.sent += len(data) if counted else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


async def say(gen, channel):
    async with channel:
        return await channel.client(gen.connect.EchoClient).say(gen.pb2.Ask(text=TEXT), timeout_ms=10_000)


@pytest.mark.parametrize(
    ("compression", "smaller"),
    [
        (runtime.Compression.Gzip, True),
        (grpc.Compression.Gzip, True),
        (runtime.Compression.Deflate, False),
        (runtime.Compression.NoCompression, False),
        (None, False),
    ],
)
@pytest.mark.parametrize("flavour", ["sync", "aio"])
def test_requests_are_compressed(gen, flavour, compression, smaller, each_wire):
    if each_wire == "grpcio" and compression == runtime.Compression.Deflate:
        smaller = True  # which connectrpc does not have
    with grpcio_server(gen, "sync", Seen()) as port:
        counter = Counter(port)
        target = f"127.0.0.1:{counter.port}"
        if flavour == "aio":
            answer = asyncio.run(say(gen, runtime.aio_insecure_channel(target, compression=compression)))
        else:
            with runtime.insecure_channel(target, compression=compression) as channel:
                answer = channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text=TEXT), timeout_ms=10_000)
        counter.close()
        assert answer.text
        assert (counter.sent < len(TEXT) // 10) is smaller


def test_members_are_those_of_grpcio():
    assert [(m.name, m.value) for m in runtime.Compression] == [(m.name, m.value) for m in grpc.Compression]
