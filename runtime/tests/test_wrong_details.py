"""Details that are no text: grpcio's server refuses them where they are set, and the code stays."""

from __future__ import annotations

import asyncio
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


def fail(request, context):
    if request.text == "abort":
        context.abort(grpc.StatusCode.NOT_FOUND, None)
    if request.text == "set":
        context.set_details(KeyError("k"))
    if request.text == "set after a code":
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details(None)
    if request.text == "bytes":
        context.abort(grpc.StatusCode.NOT_FOUND, b"gone")


def outcome(gen, server, text):
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text=text), timeout=TIMEOUT_S)
    finally:
        server.stop(None).wait(TIMEOUT_S)
    return caught.value.code(), caught.value.details()


@pytest.mark.parametrize("text", ["abort", "set", "set after a code", "bytes"])
def test_of_a_context(gen, text):
    class Theirs(gen.pb2_grpc.EchoServicer):
        def Say(self, request, context):
            fail(request, context)

    class Ours(gen.connect.EchoSync):
        def say(self, request, context):
            fail(request, context)

    with futures.ThreadPoolExecutor(2) as pool:
        theirs, ours = grpc.server(pool), runtime.Server(pool)
        gen.pb2_grpc.add_EchoServicer_to_server(Theirs(), theirs)
        ours.add_service(gen.connect.EchoASGIApplication, Ours())
        assert outcome(gen, ours, text) == outcome(gen, theirs, text)


def test_of_an_error(gen):
    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            raise ConnectError(Code.NOT_FOUND, request)

    with futures.ThreadPoolExecutor(2) as pool:
        server = runtime.Server(pool)
        server.add_service(gen.connect.EchoASGIApplication, Service())
        # What grpcio says of `context.abort(grpc.StatusCode.NOT_FOUND, request)`.
        assert outcome(gen, server, "") == (grpc.StatusCode.NOT_FOUND, "Exception calling application: encode")


@pytest.mark.parametrize("text", ["abort", "set", "bytes"])
def test_of_an_async_context(gen, text):
    async def failing(request, context):
        if text == "abort":
            await context.abort(grpc.StatusCode.NOT_FOUND, ValueError("t"))
        if text == "set":
            context.set_details(b"no")
        if text == "bytes":
            await context.abort(grpc.StatusCode.NOT_FOUND, b"gone")

    class Theirs(gen.pb2_grpc.EchoServicer):
        async def Say(self, request, context):
            await failing(request, context)

    class Ours(gen.connect.Echo):
        async def say(self, request, context):
            await failing(request, context)

    async def said(server):
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(), timeout=TIMEOUT_S)
        await server.stop(None)
        return caught.value.code(), caught.value.details()

    async def both():
        theirs, ours = grpc.aio.server(), runtime.AioServer()
        gen.pb2_grpc.add_EchoServicer_to_server(Theirs(), theirs)
        ours.add_service(gen.connect.EchoASGIApplication, Ours())
        return await said(theirs), await said(ours)

    wanted, found = asyncio.run(both())
    assert found == wanted
