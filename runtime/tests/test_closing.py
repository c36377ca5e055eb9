"""Calls that are cancelled, and channels that are closed under their calls: as with grpcio, and the server knows."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import grpcio_server

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


class Waiting:
    """Handlers that wait before they answer, and say when their call has begun and ended."""

    def __init__(self):
        self.started = threading.Event()
        self.ended = threading.Event()

    def service(self, details):
        def wait(request, context):
            context.add_callback(self.ended.set)
            self.started.set()
            self.ended.wait(TIMEOUT_S)
            return b""

        def stream(request, context):
            yield wait(request, context)

        kind = details.method.rpartition("/")[2]
        return {
            "Say": grpc.unary_unary_rpc_method_handler(wait),
            "Repeat": grpc.unary_stream_rpc_method_handler(stream),
            "Join": grpc.stream_unary_rpc_method_handler(wait),
            "Chat": grpc.stream_stream_rpc_method_handler(stream),
        }[kind]


@pytest.fixture
def waiting():
    handlers = Waiting()
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, handlers=[handlers])
        handlers.port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield handlers
        handlers.ended.set()
        server.stop(None).wait(TIMEOUT_S)


def begin(gen, channel, kind, way):
    """A call in progress, of a moved client or of a stub; its requests do not end."""
    if way == "stub":
        method = getattr(gen.pb2_grpc.EchoStub(channel), kind)
    else:
        wrap = {
            "Say": runtime.unary_unary,
            "Repeat": runtime.unary_stream,
            "Join": runtime.stream_unary,
            "Chat": runtime.stream_stream,
        }[kind]
        method = wrap(getattr(channel.client(gen.connect.EchoClientSync), kind.lower()))
    requests = queue.SimpleQueue()
    requests.put(gen.pb2.Ask(text="a"))
    request = gen.pb2.Ask(text="a") if kind in ("Say", "Repeat") else iter(requests.get, None)
    return method.future(request) if kind in ("Say", "Join") else method(request)


@pytest.mark.parametrize("way", ["client", "stub"])
@pytest.mark.parametrize("kind", ["Say", "Repeat", "Join", "Chat"])
def test_a_call_that_is_cancelled_before_its_answer_ends_on_the_server(gen, waiting, kind, way):
    with runtime.insecure_channel(f"127.0.0.1:{waiting.port}") as channel:
        call = begin(gen, channel, kind, way)
        assert waiting.started.wait(TIMEOUT_S)
        assert call.cancel()
        assert waiting.ended.wait(TIMEOUT_S)
        assert call.cancelled()
        assert call.code() == grpc.StatusCode.CANCELLED
        assert call.details() == "Locally cancelled by application!"
        assert not call.cancel()


@pytest.mark.parametrize("way", ["client", "stub"])
@pytest.mark.parametrize("kind", ["Say", "Repeat", "Join", "Chat"])
def test_closing_a_channel_ends_calls_that_wait(gen, waiting, kind, way):
    channel = runtime.insecure_channel(f"127.0.0.1:{waiting.port}")
    call = begin(gen, channel, kind, way)
    assert waiting.started.wait(TIMEOUT_S)
    threading.Timer(0.2, channel.close).start()
    with pytest.raises(ConnectError) as caught:
        call.result() if kind in ("Say", "Join") else next(call)
    assert caught.value.code == Code.CANCELED
    assert "Channel closed!" in caught.value.message
    assert waiting.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("way", ["client", "stub", "native"])
def test_closing_a_channel_ends_a_stream_that_is_read(gen, way):
    seen = Seen()
    with grpcio_server(gen, "aio", seen) as port:
        channel = runtime.insecure_channel(f"127.0.0.1:{port}")
        ask = gen.pb2.Ask(text="hang:")
        if way == "native":
            call = channel.client(gen.connect.EchoClientSync).repeat(ask)
        elif way == "stub":
            call = gen.pb2_grpc.EchoStub(channel).Repeat(ask)
        else:
            call = runtime.unary_stream(channel.client(gen.connect.EchoClientSync).repeat)(ask)
        assert next(call).text == "first"
        threading.Timer(0.2, channel.close).start()
        with pytest.raises(ConnectError) as caught:
            next(call)
        assert caught.value.code == Code.CANCELED
        assert "Channel closed!" in caught.value.message
        assert seen.ended.wait(TIMEOUT_S)
        with pytest.raises(ValueError, match="closed channel"):
            channel.client(gen.connect.EchoClientSync).say(ask)


def test_a_call_that_is_not_wanted_any_more_ends_on_the_server(gen, waiting):
    with runtime.insecure_channel(f"127.0.0.1:{waiting.port}") as channel:
        call = begin(gen, channel, "Repeat", "client")
        assert waiting.started.wait(TIMEOUT_S)
        del call
        assert waiting.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("grace", [None, 0.05])
@pytest.mark.parametrize("way", ["client", "stub", "call"])
@pytest.mark.parametrize("kind", ["Say", "Repeat"])
def test_closing_an_aio_channel(gen, kind, way, grace):
    text = "hang" if kind == "Say" else "hang:"

    async def act(channel):
        ask = gen.pb2.Ask(text=text)
        if way == "stub":
            found = getattr(gen.pb2_grpc.EchoStub(channel), kind)(ask)
        else:
            found = getattr(channel.client(gen.connect.EchoClient), kind.lower())
            wrap = runtime.unary_unary if kind == "Say" else runtime.unary_stream
            found = wrap(found)(ask) if way == "call" else found(ask)
        if kind == "Say":
            return [(await found).text]
        return [one.text async for one in found]

    async def main(port):
        channel = runtime.aio_insecure_channel(f"127.0.0.1:{port}")
        task = asyncio.create_task(act(channel))
        assert await asyncio.to_thread(seen.started.wait, TIMEOUT_S)
        await channel.close(grace)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelling() == 0
        assert await asyncio.to_thread(seen.ended.wait, TIMEOUT_S)

    seen = Seen()
    with grpcio_server(gen, "aio", seen) as port:
        asyncio.run(asyncio.wait_for(main(port), 30))


def test_an_aio_channel_waits_for_its_calls(gen):
    async def main(port):
        channel = runtime.aio_insecure_channel(f"127.0.0.1:{port}")
        client = channel.client(gen.connect.EchoClient)
        task = asyncio.create_task(client.say(gen.pb2.Ask(text="hang")))
        assert await asyncio.to_thread(seen.started.wait, TIMEOUT_S)
        closing = asyncio.create_task(channel.close(grace=TIMEOUT_S))
        await asyncio.sleep(0.1)
        assert not closing.done()
        seen.release.set()
        assert (await task).text == "hang"
        await asyncio.wait_for(closing, TIMEOUT_S)

    seen = Seen()
    with grpcio_server(gen, "sync", seen) as port:
        asyncio.run(asyncio.wait_for(main(port), 30))


class Beginning:
    """Begins its response when it is told to, and says when its client has gone."""

    def __init__(self):
        self.started = threading.Event()
        self.begin = threading.Event()
        self.begun = threading.Event()
        self.ended = threading.Event()

    def service(self, details):
        def stream(request, context):
            context.add_callback(self.ended.set)
            self.started.set()
            self.begin.wait(TIMEOUT_S)
            context.send_initial_metadata(())
            self.begun.set()
            self.ended.wait(2 * TIMEOUT_S)
            yield b""

        return grpc.unary_stream_rpc_method_handler(stream)


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_an_async_call_that_ends_when_its_response_has_come_unseen_ends_on_the_server(how):
    handlers = Beginning()

    async def main(port):
        channel = runtime.aio_insecure_channel(f"127.0.0.1:{port}")
        call = runtime.calls_on(channel).unary_stream("/echo.Echo/Repeat")(b"")
        assert await asyncio.to_thread(handlers.started.wait, TIMEOUT_S)
        handlers.begin.set()
        assert handlers.begun.wait(TIMEOUT_S)
        assert not handlers.ended.wait(0.2)  # the event loop sees nothing of the response, which comes
        loop = asyncio.get_running_loop()
        closing = None
        if how == "cancel":
            loop.call_soon(call.cancel)
        else:
            closing = loop.create_task(channel.close())
        with pytest.raises(asyncio.CancelledError):
            await call.read()
        assert await asyncio.to_thread(handlers.ended.wait, TIMEOUT_S)
        await (closing or channel.close())

    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=[handlers])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            asyncio.run(asyncio.wait_for(main(port), 3 * TIMEOUT_S))
        finally:
            handlers.ended.set()
            server.stop(None).wait(TIMEOUT_S)


class Feeding:
    """Streams messages until it is told to stop, and says whether its client was there until then."""

    def __init__(self):
        self.fed = threading.Event()
        self.stop = threading.Event()
        self.ended = threading.Event()
        self.stayed = None

    def service(self, details):
        def stream(request, context):
            for _ in range(5):
                yield b"more"
            self.fed.set()
            self.stop.wait(TIMEOUT_S)
            self.stayed = context.is_active()
            self.ended.set()

        return grpc.unary_stream_rpc_method_handler(stream)


def test_an_async_stream_that_is_forgotten_goes_on_as_in_grpcio():
    handlers = Feeding()
    reported = []

    async def forget(channel):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["message"]))
        call = runtime.calls_on(channel).unary_stream("/echo.Echo/Repeat")(b"")
        assert await call.read() == b"more"
        assert await asyncio.to_thread(handlers.fed.wait, TIMEOUT_S)
        del call
        for _ in range(4):  # until it waits for nobody but its reader, and a cancellation would have arrived
            await asyncio.sleep(0.1)
            gc.collect()
        handlers.stop.set()
        assert await asyncio.to_thread(handlers.ended.wait, TIMEOUT_S)

    async def main():
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            await forget(channel)

    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=[handlers])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        asyncio.run(main())
        server.stop(None).wait(TIMEOUT_S)
    assert (handlers.stayed, reported) == (True, [])


class Counting:
    """Counts the calls that arrive."""

    def __init__(self):
        self.calls = 0

    def service(self, details):
        def stream(request, context):
            self.calls += 1
            yield b""

        return grpc.unary_stream_rpc_method_handler(stream)


def test_a_call_whose_time_is_over_is_not_made():
    handlers = Counting()
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=[handlers])
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()

        async def of_an_async_client():
            async with runtime.aio_insecure_channel(address) as channel:
                await runtime.calls_on(channel).unary_unary("/e.E/Say")(b"")
                for _ in range(10):
                    with pytest.raises(runtime.CallError) as caught:
                        await runtime.calls_on(channel).unary_unary("/e.E/Say")(b"", timeout=-1)
                    assert caught.value.code == Code.DEADLINE_EXCEEDED

        asyncio.run(of_an_async_client())
        with runtime.insecure_channel(address) as channel:
            say = runtime.calls_on(channel).unary_unary("/e.E/Say")
            repeat = runtime.calls_on(channel).unary_stream("/e.E/Repeat")
            say(b"", timeout=TIMEOUT_S)
            for call in (say, repeat) * 10:
                with pytest.raises(runtime.CallError) as caught:
                    list(call(b"", timeout=-1))
                assert caught.value.code == Code.DEADLINE_EXCEEDED
        server.stop(None).wait(TIMEOUT_S)
    assert handlers.calls == 2
