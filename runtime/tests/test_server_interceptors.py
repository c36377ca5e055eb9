"""Server interceptors written for grpcio, unchanged: on grpcio, and here for moved and unmoved services."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from connectrpc.errors import ConnectError
from servicers import AioEcho, Seen, SyncEcho, renamed
from serving import FLAVOURS, free_port
from test_server_semantics import METADATA, observe_stream, observe_unary, same
from test_unmoved_services import servicer, serving

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
who = contextvars.ContextVar("who", default="nobody")
WAYS = ("grpcio", "unmoved", "moved")
FACTORIES = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


class Log:
    """Notes each call, and sets a context variable."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def note(self, details):
        keys = [pair.key for pair in details.invocation_metadata if pair.key != "user-agent"]
        self.log.append((self.name, details.method, sorted(keys)))
        who.set(who.get() + self.name)


class SyncLog(Log, grpc.ServerInterceptor):
    def intercept_service(self, continuation, handler_call_details):
        self.note(handler_call_details)
        return continuation(handler_call_details)


class AioLog(Log, grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation, handler_call_details):
        self.note(handler_call_details)
        return await continuation(handler_call_details)


def abort(request, context):
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")


async def aio_abort(request, context):
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")


class SyncAuth(grpc.ServerInterceptor):
    """Turns calls without a key down: all kinds with one unary handler, as is usual."""

    def intercept_service(self, continuation, handler_call_details):
        if any(key == "k" for key, _ in handler_call_details.invocation_metadata):
            return continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(abort)


class AioAuth(grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation, handler_call_details):
        if any(key == "k" for key, _ in handler_call_details.invocation_metadata):
            return await continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(aio_abort)


