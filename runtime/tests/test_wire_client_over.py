"""Plain generated clients over channels of grpcio: connectrpc's calls, carried by grpcio."""

from __future__ import annotations

import asyncio
import gzip
import queue
import threading
import time
from concurrent import futures

import grpc
import pytest
from connectrpc.client import ResponseMetadata
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from connectrpc.request import Headers
from pyqwest import Client, Request, SyncClient, SyncRequest
from pyqwest import Headers as HTTPHeaders
from servicers import Seen
from serving import grpcio_server, runtime_server
from versions import native_clients

import grpc2connect_runtime as runtime
from grpc2connect_runtime.wire.client_aio import AioGrpcioTransport
from grpc2connect_runtime.wire.client_frames import Frames, frame, messages
from grpc2connect_runtime.wire.client_sync import SyncGrpcioTransport

TIMEOUT_MS = 10_000
SERVERS = (grpcio_server, runtime_server)
ADDRESS = "http://localhost"
LARGE = 3_000_000


def sync_client(gen, channel, **arguments):
    arguments = {"protocol": ProtocolType.GRPC, **arguments}
    return gen.connect.EchoClientSync(ADDRESS, http_client=runtime.http_client_over(channel), **arguments)


def aio_client(gen, channel, **arguments):
    arguments = {"protocol": ProtocolType.GRPC, **arguments}
    return gen.connect.EchoClient(ADDRESS, http_client=runtime.aio_http_client_over(channel), **arguments)


@native_clients
@pytest.mark.parametrize("flavour", ["sync", "aio"])
@pytest.mark.parametrize("serve", SERVERS)
def test_all_four_kinds(gen, serve, flavour):
    def asks(*texts):
        return (gen.pb2.Ask(text=text) for text in texts)

    with serve(gen, flavour, Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = sync_client(gen, channel)
        assert client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS).text == "a"
        assert client.join(asks("x", "y"), timeout_ms=TIMEOUT_MS).text == "x+y"
        assert client.join(asks(), timeout_ms=TIMEOUT_MS).text == ""
        many = client.repeat(gen.pb2.Ask(text="a", count=300), timeout_ms=TIMEOUT_MS)
        assert [one.text for one in many] == [f"a{number}" for number in range(300)]
        chat = client.chat(asks("x", "y"), timeout_ms=TIMEOUT_MS)
        assert [one.text for one in chat] == ["X", "Y"]


@native_clients
@pytest.mark.parametrize("flavour", ["sync", "aio"])
@pytest.mark.parametrize("serve", SERVERS)
def test_all_four_kinds_of_aio(gen, serve, flavour):
    async def asks(*texts):
        for text in texts:
            yield gen.pb2.Ask(text=text)

    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = aio_client(gen, channel)
            assert (await client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS)).text == "a"
            assert (await client.join(asks("x", "y"), timeout_ms=TIMEOUT_MS)).text == "x+y"
            assert (await client.join(asks(), timeout_ms=TIMEOUT_MS)).text == ""
            many = client.repeat(gen.pb2.Ask(text="a", count=300), timeout_ms=TIMEOUT_MS)
            assert [one.text async for one in many] == [f"a{number}" for number in range(300)]
            chat = client.chat(asks("x", "y"), timeout_ms=TIMEOUT_MS)
            assert [one.text async for one in chat] == ["X", "Y"]

    with serve(gen, flavour, Seen()) as port:
        asyncio.run(main(port))


@native_clients
@pytest.mark.parametrize("serve", SERVERS)
def test_large_messages_and_compressed_requests(gen, serve):
    text = "x" * LARGE
    with serve(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for arguments in ({}, {"send_compression": None}):
            client = sync_client(gen, channel, **arguments)
            assert client.say(gen.pb2.Ask(text=text), timeout_ms=TIMEOUT_MS).text == text
            chat = client.chat(iter([gen.pb2.Ask(text=text)] * 3), timeout_ms=TIMEOUT_MS)
            assert [len(one.text) for one in chat] == [LARGE] * 3
        with pytest.raises(ConnectError, match=r"larger than (configured )?max") as caught:
            list(client.chat(iter([gen.pb2.Ask(text=text + text)]), timeout_ms=TIMEOUT_MS))
        assert caught.value.code is Code.RESOURCE_EXHAUSTED


@native_clients
@pytest.mark.parametrize("serve", SERVERS)
def test_metadata_and_errors(gen, serve):
    sent = [("k", "1"), ("k", "2"), ("b-bin", "AP8"), ("b-bin", "AQ")]
    with serve(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = sync_client(gen, channel)
        with ResponseMetadata() as meta:
            answer = client.say(gen.pb2.Ask(text="metadata"), headers=Headers(sent), timeout_ms=TIMEOUT_MS)
        assert answer.text == repr([("b-bin", b"\x00\xff"), ("b-bin", b"\x01"), ("k", "1"), ("k", "2")])
        assert (meta.headers["initial"], meta.headers["i-bin"]) == ("1", "Af4")
        assert meta.trailers["trailing"] == "2"
        with ResponseMetadata() as meta, pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="abort with trailers"), timeout_ms=TIMEOUT_MS)
        assert (caught.value.code, caught.value.message) == (Code.ABORTED, "t")
        assert (meta.trailers.getall("a"), meta.trailers["b-bin"]) == (["1", "2"], "AP8")
        for text, code, message in (
            ("abort", Code.NOT_FOUND, "no such thing é"),
            ("raise", Code.UNKNOWN, "Exception calling application: secret boom"),
        ):
            with pytest.raises(ConnectError) as caught:
                client.say(gen.pb2.Ask(text=text), timeout_ms=TIMEOUT_MS)
            assert (caught.value.code, caught.value.message) == (code, message)
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="rich"), timeout_ms=TIMEOUT_MS)
        (detail,) = caught.value.details
        assert (detail.type_name, detail.message_bytes) == ("tests.v1.Ask", b"\x0a\x03abc")
        received = []
        with pytest.raises(ConnectError) as caught:
            received.extend(one.text for one in client.repeat(gen.pb2.Ask(text="then:abort", count=2)))
        assert (received, caught.value.code) == (["0", "1"], Code.NOT_FOUND)


