"""Servers on grpcio's wire: what is there beside the semantics, which the other suites try on both wires."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from grpc.aio import _server
from servicers import AioEcho, Seen, SyncEcho, renamed
from serving import FLAVOURS, Loop, free_port

import grpc2connect_runtime as runtime
from grpc2connect_runtime.wire.mounting import mount

TIMEOUT_S = 10


# A port may have been another server's, and what failed to connect to that one waits before it tries again.
OWN_CONNECTIONS = [("grpc.use_local_subchannel_pool", 1)]


def servicer(gen, flavour):
    return renamed((SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, Seen()))


@contextlib.contextmanager
def running(flavour, build):
    """A server that `build(make)` has made and given ports; `make` makes one of the flavour."""
    if flavour == "sync":
        with futures.ThreadPoolExecutor(4) as pool:
            server, ports = build(lambda **settings: runtime.Server(pool, **settings))
            server.start()
            try:
                yield ports
            finally:
                assert server.stop(None).wait(TIMEOUT_S)
        return
    with Loop() as loop:

        async def start():
            server, ports = build(runtime.AioServer)
            await server.start()
            return server, ports

        server, ports = loop.run(start())
        try:
            yield ports
        finally:
            loop.run(server.stop(None))


def post(port, method, message, headers=()):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/tests.v1.Echo/{method}",
        json.dumps(message).encode(),
        {"Content-Type": "application/json", **dict(headers)},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("how", ["method", "variable"])
def test_connect_is_served_beside_grpcio(gen, flavour, how, monkeypatch):
    address = f"127.0.0.1:{free_port()}"

    def build(make):
        server = make(wire="grpcio")
        server.add_service(gen.connect.EchoASGIApplication, servicer(gen, flavour))
        port = server.add_insecure_port("127.0.0.1:0")
        if how == "method":
            return server, (port, server.add_connect_port("127.0.0.1:0"))
        monkeypatch.setenv("G2C_CONNECT_ADDRESS", f" {address},")
        return server, (port, int(address.rpartition(":")[2]))

    with running(flavour, build) as (port, connect):
        assert post(connect, "Say", {"text": "x"}) == (200, {"text": "x"})
        for each in (port, connect):
            with grpc.insecure_channel(f"127.0.0.1:{each}") as channel:
                assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="y"), timeout=TIMEOUT_S).text == "y"
        with pytest.raises((OSError, http.client.HTTPException)):
            post(port, "Say", {"text": "x"})
    for each in (port, connect):
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", each), 1):
            pass


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_taken_address_of_connect_is_an_error(gen, flavour, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("G2C_CONNECT_ADDRESS", f"127.0.0.1:{taken.getsockname()[1]}")

        def build(make):
            server = make(wire="grpcio")
            server.add_insecure_port("127.0.0.1:0")
            return server, ()

        with pytest.raises(RuntimeError, match="Failed to bind"), running(flavour, build):
            pass


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_port_with_credentials_of_grpcio_is_grpcio_s(gen, flavour):
    def build(make):
        server = make()  # on the Connect wire, but for that port
        server.add_service(gen.connect.EchoASGIApplication, servicer(gen, flavour))
        local = grpc.local_server_credentials(grpc.LocalConnectionType.LOCAL_TCP)
        return server, (server.add_insecure_port("127.0.0.1:0"), server.add_secure_port("127.0.0.1:0", local))

    with running(flavour, build) as (plain, secure):
        assert post(plain, "Say", {"text": "x"}) == (200, {"text": "x"})
        credentials = grpc.local_channel_credentials(grpc.LocalConnectionType.LOCAL_TCP)
        with grpc.secure_channel(f"127.0.0.1:{secure}", credentials) as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="y"), timeout=TIMEOUT_S).text == "y"


class Log:
    """Interceptors of Connect for all kinds, and what they have seen."""

    def __init__(self):
        self.seen = []

    async def intercept_unary(self, call_next, request, ctx):
        self.seen.append((ctx.method.name, "unary"))
        if ctx.request_headers.get("turn") == "down":
            ctx.response_trailers.add("why", "asked")
            raise ConnectError(Code.PERMISSION_DENIED, "turned down")
        ctx.response_headers.add("seen-by", "log")
        return await call_next(request, ctx)

    async def intercept_client_stream(self, call_next, request, ctx):
        self.seen.append((ctx.method.name, "client stream"))
        return await call_next(self.watched(request), ctx)

    async def intercept_server_stream(self, call_next, request, ctx):
        self.seen.append((ctx.method.name, "server stream"))
        async for message in call_next(request, ctx):
            yield message
        ctx.response_trailers.add("ended", "yes")

    async def intercept_bidi_stream(self, call_next, request, ctx):
        self.seen.append((ctx.method.name, "bidi stream"))
        async for message in call_next(self.watched(request), ctx):
            yield message

    async def watched(self, requests):
        async for request in requests:
            self.seen.append(request.text)
            yield request


class Timed:
    """A metadata interceptor."""

    def __init__(self):
        self.seen = []

    async def on_start(self, ctx):
        self.seen.append(f"start {ctx.method.name}")
        return len(self.seen)

    async def on_end(self, token, ctx, error):
        self.seen.append(f"end {type(error).__name__ if error else 'well'}")


def call_all(gen, port):
    with grpc.insecure_channel(f"127.0.0.1:{port}", OWN_CONNECTIONS) as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        asks = [gen.pb2.Ask(text=text) for text in ("a", "b")]
        answer, call = stub.Say.with_call(asks[0], timeout=TIMEOUT_S)
        assert answer.text == "a"
        assert ("seen-by", "log") in call.initial_metadata()
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(asks[0], timeout=TIMEOUT_S, metadata=(("turn", "down"),))
        status = caught.value.code(), caught.value.details(), ("why", "asked") in caught.value.trailing_metadata()
        assert status == (grpc.StatusCode.PERMISSION_DENIED, "turned down", True)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
        aborted = caught.value.code(), caught.value.details()
        many = stub.Repeat(gen.pb2.Ask(text="x", count=2), timeout=TIMEOUT_S)
        streamed = [message.text for message in many]
        assert ("ended", "yes") in many.trailing_metadata()
        joined = stub.Join(iter(asks), timeout=TIMEOUT_S).text
        chatted = [message.text for message in stub.Chat(iter(asks), timeout=TIMEOUT_S)]
        return aborted, streamed, joined, chatted


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_connect_interceptors_run_on_every_wire(gen, flavour):
    results = []
    for wire in ("connect", "grpcio", "mounted"):
        log, timed = Log(), Timed()

        def build(make, wire=wire, log=log, timed=timed):
            server = make(wire="connect" if wire == "connect" else "grpcio")
            settings = {"interceptors": [timed, log]}
            server.add_service(gen.connect.EchoASGIApplication, servicer(gen, flavour), **settings)
            return server, server.add_insecure_port("127.0.0.1:0")

        if wire == "mounted":
            with own_server(gen, flavour, log, timed) as port:
                results.append((call_all(gen, port), log.seen, timed.seen))
            continue
        with running(flavour, build) as port:
            results.append((call_all(gen, port), log.seen, timed.seen))
    assert results[1] == results[0]
    assert results[2] == results[0]
    assert results[0][1][:4] == [("Say", "unary"), ("Say", "unary"), ("Say", "unary"), ("Repeat", "server stream")]
    assert results[0][2][:4] == ["start Say", "end well", "start Say", "end ConnectError"]


@contextlib.contextmanager
def own_server(gen, flavour, *interceptors):
    """A server of grpcio's, made by the user."""
    if flavour == "sync":
        with futures.ThreadPoolExecutor(2) as pool:
            server = grpc.server(pool)
            mount(server, gen.connect.EchoASGIApplication, servicer(gen, flavour), interceptors=interceptors[::-1])
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            yield port
            server.stop(None).wait(TIMEOUT_S)
        return
    with Loop() as loop:

        async def start():
            server = grpc.aio.server()
            mount(server, gen.connect.EchoASGIApplication, servicer(gen, flavour), interceptors=interceptors[::-1])
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        yield port
        loop.run(server.stop(None))


