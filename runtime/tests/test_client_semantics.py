"""Runtime channels against real grpcio servers, next to what grpcio's own channels do."""

from __future__ import annotations

import asyncio
import pickle
import queue
import threading

import grpc
import pytest
from connectrpc.client import ResponseMetadata
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen, rich_status
from serving import FLAVOURS, free_port, grpcio_server, runtime_server
from test_server_semantics import CASES, METADATA, observe_stream, observe_unary, same

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
SERVERS = (grpcio_server, runtime_server)


def text_of(response):
    return None if response is None else response.text


@pytest.mark.parametrize("serve", SERVERS)
def test_sync_calls_are_those_of_grpcio(gen, serve):
    def act(say, join, repeat):
        result = {}
        for case in CASES["sync"]:
            if case == "details only" or (case == "cancelled code"):
                continue
            result["say", case] = observe_unary(say, gen.pb2.Ask(text=case), metadata=METADATA)
            result["join", case] = observe_unary(join, iter([gen.pb2.Ask(text=f"case:{case}")]))
            if case not in ("none", "wrong", "metadata", "set none", "set code none"):
                result["repeat", case] = observe_stream(repeat(gen.pb2.Ask(text=f"then:{case}", count=2), TIMEOUT_S))
        result["join"] = observe_unary(join, iter([gen.pb2.Ask(text=text) for text in "xyz"]))
        return result

    with serve(gen, "sync", Seen()) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            expected = act(stub.Say, stub.Join, stub.Repeat)
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClientSync)
            actual = act(
                Adapted(runtime.unary_unary(client.say)),
                Adapted(runtime.stream_unary(client.join)),
                runtime.unary_stream(client.repeat),
            )
    same(expected, actual)


class Adapted:
    """Makes the runtime's errors those that `observe_unary` catches."""

    def __init__(self, call):
        self.call = call

    def with_call(self, *arguments, **keywords):
        try:
            return self.call.with_call(*arguments, **keywords)
        except ConnectError as error:
            raise View(error) from error


class View(grpc.RpcError):
    def __init__(self, error):
        view = runtime.rpc_error(error)
        self.code, self.details = view.code, view.details
        self.initial_metadata, self.trailing_metadata = view.initial_metadata, view.trailing_metadata


@pytest.fixture(autouse=True)
def grpc_errors(monkeypatch):
    """`observe_stream` catches grpc.RpcError; let it catch the runtime's errors too."""
    import test_server_semantics

    def observe(call):
        received = []
        try:
            received.extend(message.text for message in call)
        except (grpc.RpcError, ConnectError):
            pass
        return received, test_server_semantics.status(call)

    monkeypatch.setitem(globals(), "observe_stream", observe)


@pytest.mark.parametrize("serve", SERVERS)
def test_native_calls_through_a_channel(gen, serve):
    with serve(gen, "sync", Seen()) as port, runtime.insecure_channel(f"localhost:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        with ResponseMetadata() as meta:
            client.say(gen.pb2.Ask(text="metadata"), headers=runtime.headers(METADATA), timeout_ms=10_000)
        assert meta.headers["initial"] == "1"
        assert meta.trailers["trailing"] == "2"
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="rich"), timeout_ms=10_000)
        error = caught.value
        assert (error.code, error.message) == (Code.NOT_FOUND, "rich")
        assert isinstance(error, runtime.CallError)
        view = runtime.rpc_error(error)
        assert view.code() is runtime.StatusCode.NOT_FOUND
        assert dict(view.trailing_metadata())["grpc-status-details-bin"] == rich_status()
        rpc_status = pytest.importorskip("grpc_status.rpc_status")
        assert rpc_status.from_call(view).details[0].type_url == "type.googleapis.com/tests.v1.Ask"
        copy = pickle.loads(pickle.dumps(error))
        assert (copy.code, copy.message, copy.trailing_metadata) == (error.code, error.message, error.trailing_metadata)
    with pytest.raises(ValueError, match="closed channel"):
        client.say(gen.pb2.Ask(text="fine"))


