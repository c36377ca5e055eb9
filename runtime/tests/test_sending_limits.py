"""`grpc.max_send_message_length`: what is larger is not sent, as with grpcio, by clients and by servers."""

from __future__ import annotations

import asyncio
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
OPTIONS = [("grpc.max_send_message_length", 20)]
FITS, LARGE = "fits", "x" * 30
TIMEOUT_S = 10


class Echo:
    """Handlers for messages in bytes."""

    def service(self, details):
        return {
            "Say": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
            "Repeat": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"", request])),
            "Join": grpc.stream_unary_rpc_method_handler(lambda requests, context: b"".join(requests)),
            "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
        }[details.method.rpartition("/")[2]]


@pytest.fixture(scope="module")
def address():
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, handlers=[Echo()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait(TIMEOUT_S)


def outcome(error):
    return error.code().name, error.details(), str(error).partition(" ")[0]


def observed(channel):
    """What comes of requests that fit and that do not, in each kind of call."""
    seen = []
    for text in (FITS, LARGE):
        data = text.encode()
        for call in (
            lambda data=data: [channel.unary_unary("/e.E/Say")(data, timeout=TIMEOUT_S)],
            lambda data=data: list(channel.unary_stream("/e.E/Repeat")(data, timeout=TIMEOUT_S)),
            lambda data=data: [channel.stream_unary("/e.E/Join")(iter([b"1", data]), timeout=TIMEOUT_S)],
            lambda data=data: list(channel.stream_stream("/e.E/Chat")(iter([b"1", data]), timeout=TIMEOUT_S)),
        ):
            try:
                seen.append(call())
            except (grpc.RpcError, runtime.CallError) as error:
                seen.append(outcome(error))
    return seen


def test_requests_of_sync_clients(address):
    with grpc.insecure_channel(address, OPTIONS) as theirs, runtime.insecure_channel(address, OPTIONS) as ours:
        wanted = observed(theirs)
        assert wanted[4][:2] == ("RESOURCE_EXHAUSTED", "CLIENT: Sent message larger than max (30 vs. 20)")
        assert observed(runtime.calls_on(ours)) == wanted
    with runtime.insecure_channel(address, [("grpc.max_send_message_length", -1)]) as unlimited:
        assert runtime.calls_on(unlimited).unary_unary("/e.E/Say")(LARGE.encode(), timeout=TIMEOUT_S) == LARGE.encode()


def test_options_named_in_bytes(address):
    options = [(name.encode(), limit) for name, limit in OPTIONS]
    with grpc.insecure_channel(address, options) as theirs, runtime.insecure_channel(address, options) as ours:
        wanted = observed(theirs)
        assert wanted[4][0] == "RESOURCE_EXHAUSTED"
        assert observed(runtime.calls_on(ours)) == wanted


def test_requests_of_async_clients(address):
    async def fail(channel):
        call = runtime.calls_on(channel) if isinstance(channel, runtime.AioChannel) else channel
        seen = []
        for data in (FITS.encode(), LARGE.encode()):
            try:
                seen.append(await call.unary_unary("/e.E/Say")(data, timeout=TIMEOUT_S))
            except (grpc.RpcError, runtime.CallError) as error:
                seen.append(outcome(error))
        return seen

    async def main():
        async with grpc.aio.insecure_channel(address, OPTIONS) as theirs:
            wanted = await fail(theirs)
        async with runtime.aio_insecure_channel(address, OPTIONS) as ours:
            return wanted, await fail(ours)

    wanted, found = asyncio.run(main())
    assert wanted[1][:2] == ("RESOURCE_EXHAUSTED", "CLIENT: Sent message larger than max (30 vs. 20)")
    assert found == wanted


def test_responses_of_servers(gen):
    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            return gen.pb2.Answer(text=request.text)

        def repeat(self, request, context):
            yield gen.pb2.Answer(text=FITS)
            yield gen.pb2.Answer(text=request.text)

    with futures.ThreadPoolExecutor(4) as pool:
        server = runtime.Server(pool, options=OPTIONS)
        server.add_service(gen.connect.EchoASGIApplication, Service())
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        received = []
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text=FITS), timeout=TIMEOUT_S).text == FITS
            with pytest.raises(grpc.RpcError) as one:
                stub.Say(gen.pb2.Ask(text=LARGE), timeout=TIMEOUT_S)
            with pytest.raises(grpc.RpcError) as several:
                received.extend(answer.text for answer in stub.Repeat(gen.pb2.Ask(text=LARGE), timeout=TIMEOUT_S))
        server.stop(None).wait(TIMEOUT_S)
    said = (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER: Sent message larger than max (32 vs. 20)")
    assert [(caught.value.code(), caught.value.details()) for caught in (one, several)] == [said, said]


def test_a_limit_of_connect_clients_calls(gen, address):
    with runtime.insecure_channel(address, OPTIONS) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        with pytest.raises(runtime.CallError) as caught:
            client.say(gen.pb2.Ask(text=LARGE), timeout_ms=10_000)
    assert caught.value.code is Code.RESOURCE_EXHAUSTED