class WithoutRegistered(_server.Server):
    """grpcio 1.65 to 1.8x: its aio server has the method, which does nothing (`grpc/aio/_server.py` of 1.80.1)."""

    def add_registered_method_handlers(self, service_name, method_handlers):
        pass


def test_an_aio_server_that_drops_registered_handlers_serves_all(gen):
    """Seen in an application that pins grpcio 1.80: each call of an async service was UNIMPLEMENTED."""
    with Loop() as loop:

        async def ask():
            server = WithoutRegistered(None, (), (), (), None, None)
            mount(server, gen.connect.EchoASGIApplication, servicer(gen, "aio"))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", OWN_CONNECTIONS) as channel:
                answer = await gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="hi"), timeout=TIMEOUT_S)
            await server.stop(None)
            return answer

        assert loop.run(ask()).text


def test_an_interceptor_that_would_not_run_is_refused(gen):
    class OfAnotherColour:
        def intercept_unary_sync(self, call_next, request, ctx):
            return call_next(request, ctx)

    for wire in ("connect", "grpcio"):
        server = runtime.Server(wire=wire)
        with pytest.raises(TypeError, match="not an async interceptor"):
            server.add_service(gen.connect.EchoASGIApplication, object(), interceptors=[OfAnotherColour()])


def test_a_chain_sees_that_its_client_has_left(gen):
    started, cancelled = threading.Event(), threading.Event()

    async def say(self, request, context):
        started.set()
        try:
            await asyncio.sleep(TIMEOUT_S)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = runtime.Server(wire="grpcio")
    server.add_service(gen.connect.EchoASGIApplication, type("Service", (gen.connect.Echo,), {"say": say})())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = gen.pb2_grpc.EchoStub(channel).Say.future(gen.pb2.Ask())
        assert started.wait(TIMEOUT_S)
        assert call.cancel()
        assert cancelled.wait(TIMEOUT_S)
    assert server.stop(None).wait(TIMEOUT_S)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_port_takes_the_protocols_it_is_told_to(gen, flavour):
    def build(protocols):
        def made(make):
            server = make(wire="connect", protocols=protocols)
            server.add_service(gen.connect.EchoASGIApplication, servicer(gen, flavour))
            return server, server.add_insecure_port("127.0.0.1:0")

        return made

    def grpc_code(port):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(), timeout=TIMEOUT_S)
            except grpc.RpcError as error:
                return error.code()
            return grpc.StatusCode.OK

    def statuses(port):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/tests.v1.Echo/Say", b"{}", {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return grpc_code(port), answer.status
        except urllib.error.HTTPError as error:
            with error:
                return grpc_code(port), error.code

    with running(flavour, build(["grpc"])) as port:
        assert statuses(port) == (grpc.StatusCode.OK, 415)
    with running(flavour, build("connect")) as port:
        assert statuses(port) == (grpc.StatusCode.UNKNOWN, 200)
    with running(flavour, build(None)) as port:
        assert statuses(port) == (grpc.StatusCode.OK, 200)
    for wrong in ((), ["http"]):
        with pytest.raises(ValueError, match="protocols must be some of"):
            runtime.Server(protocols=wrong)