def test_sync_bidi_is_eager_and_interactive(gen):
    for serve in SERVERS:
        with serve(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            asks = queue.SimpleQueue()
            chat = runtime.stream_stream(channel.client(gen.connect.EchoClientSync).chat)
            call = chat(iter(asks.get, None), timeout=TIMEOUT_S)
            for text in ("a", "b", "c"):
                asks.put(gen.pb2.Ask(text=text))
                assert next(call).text == text.upper()
            asks.put(None)
            assert list(call) == []
            assert call.code() is runtime.StatusCode.OK


def test_sync_stream_begins_unread_and_is_cancelled_from_another_thread(gen):
    for serve in SERVERS:
        seen = Seen()
        with serve(gen, "sync", seen) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            repeat = runtime.unary_stream(channel.client(gen.connect.EchoClientSync).repeat)
            call = repeat(gen.pb2.Ask(text="hang:"))
            assert seen.started.wait(TIMEOUT_S)
            assert call.is_active()
            assert next(call).text == "first"
            ended = threading.Event()
            call.add_callback(ended.set)
            threading.Thread(target=call.cancel, daemon=True).start()
            with pytest.raises(ConnectError) as caught:
                next(call)
            assert caught.value.code is Code.CANCELED
            assert ended.wait(TIMEOUT_S)
            assert call.cancelled()
            assert call.code() == grpc.StatusCode.CANCELLED
            assert seen.ended.wait(TIMEOUT_S)


def test_a_forgotten_stream_is_cancelled(gen):
    seen = Seen()
    with runtime_server(gen, "sync", seen) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = runtime.unary_stream(channel.client(gen.connect.EchoClientSync).repeat)(gen.pb2.Ask(text="hang:"))
        assert next(call).text == "first"
        assert seen.started.wait(TIMEOUT_S)
        del call
        assert seen.ended.wait(TIMEOUT_S)


def test_future(gen):
    seen = Seen()
    with grpcio_server(gen, "sync", seen) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        say = runtime.unary_unary(channel.client(gen.connect.EchoClientSync).say)
        future = say.future(gen.pb2.Ask(text="fine"), timeout=TIMEOUT_S)
        assert future.result(TIMEOUT_S).text == "fine"
        assert future.exception() is None
        future = say.future(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
        assert future.exception(TIMEOUT_S).code is Code.NOT_FOUND
        done = threading.Event()
        future = say.future(gen.pb2.Ask(text="hang"), timeout=TIMEOUT_S)
        future.add_done_callback(lambda _: done.set())
        assert seen.started.wait(TIMEOUT_S)
        with pytest.raises(runtime.FutureTimeoutError):
            future.result(0.01)
        assert future.cancel() and future.cancelled()
        assert done.wait(TIMEOUT_S)


def test_deadlines(gen):
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        for call in (
            lambda: client.say(gen.pb2.Ask(text="hang"), timeout_ms=runtime.timeout_ms(0.2)),
            lambda: runtime.unary_unary(client.say)(gen.pb2.Ask(text="hang"), timeout=-1),
            lambda: list(runtime.unary_stream(client.repeat)(gen.pb2.Ask(text="headers:"), timeout=0.2)),
        ):
            with pytest.raises(ConnectError) as caught:
                call()
            assert caught.value.code is Code.DEADLINE_EXCEEDED


def test_local_failures(gen):
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)

        def broken():
            yield gen.pb2.Ask(text="x")
            raise ValueError("mine")

        for call, code in (
            (lambda: client.say("text"), Code.INTERNAL),
            (lambda: client.say(gen.pb2.Ask(), headers=runtime.headers([("Upper", "x")])), Code.INTERNAL),
            (lambda: client.join(broken(), timeout_ms=10_000), Code.UNKNOWN),
        ):
            with pytest.raises(runtime.CallError) as caught:
                call()
            assert caught.value.code is code
        with pytest.raises(NotImplementedError):
            runtime.unary_unary(client.say)(gen.pb2.Ask(), credentials=object())


def test_ready(gen):
    port = free_port()
    with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        say = runtime.unary_unary(channel.client(gen.connect.EchoClientSync).say)
        with pytest.raises(runtime.CallError) as caught:
            say(gen.pb2.Ask(text="fine"), timeout=TIMEOUT_S)
        assert caught.value.code is Code.UNAVAILABLE
        with pytest.raises(runtime.FutureTimeoutError):
            runtime.channel_ready_future(channel).result(0.05)
        with pytest.raises(runtime.CallError) as caught:
            say(gen.pb2.Ask(text="fine"), timeout=0.2, wait_for_ready=True)
        assert caught.value.code is Code.DEADLINE_EXCEEDED
        waiting = say.future(gen.pb2.Ask(text="fine"), timeout=TIMEOUT_S, wait_for_ready=True)
        server = runtime.Server()

        class Service(gen.connect.EchoSync):
            def say(self, request, context):
                return gen.pb2.Answer(text=request.text)

        server.add_service(gen.connect.EchoASGIApplication, Service())
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        try:
            assert waiting.result(TIMEOUT_S).text == "fine"
            runtime.channel_ready_future(channel).result(TIMEOUT_S)
            intercepted = runtime.intercept_channel(channel, AsItIs())
            runtime.channel_ready_future(runtime.intercept_channel(intercepted, AsItIs())).result(TIMEOUT_S)
        finally:
            assert server.stop(None).wait(TIMEOUT_S)


class AsItIs(runtime.UnaryUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(client_call_details, request)


@pytest.mark.connect_wire
def test_a_closed_channel_is_never_ready():
    channel = runtime.insecure_channel(f"127.0.0.1:{free_port()}")
    ready = runtime.channel_ready_future(channel)
    channel.close()
    with pytest.raises(runtime.FutureTimeoutError):
        ready.result(0.5)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def observe_aio(call):
    received = []
    try:
        if hasattr(call, "__aiter__"):
            received.extend([message.text async for message in call])
        else:
            received.append(text_of(await call))
    except (grpc.RpcError, ConnectError):
        pass
    pairs = [sorted(tuple(pair) for pair in await get()) for get in (call.initial_metadata, call.trailing_metadata)]
    return received, await call.code(), await call.details(), pairs


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("serve", SERVERS)
def test_aio_calls_are_those_of_grpcio(gen, serve, flavour):
    cases = ["fine", "abort", "abort with trailers", "rich", "rich apart", "rich broken", "set", "raise", "metadata"]

    async def act(say, join, repeat):
        result = {}
        for case in cases:
            result["say", case] = await observe_aio(say(gen.pb2.Ask(text=case), timeout=TIMEOUT_S))
            result["join", case] = await observe_aio(join([gen.pb2.Ask(text=f"case:{case}")], timeout=TIMEOUT_S))
            if case != "metadata":
                result["repeat", case] = await observe_aio(
                    repeat(gen.pb2.Ask(text=f"then:{case}", count=2), timeout=TIMEOUT_S)
                )
        return result

    async def main(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            expected = await act(stub.Say, stub.Join, stub.Repeat)
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            actual = await act(
                runtime.unary_unary(client.say),
                runtime.stream_unary(client.join),
                runtime.unary_stream(client.repeat),
            )
        same(expected, actual)

    with serve(gen, flavour, Seen()) as port:
        run(main(port))


@pytest.mark.parametrize("serve", SERVERS)
def test_aio_read_and_write(gen, serve):
    async def main(port):
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            call = runtime.stream_stream(client.chat)(timeout=TIMEOUT_S)
            for text in ("a", "b"):
                await call.write(gen.pb2.Ask(text=text))
                assert (await call.read()).text == text.upper()
            await call.done_writing()
            assert await call.read() is runtime.EOF
            assert await call.code() is runtime.StatusCode.OK
            with pytest.raises(asyncio.InvalidStateError):
                await call.write(gen.pb2.Ask())
            joined = runtime.stream_unary(client.join)(timeout=TIMEOUT_S)
            for text in "xyz":
                await joined.write(gen.pb2.Ask(text=text))
            await joined.done_writing()
            assert (await joined).text == "x+y+z"

    with serve(gen, "aio", Seen()) as port:
        run(main(port))


def test_aio_cancellation_is_cancellation(gen):
    async def main(port, seen):
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.say(gen.pb2.Ask(text="hang"))
            assert await asyncio.to_thread(seen.ended.wait, TIMEOUT_S)
            task = asyncio.create_task(client.say(gen.pb2.Ask(text="hang")))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            call = runtime.unary_unary(client.say)(gen.pb2.Ask(text="hang"))
            await asyncio.sleep(0.1)
            assert call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await call.code() == grpc.StatusCode.CANCELLED
        with pytest.raises(runtime.UsageError, match="is closed"):
            await client.say(gen.pb2.Ask(text="fine"))

    for serve in SERVERS:
        seen = Seen()
        with serve(gen, "aio", seen) as port:
            run(main(port, seen))


@pytest.mark.connect_wire
def test_protocol_is_chosen_by_the_environment(gen, monkeypatch):
    with runtime_server(gen, "sync", Seen()) as port:
        for name in ("connect", "grpc", "grpc-web"):
            monkeypatch.setenv("G2C_CLIENT_PROTOCOL", name)
            with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
                client = channel.client(gen.connect.EchoClientSync)
                _, call = runtime.unary_unary(client.say).with_call(gen.pb2.Ask(text="metadata"))
                assert ("trailing", "2") in call.trailing_metadata()
                assert ("initial", "1") in call.initial_metadata()
                assert [m.text for m in client.repeat(gen.pb2.Ask(text="a", count=2))] == ["a0", "a1"]
                with pytest.raises(runtime.CallError) as caught:
                    client.say(gen.pb2.Ask(text="abort with trailers"))
                assert caught.value.code is Code.ABORTED
                if name != "grpc-web":
                    assert ("b-bin", b"\x00\xff") in caught.value.trailing_metadata
