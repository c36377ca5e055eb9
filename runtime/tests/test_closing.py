"""Calls that end before their time, by `close()` of their channel or `cancel()`, next to what grpcio's calls do."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent import futures
from types import SimpleNamespace

import grpc
import pytest
from connectrpc.code import Code
from servicers import Seen
from serving import Loop, grpcio_server, runtime_server

import grpc2connect_runtime as runtime

TIMEOUT_S = 10
SERVERS = (grpcio_server, runtime_server)
CLOSED = ("Channel closed!", "Stream removed (Channel closed!)")


def grpcio_stub(gen, port):
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    stub = gen.pb2_grpc.EchoStub(channel)
    return channel, SimpleNamespace(say=stub.Say, repeat=stub.Repeat, join=stub.Join, chat=stub.Chat)


def native_client(gen, port):
    channel = runtime.insecure_channel(f"127.0.0.1:{port}")
    return channel, channel.client(gen.connect.EchoClientSync)


def runtime_calls(gen, port):
    channel, client = native_client(gen, port)
    calls = SimpleNamespace(
        say=runtime.unary_unary(client.say),
        repeat=runtime.unary_stream(client.repeat),
        join=runtime.stream_unary(client.join),
        chat=runtime.stream_stream(client.chat),
    )
    return channel, calls


CLIENTS = (grpcio_stub, native_client, runtime_calls)


def status(error):
    """The code's name as in gRPC, and the message."""
    return error.code().name, error.details()


class InThread:
    """A call in a thread; `error` is what ended it."""

    def __init__(self, call):
        self.error = None
        self.received = []
        self.reading = threading.Event()
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._call(self)
        except Exception as error:
            self.error = error

    def read(self, responses):
        for response in responses:
            self.received.append(response.text)
            self.reading.set()

    def ended(self):
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive(), "the call goes on"
        return status(self.error)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("serve", SERVERS)
def test_close_ends_what_threads_wait_for(gen, serve, client):
    asks = queue.SimpleQueue()
    calls = {
        "unary": lambda stub, _: stub.say(gen.pb2.Ask(text="hang")),
        "stream": lambda stub, thread: thread.read(stub.repeat(gen.pb2.Ask(text="hang:"))),
        "client stream": lambda stub, _: stub.join(iter([gen.pb2.Ask(text="case:hang")])),
        "bidi": lambda stub, thread: thread.read(stub.chat(iter(asks.get, None))),
    }
    for kind, call in calls.items():
        seen = Seen()
        with serve(gen, "sync", seen) as port:
            channel, stub = client(gen, port)
            asks.put(gen.pb2.Ask(text="a"))
            thread = InThread(lambda thread, call=call, stub=stub: call(stub, thread))
            assert (thread.reading if kind in ("stream", "bidi") else seen.started).wait(TIMEOUT_S)
            channel.close()
            code, details = thread.ended()
            assert code == "CANCELLED", kind
            assert details == CLOSED[kind in ("stream", "bidi")], kind
            if kind != "bidi":
                assert seen.ended.wait(TIMEOUT_S), "the server works on"
            with pytest.raises(ValueError, match="closed channel"):
                stub.say(gen.pb2.Ask(text="fine"))
        asks.put(None)
        while not asks.empty():
            asks.get()


@pytest.mark.parametrize("client", CLIENTS)
def test_leaving_the_channel_ends_a_call_that_nobody_waits_for(gen, client):
    seen = Seen()
    with runtime_server(gen, "sync", seen) as port:
        channel, stub = client(gen, port)
        with channel:
            responses = iter(stub.repeat(gen.pb2.Ask(text="hang:")))
            assert next(responses).text == "first"
        with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
            next(responses)
        assert status(caught.value) == ("CANCELLED", CLOSED[1])
        assert seen.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("client", (grpcio_stub, runtime_calls))
def test_close_ends_call_objects(gen, client):
    seen = Seen()
    with grpcio_server(gen, "sync", seen) as port:
        channel, stub = client(gen, port)
        unread, future = stub.repeat(gen.pb2.Ask(text="hang:")), stub.say.future(gen.pb2.Ask(text="hang"))
        assert seen.started.wait(TIMEOUT_S)
        channel.close()
        for call in (unread, future):
            assert call.code().name == "CANCELLED"
            assert call.details() in CLOSED
            assert (call.done(), call.cancelled(), call.is_active()) == (True, False, False)
        with pytest.raises((grpc.RpcError, runtime.CallError)):
            future.result(TIMEOUT_S)
        channel.close()