@pytest.mark.parametrize("wire", ["connect", "grpcio"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_service_that_is_made_at_the_start_is_cleaned_up_after_the_last_call(gen, flavour, wire):
    seen = []
    started, release = threading.Event(), threading.Event()

    class Service:
        def say(self, request, context):
            started.set()
            release.wait(TIMEOUT_S)
            seen.append("answered")
            return gen.pb2.Answer(text="late")

    async def service():
        seen.append("made")
        try:
            yield type("Service", (gen.connect.EchoSync, Service), {"say": Service.say})()
        finally:
            seen.append("cleaned up")

    def build(make):
        server = make(wire=wire)
        server.add_service(gen.connect.EchoASGIApplication, service())
        servers.append(server)
        return server, server.add_insecure_port("127.0.0.1:0")

    servers = []
    with running(flavour, build) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        future = gen.pb2_grpc.EchoStub(channel).Say.future(gen.pb2.Ask(), timeout=TIMEOUT_S)
        assert started.wait(TIMEOUT_S)
        if flavour == "sync":
            stopped = servers[0].stop(TIMEOUT_S)
            release.set()
            assert future.result(TIMEOUT_S).text == "late"
            assert stopped.wait(TIMEOUT_S)
            assert seen == ["made", "answered", "cleaned up"]
        release.set()
        assert future.result(TIMEOUT_S).text == "late"
    assert seen == ["made", "answered", "cleaned up"]


@pytest.mark.parametrize("wire", ["connect", "grpcio"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_headers_that_come_too_late_are_dropped(gen, flavour, wire):
    class Sync:
        def repeat(self, request, context):
            context.response_headers.add("early", "1")
            yield gen.pb2.Answer(text="a")
            context.response_headers.add("late", "1")
            context.response_trailers.add("last", "1")
            yield gen.pb2.Answer(text="b")

        def say(self, request, context):
            context.send_initial_metadata((("sent", "1"),))
            context.response_headers.add("late", "1")
            return gen.pb2.Answer(text="c")

    class Async:
        async def repeat(self, request, context):
            for message in Sync().repeat(request, context):
                yield message

        async def say(self, request, context):
            await context.send_initial_metadata((("sent", "1"),))
            context.response_headers.add("late", "1")
            return gen.pb2.Answer(text="c")

    def build(make):
        bases = (Sync, gen.connect.EchoSync) if flavour == "sync" else (Async, gen.connect.Echo)
        server = make(wire=wire)
        server.add_service(gen.connect.EchoASGIApplication, type("Service", bases, {})())
        return server, server.add_insecure_port("127.0.0.1:0")

    with running(flavour, build) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        call = stub.Repeat(gen.pb2.Ask(), timeout=TIMEOUT_S)
        assert [message.text for message in call] == ["a", "b"]
        assert [key for key, _ in call.initial_metadata()] == ["early"]
        assert ("last", "1") in call.trailing_metadata()
        _, unary = stub.Say.with_call(gen.pb2.Ask(), timeout=TIMEOUT_S)
        assert [key for key, _ in unary.initial_metadata()] == ["sent"]
