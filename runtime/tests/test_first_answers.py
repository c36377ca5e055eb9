"""A target that accepts connections and never speaks, or that refuses them: calls end there as with grpcio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent import futures

import grpc
import pytest
from serving import free_port

import grpc2connect_runtime as runtime

BOUND_S = 20
SOON = [("grpc.min_reconnect_backoff_ms", 400), ("grpc.initial_reconnect_backoff_ms", 400)]
FAILURES = (grpc.RpcError, runtime.CallError)


@pytest.fixture(autouse=True)
def connect_wire(monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")


@pytest.fixture
def silent():
    """The target of a program that listens, and has no time to accept."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def outcome(call):
    with pytest.raises(FAILURES) as caught:
        call()
    return caught.value.code().name, caught.value.details()


def sync_outcomes(channel):
    with channel:
        unary = channel.unary_unary("/e.E/Say")
        return [
            outcome(lambda: unary(b"")),
            outcome(lambda: unary.with_call(b"")),
            outcome(lambda: unary.future(b"").result(BOUND_S)),
            outcome(lambda: list(channel.unary_stream("/e.E/Repeat")(b""))),
            outcome(lambda: channel.stream_unary("/e.E/Join")(iter([b"a"]))),
            outcome(lambda: list(channel.stream_stream("/e.E/Chat")(iter([b"a"])))),
        ]


async def aio_outcomes(channel):
    async def ended(call):
        with pytest.raises(FAILURES) as caught:
            if hasattr(call, "__aiter__"):
                async for _ in call:
                    pass
            else:
                await call
        return caught.value.code().name, caught.value.details()

    async with asyncio.timeout(BOUND_S), channel:
        return [
            await ended(channel.unary_unary("/e.E/Say")(b"")),
            await ended(channel.unary_stream("/e.E/Repeat")(b"")),
            await ended(channel.stream_stream("/e.E/Chat")(iter([b"a"]))),
        ]


def test_a_target_that_never_speaks_is_given_up(silent):
    wanted = sync_outcomes(grpc.insecure_channel(silent, SOON))
    assert {code for code, _ in wanted} == {"UNAVAILABLE"}
    assert sync_outcomes(runtime.insecure_channel(silent, SOON)) == wanted

    async def of_async_calls():
        return (
            await aio_outcomes(grpc.aio.insecure_channel(silent, SOON)),
            await aio_outcomes(runtime.aio_insecure_channel(silent, SOON)),
        )

    by_grpcio, by_runtime = asyncio.run(of_async_calls())
    assert by_runtime == by_grpcio


def test_a_target_that_never_speaks_is_given_up_with_tls(silent):
    wanted = outcome(
        lambda: grpc.secure_channel(silent, grpc.ssl_channel_credentials(), SOON).unary_unary("/e.E/Say")(b"")
    )
    with runtime.secure_channel(silent, runtime.ssl_channel_credentials(), SOON) as channel:
        assert outcome(lambda: channel.unary_unary("/e.E/Say")(b"")) == wanted


def test_a_deadline_that_is_shorter_ends_the_call_before(silent):
    with grpc.insecure_channel(silent) as channel:
        wanted = outcome(lambda: channel.unary_unary("/e.E/Say")(b"", timeout=0.3))
    with runtime.insecure_channel(silent) as channel:
        assert outcome(lambda: channel.unary_unary("/e.E/Say")(b"", timeout=0.3)) == wanted


def test_a_server_that_speaks_may_answer_as_late_as_it_likes():
    may_answer = threading.Event()
    greeted = []

    def say(request, context):
        greeted.append(may_answer.wait(BOUND_S))
        return request

    handler = grpc.method_handlers_generic_handler("e.E", {"Say": grpc.unary_unary_rpc_method_handler(say)})
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with runtime.insecure_channel(f"127.0.0.1:{port}", SOON) as channel:
            states = []
            channel.subscribe(lambda state: (states.append(state.name), state.name == "READY" and may_answer.set()))
            # READY before there is an answer: the server was greeted meanwhile
            answers = [channel.unary_unary("/e.E/Say").future(b"a"), channel.unary_unary("/e.E/Say").future(b"b")]
            assert channel.unary_unary("/e.E/Say")(b"c") == b"c"
            assert [answer.result(BOUND_S) for answer in answers] == [b"a", b"b"]
        assert greeted == [True] * 3
        assert "READY" in states
    finally:
        server.stop(None).wait(BOUND_S)


def asked_of(channel, method="stream_stream"):
    """What is asked of an iterator of requests whose call gets no connection."""
    asked, was_asked = [], threading.Event()

    def requests():
        asked.append("first")
        was_asked.set()
        yield b"a"
        asked.append("second")
        yield b"b"

    with channel, contextlib.suppress(*FAILURES):
        found = getattr(channel, method)("/e.E/Chat")(requests())
        for _ in found if method == "stream_stream" else ():
            pass
    assert was_asked.wait(BOUND_S)
    return asked


@pytest.mark.parametrize("method", ["stream_unary", "stream_stream"])
def test_one_request_is_asked_for_where_no_connection_is_made(method):
    target = f"127.0.0.1:{free_port()}"
    wanted = asked_of(grpc.insecure_channel(target), method)
    assert asked_of(runtime.insecure_channel(target), method) == wanted == ["first"]


def test_one_request_of_an_async_call_is_asked_for_where_no_connection_is_made():
    target = f"127.0.0.1:{free_port()}"

    async def asked_of_async(made):
        asked, channel = [], made(target)

        async def requests():
            asked.append("first")
            yield b"a"
            asked.append("second")

        async with asyncio.timeout(BOUND_S), channel:
            with pytest.raises(FAILURES) as caught:
                async for _ in channel.stream_stream("/e.E/Chat")(requests()):
                    pass
        return asked, caught.value.code().name

    by_grpcio = asyncio.run(asked_of_async(grpc.aio.insecure_channel))
    by_runtime = asyncio.run(asked_of_async(runtime.aio_insecure_channel))
    assert by_runtime == by_grpcio == (["first"], "UNAVAILABLE")


def test_requests_of_which_none_comes_do_not_hold_the_failure_up():
    target = f"127.0.0.1:{free_port()}"
    release = threading.Event()

    def requests():
        yield b"a" if release.wait(BOUND_S) else b"b"

    try:
        with runtime.insecure_channel(target) as channel:
            code, _ = outcome(lambda: channel.stream_unary("/e.E/Join")(requests()))
        assert code == "UNAVAILABLE"
        assert not release.is_set()
    finally:
        release.set()