@native_clients
def test_full_duplex_and_no_reading_ahead(gen):
    with grpcio_server(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        asks = queue.SimpleQueue()
        asks.put(gen.pb2.Ask(text="a"))
        chat = sync_client(gen, channel).chat(iter(asks.get, None), timeout_ms=TIMEOUT_MS)
        assert next(chat).text == "A"
        for text in "bcd":
            asks.put(gen.pb2.Ask(text=text))
            assert next(chat).text == text.upper()
        asks.put(None)
        assert list(chat) == []


@native_clients
def test_full_duplex_of_aio(gen):
    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            asks = asyncio.Queue()

            async def each():
                while (ask := await asks.get()) is not None:
                    yield ask

            await asks.put(gen.pb2.Ask(text="a"))
            chat = aio_client(gen, channel).chat(each(), timeout_ms=TIMEOUT_MS)
            assert (await anext(chat)).text == "A"
            for text in "bcd":
                await asks.put(gen.pb2.Ask(text=text))
                assert (await anext(chat)).text == text.upper()
            await asks.put(None)
            assert [one async for one in chat] == []

    with grpcio_server(gen, "aio", Seen()) as port:
        asyncio.run(main(port))


class Endless:
    """A server that streams until its client takes no more, and counts what it has sent."""

    def __init__(self):
        self.sent = 0
        self.ended = threading.Event()

    def service(self, call_details):
        def many(request, context):
            context.add_callback(self.ended.set)
            while context.is_active():
                self.sent += 1
                yield b"x" * 100_000

        return grpc.unary_stream_rpc_method_handler(many)


def test_a_slow_reader_holds_back_the_server_and_closing_ends_it(gen):
    endless = Endless()
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=[endless])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            transport = SyncGrpcioTransport(channel)
            headers = HTTPHeaders({"content-type": "application/grpc+proto", "te": "trailers"})
            response = transport.execute_sync(SyncRequest("POST", f"{ADDRESS}/a.B/C", headers, frame(b"")))
            assert len(next(iter(response.content))) == 100_005
            before = -1
            while before != endless.sent:
                before = endless.sent
                time.sleep(0.5)
            assert endless.sent < 1000
            assert not endless.ended.is_set()
            response.close()
            assert endless.ended.wait(10)
        server.stop(None).wait(10)


@native_clients
@pytest.mark.parametrize("flavour", ["sync", "aio"])
def test_closing_a_generator_cancels_the_call(gen, flavour):
    seen = Seen()
    with grpcio_server(gen, flavour, seen) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        responses = sync_client(gen, channel).repeat(gen.pb2.Ask(text="hang:"))
        assert next(responses).text == "first"
        responses.close()
        assert seen.ended.wait(10)


@native_clients
def test_cancelling_a_task_cancels_the_call(gen):
    async def main(port, seens):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = aio_client(gen, channel)
            task = asyncio.create_task(client.say(gen.pb2.Ask(text="hang")))
            assert await asyncio.to_thread(seen.started.wait, 10)
            task.cancel()
            with pytest.raises(ConnectError) as caught:  # connectrpc's own translation
                await task
            assert caught.value.code is Code.CANCELED
            assert await asyncio.to_thread(seen.ended.wait, 10)
            seen.ended.clear()
            responses = client.repeat(gen.pb2.Ask(text="hang:"))
            assert (await anext(responses)).text == "first"
            await responses.aclose()
            assert await asyncio.to_thread(seen.ended.wait, 10)

    seen = Seen()
    with grpcio_server(gen, "aio", seen) as port:
        asyncio.run(main(port, seen))


@pytest.mark.parametrize("flavour", ["sync", "aio"])
def test_deadlines_reach_the_server(gen, flavour):
    seen = Seen()
    with grpcio_server(gen, flavour, seen) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = sync_client(gen, channel)
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="hang"), timeout_ms=300)
        assert caught.value.code is Code.DEADLINE_EXCEEDED
        assert seen.ended.wait(10)

        async def main():
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                with pytest.raises(ConnectError) as caught:
                    await aio_client(gen, channel).say(gen.pb2.Ask(text="hang"), timeout_ms=300)
                assert caught.value.code is Code.DEADLINE_EXCEEDED

        seen.ended.clear()
        asyncio.run(main())
        assert seen.ended.wait(10)


