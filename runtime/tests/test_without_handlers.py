"""A servicer that is the generated class itself: each of its RPCs ends as grpcio's do."""

from __future__ import annotations

from concurrent import futures

import grpc
import pytest
from serving import Loop

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


def ends(gen, port):
    """How a unary and a streaming RPC end, by what grpcio's client is told."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        for call in (stub.Say, lambda request, timeout: list(stub.Repeat(request, timeout=timeout))):
            with pytest.raises(grpc.RpcError) as raised:
                call(gen.pb2.Ask(), timeout=TIMEOUT_S)
            yield raised.value.code(), raised.value.details()


def sync_server(make, add):
    with futures.ThreadPoolExecutor(4) as pool:
        server = make(pool)
        add(server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            assert server.stop(None).wait(20)


def aio_server(make, add):
    async def start():
        server = make()
        add(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    with Loop() as loop:
        server, port = loop.run(start())
        try:
            yield port
        finally:
            loop.run(server.stop(None))


@pytest.mark.parametrize(
    ("serve", "old", "new"),
    [(sync_server, grpc.server, runtime.Server), (aio_server, grpc.aio.server, runtime.AioServer)],
)
def test_every_rpc_is_unimplemented(gen, serve, old, new):
    bare = runtime.servicer_base(gen.connect.EchoSync)()
    found = []
    for make, add in (
        (old, lambda server: gen.pb2_grpc.add_EchoServicer_to_server(gen.pb2_grpc.EchoServicer(), server)),
        (new, lambda server: server.add_service(gen.connect.EchoASGIApplication, bare)),
    ):
        for port in serve(make, add):
            found.append(list(ends(gen, port)))
    assert found[0] == found[1]
    assert {code for code, _ in found[0]} == {grpc.StatusCode.UNIMPLEMENTED}