def test_a_channel_holds_no_call_that_is_over(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        channel, client = native_client(gen, port)
        for _ in range(3):
            client.say(gen.pb2.Ask(text="fine"))
            assert len(list(client.repeat(gen.pb2.Ask(text="x", count=2)))) == 2
        assert channel._calls.running() == []
        channel.close()


@pytest.mark.parametrize("serve", SERVERS)
@pytest.mark.parametrize("client", (grpcio_stub, runtime_calls))
def test_cancel_reaches_the_server(gen, serve, client):
    begin = {
        "unary": lambda stub: stub.say.future(gen.pb2.Ask(text="hang")),
        "client stream": lambda stub: stub.join.future(iter([gen.pb2.Ask(text="case:hang")])),
    }
    for kind, call in begin.items():
        seen = Seen()
        with serve(gen, "sync", seen) as port:
            channel, stub = client(gen, port)
            with channel:
                future = call(stub)
                assert seen.started.wait(TIMEOUT_S)
                assert future.cancel() and future.cancelled()
                assert seen.ended.wait(TIMEOUT_S), kind
                with pytest.raises((grpc.FutureCancelledError, futures.CancelledError)):
                    future.result(TIMEOUT_S)
                assert stub.say(gen.pb2.Ask(text="fine"), timeout=TIMEOUT_S).text == "fine"


@pytest.mark.parametrize("serve", SERVERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_deadline_reaches_the_server(gen, serve, client):
    limit = {"timeout_ms": 300} if client is native_client else {"timeout": 0.3}
    for call in (
        lambda stub: stub.say(gen.pb2.Ask(text="hang"), **limit),
        lambda stub: stub.join(iter([gen.pb2.Ask(text="case:hang")]), **limit),
        lambda stub: list(stub.repeat(gen.pb2.Ask(text="hang:"), **limit)),
    ):
        seen = Seen()
        with serve(gen, "sync", seen) as port:
            channel, stub = client(gen, port)
            with channel:
                with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
                    call(stub)
                assert caught.value.code().name == "DEADLINE_EXCEEDED"
                assert seen.ended.wait(TIMEOUT_S)


def test_a_request_iterator_that_blocks_does_not_hold_up_cancel(gen):
    asks = queue.SimpleQueue()
    with grpcio_server(gen, "sync", Seen()) as port:
        channel, stub = runtime_calls(gen, port)
        with channel:
            asks.put(gen.pb2.Ask(text="a"))
            call = stub.chat(iter(asks.get, None))
            assert next(call).text == "A"
            assert call.cancel()
            assert call.code() is runtime.StatusCode.CANCELLED
            asks.put(None)


def test_blocking_calls_inside_a_running_event_loop(gen):
    async def main(client):
        assert client.say(gen.pb2.Ask(text="fine")).text == "fine"
        await asyncio.sleep(0)
        return [message.text for message in client.repeat(gen.pb2.Ask(text="a", count=2))]

    with grpcio_server(gen, "sync", Seen()) as port:
        channel, client = native_client(gen, port)
        with channel:
            assert asyncio.run(main(client)) == ["a0", "a1"]


def grpcio_aio(gen, port):
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    stub = gen.pb2_grpc.EchoStub(channel)
    return channel, SimpleNamespace(say=stub.Say, repeat=stub.Repeat, join=stub.Join, chat=stub.Chat)


def native_aio(gen, port):
    channel = runtime.aio_insecure_channel(f"127.0.0.1:{port}")
    return channel, channel.client(gen.connect.EchoClient)


def runtime_aio(gen, port):
    channel, client = native_aio(gen, port)
    calls = SimpleNamespace(
        say=runtime.unary_unary(client.say),
        repeat=runtime.unary_stream(client.repeat),
        join=runtime.stream_unary(client.join),
        chat=runtime.stream_stream(client.chat),
    )
    return channel, calls


@pytest.mark.parametrize("grace", [None, 0.1])
@pytest.mark.parametrize("client", (grpcio_aio, native_aio, runtime_aio))
@pytest.mark.parametrize("serve", SERVERS)
def test_aio_close_cancels(gen, serve, client, grace):
    async def main(port):
        channel, stub = client(gen, port)
        reading, never = asyncio.Event(), asyncio.Event()

        async def asks():
            yield gen.pb2.Ask(text="a")
            await never.wait()

        async def read(responses):
            async for _ in responses:
                reading.set()

        async def unary():
            await stub.say(gen.pb2.Ask(text="hang"))

        async def join():
            await stub.join(asks())

        async def stream():
            await read(stub.repeat(gen.pb2.Ask(text="hang:")))

        async def bidi():
            await read(stub.chat(asks()))

        tasks = []
        for kind in (unary, join, stream, bidi):
            reading.clear()
            tasks.append(asyncio.create_task(kind()))
            if kind in (stream, bidi):
                await asyncio.wait_for(reading.wait(), TIMEOUT_S)
        assert await asyncio.to_thread(seen.started.wait, TIMEOUT_S)
        await channel.close(grace)
        done, late = await asyncio.wait(tasks, timeout=TIMEOUT_S)
        assert not late
        assert [task.cancelled() for task in done] == [True] * 4

    seen = Seen()
    with serve(gen, "aio", seen) as port, Loop() as loop:
        loop.run(main(port))
        assert seen.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("client", (grpcio_aio, runtime_aio))
def test_aio_close_ends_call_objects(gen, client):
    async def main(port):
        channel, stub = client(gen, port)
        unread, unary = stub.repeat(gen.pb2.Ask(text="hang:")), stub.say(gen.pb2.Ask(text="hang"))
        assert await asyncio.to_thread(seen.started.wait, TIMEOUT_S)
        await channel.close()
        for call in (unread, unary):
            assert (call.done(), call.cancelled()) == (True, True)
            assert (await call.code()).name == "CANCELLED"
            assert await call.details() == "Locally cancelled by application!"
        with pytest.raises(asyncio.CancelledError):
            await unary

    seen = Seen()
    with grpcio_server(gen, "aio", seen) as port, Loop() as loop:
        loop.run(main(port))


def test_aio_grace_is_not_waited_for_without_calls(gen):
    async def main(port):
        channel, stub = native_aio(gen, port)
        assert (await stub.say(gen.pb2.Ask(text="fine"))).text == "fine"
        await asyncio.wait_for(channel.close(3600), TIMEOUT_S)

    with grpcio_server(gen, "aio", Seen()) as port, Loop() as loop:
        loop.run(main(port))


def test_a_call_that_waits_for_its_server_ends_too(gen):
    channel, stub = runtime_calls(gen, 1)
    future = stub.say.future(gen.pb2.Ask(text="fine"), wait_for_ready=True)
    channel.close()
    error = future.exception(TIMEOUT_S)
    assert (error.code, error.message) == (Code.CANCELED, CLOSED[0])