def test_requests_that_raise(gen):
    def broken():
        yield gen.pb2.Ask(text="a")
        raise ValueError("mine")

    async def aio_broken():
        yield gen.pb2.Ask(text="a")
        raise ValueError("mine")

    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(ConnectError, match="mine"):
                await asyncio.wait_for(aio_client(gen, channel).join(aio_broken()), 10)

    with grpcio_server(gen, "aio", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(ConnectError, match="iterating requests"):
            sync_client(gen, channel).join(broken(), timeout_ms=TIMEOUT_MS)
        asyncio.run(main(port))


def test_headers_that_grpc_refuses(gen):
    bad = Headers([("k", "é")])

    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = aio_client(gen, channel)
            with pytest.raises(ConnectError, match="Invalid metadata") as caught:
                await client.say(gen.pb2.Ask(), headers=bad, timeout_ms=TIMEOUT_MS)
            assert caught.value.code is Code.INTERNAL

    with grpcio_server(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = sync_client(gen, channel)
        for call in (client.say, lambda *arguments, **names: list(client.repeat(*arguments, **names))):
            with pytest.raises(ConnectError, match="Invalid metadata") as caught:
                call(gen.pb2.Ask(), headers=bad, timeout_ms=TIMEOUT_MS)
            assert caught.value.code is Code.INTERNAL
        asyncio.run(main(port))


def test_nobody_listens(gen):
    with grpc.insecure_channel("127.0.0.1:1") as channel, pytest.raises(ConnectError) as caught:
        sync_client(gen, channel).say(gen.pb2.Ask(), timeout_ms=TIMEOUT_MS)
    assert caught.value.code is Code.UNAVAILABLE


@native_clients
def test_sixteen_threads(gen):
    with (
        grpcio_server(gen, "sync", Seen(), workers=16) as port,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        futures.ThreadPoolExecutor(16) as pool,
    ):
        client = sync_client(gen, channel)

        def act(number):
            asks = (gen.pb2.Ask(text=f"{number}.{part}") for part in range(3))
            return (
                client.say(gen.pb2.Ask(text=str(number)), timeout_ms=TIMEOUT_MS).text,
                [one.text for one in client.repeat(gen.pb2.Ask(text=f"{number}-", count=3))],
                [one.text for one in client.chat(asks)],
            )

        for number, answers in enumerate(pool.map(act, range(160))):
            streamed = [f"{number}-{part}" for part in range(3)]
            assert answers == (str(number), streamed, [f"{number}.{part}" for part in range(3)])


@native_clients
def test_a_hundred_calls_at_once_of_aio(gen):
    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = aio_client(gen, channel)
            asks = [gen.pb2.Ask(text=str(number)) for number in range(100)]
            answers = await asyncio.gather(*(client.say(ask, timeout_ms=TIMEOUT_MS) for ask in asks))
            assert [answer.text for answer in answers] == [ask.text for ask in asks]

    with grpcio_server(gen, "aio", Seen()) as port:
        asyncio.run(main(port))


def test_what_grpcio_cannot_carry_is_refused(gen):
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        for protocol in (ProtocolType.CONNECT, ProtocolType.GRPC_WEB):
            with pytest.raises(ConnectError, match=r"protocol=ProtocolType\.GRPC"):
                sync_client(gen, channel, protocol=protocol).say(gen.pb2.Ask())
        with pytest.raises(TypeError, match=r"not a grpc\.aio\.Channel"):
            runtime.aio_http_client_over(channel)
        headers = HTTPHeaders({"content-type": "application/grpc", "grpc-encoding": "br"})
        with pytest.raises(ValueError, match="cannot compress by br"):
            SyncGrpcioTransport(channel).execute_sync(SyncRequest("POST", f"{ADDRESS}/a/b", headers, frame(b"")))

        async def main():
            async with grpc.aio.insecure_channel("127.0.0.1:1") as aio_channel:
                with pytest.raises(TypeError, match=r"not a grpc\.Channel"):
                    runtime.http_client_over(aio_channel)
                with pytest.raises(ValueError, match="cannot compress by br"):
                    transport = AioGrpcioTransport(lambda: aio_channel)
                    await transport.execute(Request("POST", f"{ADDRESS}/a/b", headers, frame(b"")))
                assert isinstance(runtime.aio_http_client_over(aio_channel), Client)

        asyncio.run(main())
        assert isinstance(runtime.http_client_over(channel), SyncClient)


def test_frames_come_in_any_pieces():
    whole = (
        frame(b"abc") + frame(b"") + b"\1" + (zipped := gzip.compress(b"d" * 99)).__len__().to_bytes(4, "big") + zipped
    )
    expected = [b"abc", b"", b"d" * 99]
    assert list(messages(whole)) == expected
    assert list(messages(whole[at : at + 1] for at in range(len(whole)))) == expected
    assert list(Frames().feed(whole[:-1])) == expected[:2]