def wrapped(handler, wrap):
    """The handler with its behaviour wrapped, made anew by grpcio's factories."""
    name, factory = FACTORIES[handler.request_streaming, handler.response_streaming]
    return factory(
        wrap(getattr(handler, name), handler),
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def make_wrap(gen, log):
    """Wrappers that see requests and responses, whatever colour the handler is of."""
    ask, answer = gen.pb2.Ask, gen.pb2.Answer

    def sync(behaviour, handler):
        def seen(requests):
            for request in requests:
                log.append(type(request) is ask)
                yield request

        def unary(request, context):
            request = seen(request) if handler.request_streaming else request
            response = behaviour(request, context)
            log.append((type(response) is answer, who.get()))
            return response

        def stream(request, context):
            request = seen(request) if handler.request_streaming else request
            for response in behaviour(request, context):
                log.append(type(response) is answer)
                yield response

        return stream if handler.response_streaming else unary

    def aio(behaviour, handler):
        async def seen(requests):
            async for request in requests:
                log.append(type(request) is ask)
                yield request

        async def unary(request, context):
            request = seen(request) if handler.request_streaming else request
            response = await behaviour(request, context)
            log.append((type(response) is answer, who.get()))
            return response

        async def stream(request, context):
            request = request if not handler.request_streaming else seen(request)
            async for response in behaviour(request, context):
                log.append(type(response) is answer)
                yield response

        return stream if handler.response_streaming else unary

    class SyncWrap(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            handler = continuation(handler_call_details)
            return None if handler is None else wrapped(handler, sync)

    class AioWrap(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, handler_call_details):
            handler = await continuation(handler_call_details)
            return None if handler is None else wrapped(handler, aio)

    return {"sync": SyncWrap, "aio": AioWrap}


def adder(gen, flavour, way, seen):
    def add(server):
        if way == "moved":
            made = (SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, seen)
            server.add_service(gen.connect.EchoASGIApplication, renamed(made))
        else:
            gen.pb2_grpc.add_EchoServicer_to_server(servicer(gen, flavour, seen), server)

    return add


def each_way(gen, flavour, make_interceptors, act):
    """Run `act(stub)` against all three servers; return its results with what was logged."""
    results = []
    for way in WAYS:
        log = []
        maker = "grpcio" if way == "grpcio" else "runtime"
        seen = Seen()
        arguments = {"interceptors": make_interceptors(log)}
        running = serving(maker, flavour, adder(gen, flavour, way, seen), **arguments)
        with running as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            stub.Unknown = channel.unary_unary("/tests.v1.Echo/Unknown")
            results.append((act(stub), log))
            seen.release.set()
    return results


def all_kinds(gen, stub, **arguments):
    asks = [gen.pb2.Ask(text=text) for text in "xyz"]
    return {
        "say": observe_unary(stub.Say, gen.pb2.Ask(text="x"), **arguments),
        "join": observe_unary(stub.Join, iter(asks), **arguments),
        "repeat": observe_stream(stub.Repeat(gen.pb2.Ask(text="a", count=3), timeout=TIMEOUT_S, **arguments)),
        "abort": observe_unary(stub.Say, gen.pb2.Ask(text="abort"), **arguments),
    }


def chat(gen, stub, **arguments):
    return observe_stream(stub.Chat(iter([gen.pb2.Ask(text=text) for text in "xyz"]), timeout=TIMEOUT_S, **arguments))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_interceptors_see_each_call_in_order(gen, flavour):
    kind = SyncLog if flavour == "sync" else AioLog

    def act(stub):
        return all_kinds(gen, stub, metadata=METADATA), chat(gen, stub, metadata=METADATA)

    first, *others = each_way(gen, flavour, lambda log: [kind(log, "a"), kind(log, "b")], act)
    for other in others:
        same(first, other)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_handlers_are_wrapped_and_see_context_variables(gen, flavour):
    kind = SyncLog if flavour == "sync" else AioLog

    def interceptors(log):
        return [kind(log, "a"), make_wrap(gen, log)[flavour]()]

    def act(stub):
        # The aio Chat reads and writes through its context, which a wrapper of iterators does not fit.
        return all_kinds(gen, stub), chat(gen, stub) if flavour == "sync" else None

    first, *others = each_way(gen, flavour, interceptors, act)
    assert (True, "nobodya") in first[1]
    for other in others:
        same(first, other)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_interceptor_turns_calls_of_all_kinds_down(gen, flavour):
    def act(stub):
        open_end = threading.Event()

        def hanging():
            yield gen.pb2.Ask(text="x")
            open_end.wait(TIMEOUT_S)

        result = all_kinds(gen, stub), chat(gen, stub), observe_stream(stub.Chat(hanging(), timeout=TIMEOUT_S))
        open_end.set()
        return *result, observe_unary(stub.Unknown, b"")

    kind = SyncAuth if flavour == "sync" else AioAuth
    first, *others = each_way(gen, flavour, lambda log: [kind()], act)
    assert first[0][0]["say"][1][0] is grpc.StatusCode.UNAUTHENTICATED
    for other in others:
        same(first, other)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("what", ["none", "raise", "replace"])
def test_an_interceptor_that_answers_itself(gen, flavour, what):
    def decide(handler):
        if what == "none":
            return None
        if what == "raise":
            raise ValueError("boom")
        return handler._replace(unary_unary=lambda request, context: gen.pb2.Answer(text=f"mine {request.text}"))

    class Sync(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            return decide(continuation(handler_call_details))

    class Aio(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, handler_call_details):
            return decide(await continuation(handler_call_details))

    def act(stub):
        return observe_unary(stub.Say, gen.pb2.Ask(text="x"))

    kind = Sync if flavour == "sync" else Aio
    first, *others = each_way(gen, flavour, lambda log: [kind()], act)
    for other in others:
        same(first, other)


def post(port, method, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/tests.v1.Echo/{method}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **({"k": "v"} if body["text"] == "k" else {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.connect_wire
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_protocol_gets_past_an_interceptor(gen, flavour):
    kind = SyncAuth if flavour == "sync" else AioAuth
    for way in WAYS[1:]:
        add = adder(gen, flavour, way, Seen())
        with serving("runtime", flavour, add, interceptors=[kind()]) as port:
            # JSON is for moved services; an unmoved one's messages are only known to itself.
            assert post(port, "Say", {"text": "x"}) == (401 if way == "moved" else 415)
            assert post(port, "Say", {"text": "k"}) == (200 if way == "moved" else 415)


@pytest.mark.connect_wire
def test_wrapped_moved_handlers_keep_json(gen):
    log = []
    add = adder(gen, "sync", "moved", Seen())
    with serving("runtime", "sync", add, interceptors=[make_wrap(gen, log)["sync"]()]) as port:
        assert post(port, "Say", {"text": "x"}) == 200
        assert log == [(True, "nobody")]


def test_interceptors_of_the_runtime_need_no_grpcio(gen):
    class Sync(runtime.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            assert isinstance(handler_call_details, runtime.HandlerCallDetails)
            handler = continuation(handler_call_details)
            assert isinstance(handler, runtime.RpcMethodHandler)
            return runtime.unary_unary_rpc_method_handler(
                lambda request, context: context.abort(runtime.StatusCode.ABORTED, "mine"),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )

    class Aio(runtime.AioServerInterceptor):
        async def intercept_service(self, continuation, handler_call_details):
            return await continuation(handler_call_details)

    add = adder(gen, "sync", "moved", Seen())
    with serving("runtime", "sync", add, interceptors=[Sync()]) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(), timeout=TIMEOUT_S)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.ABORTED, "mine")
    add = adder(gen, "aio", "moved", Seen())
    running = serving("runtime", "aio", add, interceptors=[Aio()])
    with running as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text == "x"


def test_what_would_not_be_called_is_refused(gen):
    class Connect:
        async def intercept_unary(self, call_next, request, ctx):
            return await call_next(request, ctx)

    for wrong in (Connect(), SyncLog, AioLog([], "a")):
        with pytest.raises(TypeError):
            runtime.Server(interceptors=[wrong])
    for wrong in (Connect(), AioLog, SyncLog([], "a")):
        with pytest.raises(ValueError):
            runtime.AioServer(interceptors=[wrong])
    server = runtime.Server(interceptors=[SyncAuth()])
    with pytest.raises(TypeError):
        server.add_service(lambda servicer, **settings: object(), object())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_reflection_is_intercepted_too(gen, flavour):
    from test_reflection import NAMES, look_up, look_up_by_v1

    kind = SyncLog if flavour == "sync" else AioLog
    log = []
    with serving(
        "runtime", flavour, lambda server: server.enable_reflection(NAMES), interceptors=[kind(log, "a")]
    ) as port:
        look_up(port)
        look_up_by_v1(port)
    versions = ("v1", "v1alpha")
    assert {path for _, path, _ in log} == {
        f"/grpc.reflection.{v}.ServerReflection/ServerReflectionInfo" for v in versions
    }
    auth = SyncAuth if flavour == "sync" else AioAuth
    add = lambda server: server.enable_reflection(NAMES)  # noqa: E731
    with serving("runtime", flavour, add, interceptors=[auth()]) as port, pytest.raises(grpc.RpcError) as caught:
        look_up(port)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_an_interceptor_catches_what_a_call_of_the_handler_failed_with(gen):
    seen = []

    class Watch(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            handler = continuation(handler_call_details)

            def behave(request, context):
                try:
                    return handler.unary_unary(request, context)
                except ConnectError as error:
                    seen.append((isinstance(error, runtime.Call), runtime.rpc_error(error).code().name))
                    raise

            made = grpc.unary_unary_rpc_method_handler
            return made(behave, handler.request_deserializer, handler.response_serializer)

    class Front(gen.connect.EchoSync):
        def say(self, request, context):
            with runtime.insecure_channel("localhost:1") as channel:
                return channel.client(gen.connect.EchoClientSync).say(request)

    server = runtime.Server(ThreadPoolExecutor(1), interceptors=[Watch()])
    server.add_service(gen.connect.EchoASGIApplication, Front())
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        with runtime.insecure_channel(f"localhost:{port}") as channel, pytest.raises(ConnectError) as raised:
            channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(), timeout_ms=TIMEOUT_S * 1000)
    finally:
        server.stop(0).wait(TIMEOUT_S)
    assert seen == [(True, "UNAVAILABLE")]
    found = runtime.rpc_error(raised.value)
    assert found.code().name == "UNKNOWN"
    assert found.details().startswith("Exception calling application: <_InactiveRpcError of RPC that terminated with:")


def test_what_watches_aio_servers_may_put_a_moved_interceptor_in(gen, monkeypatch):
    log = []

    class Watching(runtime.AioServerInterceptor):
        async def intercept_service(self, continuation, handler_call_details):
            log.append(handler_call_details.method)
            return await continuation(handler_call_details)

    made = grpc.aio.server

    def watched(*args, interceptors=None, **settings):
        return made(*args, interceptors=[Watching(), *(interceptors or ())], **settings)

    monkeypatch.setattr(grpc.aio, "server", watched)
    monkeypatch.setenv("G2C_WIRE", "grpcio")

    async def ask():
        server = runtime.AioServer(wire="grpcio")
        server.add_service(gen.connect.EchoASGIApplication, renamed(AioEcho(gen.pb2, Seen())))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                return (await gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=10)).text
        finally:
            await server.stop(None)

    assert asyncio.run(asyncio.wait_for(ask(), 30)) == "a"
    assert log == [f"/{gen.pb2.DESCRIPTOR.services_by_name['Echo'].full_name}/Say"]


def around(library):
    """An interceptor that puts a function around each unary handler, which gets the handler's context."""

    class Around(library.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            handler = continuation(handler_call_details)
            return library.unary_unary_rpc_method_handler(
                lambda request, context: handler.unary_unary(request, context),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )

    return Around()


@pytest.mark.parametrize("status", [True, False], ids=["its own status", "no status"])
@pytest.mark.parametrize("interceptors", [grpc, runtime], ids=["unmoved", "moved"])
def test_a_failed_call_that_a_wrapped_handler_lets_pass(gen, monkeypatch, interceptors, status):
    monkeypatch.delenv("G2C_WIRE", raising=False)  # as by default: grpcio serves, and connectrpc calls
    dead = f"127.0.0.1:{free_port()}"

    def begin(context):
        if status:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("mine")

    class Old(gen.pb2_grpc.EchoServicer):
        def Say(self, request, context):
            begin(context)
            with grpc.insecure_channel(dead) as channel:
                return gen.pb2_grpc.EchoStub(channel).Say(request, timeout=TIMEOUT_S)

    class New(gen.connect.EchoSync):
        def say(self, request, context):
            begin(context)
            with runtime.insecure_channel(dead) as channel:
                return channel.client(gen.connect.EchoClientSync).say(request, timeout_ms=TIMEOUT_S * 1000)

    def ends(maker, add, library, **wire):
        serve = serving(maker, "sync", add, interceptors=[around(library)], **wire)
        failing = pytest.raises(grpc.RpcError)
        with serve as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel, failing as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(), timeout=TIMEOUT_S)
        # What the line for logs inside says is each library's own.
        return caught.value.code(), caught.value.details().partition("debug_error_string")[0]

    wanted = ends("grpcio", lambda server: gen.pb2_grpc.add_EchoServicer_to_server(Old(), server), grpc)

    def add(server):
        server.add_service(gen.connect.EchoASGIApplication, New())

    assert ends("runtime", add, interceptors, wire="grpcio") == wanted
