"""Clients and servicers on channels and servers of which it shows only at run time whose they are."""

from __future__ import annotations

import asyncio
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import AioEcho, Seen, SyncEcho, renamed
from serving import Loop, grpcio_server, runtime_server

import grpc2connect_runtime as runtime

TIMEOUT_MS = 10_000
SERVERS = (grpcio_server, runtime_server)


def asks(gen, *texts):
    return (gen.pb2.Ask(text=text) for text in texts)


def sync_channels(port):
    """The kinds of sync channels that a caller may hand over."""
    address = f"127.0.0.1:{port}"
    return {
        "runtime": runtime.insecure_channel(address),
        "grpcio": grpc.insecure_channel(address),
        "intercepted": grpc.intercept_channel(grpc.insecure_channel(address), Counting()),
        "intercepted by the runtime": runtime.intercept_channel(runtime.insecure_channel(address), Ours()),
        "grpcio's, intercepted by the runtime": runtime.intercept_channel(grpc.insecure_channel(address), Ours()),
        "grpcio's, by both": runtime.intercept_channel(grpc.insecure_channel(address), Ours(), Counting()),
    }


class Counting(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Notes which kinds of calls it has seen, and their requests."""

    def __init__(self):
        self.seen = []

    def intercept_unary_unary(self, continuation, details, request):
        self.seen.append(("unary_unary", details.method, request.text))
        return continuation(details, request)

    def intercept_unary_stream(self, continuation, details, request):
        self.seen.append(("unary_stream", details.method, request.text))
        return continuation(details, request)

    def intercept_stream_unary(self, continuation, details, requests):
        self.seen.append(("stream_unary", details.method, ""))
        return continuation(details, requests)

    def intercept_stream_stream(self, continuation, details, requests):
        self.seen.append(("stream_stream", details.method, ""))
        return continuation(details, requests)


class Ours(runtime.UnaryUnaryClientInterceptor):
    """Passes calls on."""

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details, request)


SYNC_KINDS = tuple(sync_channels(1))


@pytest.mark.parametrize("kind", SYNC_KINDS)
@pytest.mark.parametrize("serve", SERVERS)
def test_sync_clients_on_every_kind_of_channel(gen, serve, kind):
    with serve(gen, "sync", Seen()) as port:
        channel = sync_channels(port)[kind]
        client = runtime.client_on(channel, gen.connect.EchoClientSync, gen.connect.EchoClient)
        assert isinstance(client, gen.connect.EchoClientSync)
        assert client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS).text == "a"
        assert client.join(asks(gen, "x", "y"), timeout_ms=TIMEOUT_MS).text == "x+y"
        assert [one.text for one in client.repeat(gen.pb2.Ask(text="a", count=3))] == ["a0", "a1", "a2"]
        assert [one.text for one in client.chat(asks(gen, "x", "y"))] == ["X", "Y"]
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="abort with trailers"), timeout_ms=TIMEOUT_MS)
        assert (caught.value.code, caught.value.message) == (Code.ABORTED, "t")
        assert ("b-bin", b"\x00\xff") in tuple(runtime.rpc_error(caught.value).trailing_metadata())
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="rich"), timeout_ms=TIMEOUT_MS)
        assert len(caught.value.details) == 1
        with pytest.raises(ConnectError) as caught:
            list(client.repeat(gen.pb2.Ask(text="then:abort", count=1)))
        assert caught.value.code is Code.NOT_FOUND
        channel.close()


@pytest.mark.parametrize("kind", ["runtime", "grpcio", "intercepted"])
def test_calls_with_grpc_s_signature(gen, kind):
    with grpcio_server(gen, "sync", Seen()) as port:
        channel = sync_channels(port)[kind]
        client = runtime.client_on(channel, gen.connect.EchoClientSync)
        say = runtime.unary_unary(client.say)
        reply, call = say.with_call(gen.pb2.Ask(text="a"), timeout=10, metadata=(("k", "v"),))
        assert (reply.text, call.code()) == ("a", runtime.StatusCode.OK)
        assert isinstance(call, runtime.Call)
        future = say.future(gen.pb2.Ask(text="abort"), timeout=10)
        assert isinstance(future.exception(10), ConnectError)
        with pytest.raises(ConnectError):
            future.result(10)
        with pytest.raises(ConnectError) as caught:
            say(gen.pb2.Ask(text="abort"))
        assert caught.value.code is Code.NOT_FOUND
        stream = runtime.unary_stream(client.repeat)(gen.pb2.Ask(text="then:abort", count=2))
        assert next(stream).text == "0"
        with pytest.raises(ConnectError):
            list(stream)
        assert stream.code() is runtime.StatusCode.NOT_FOUND
        channel.close()


@pytest.mark.parametrize("kind", SYNC_KINDS)
def test_a_stub_that_tests_may_replace_is_a_client_too(gen, kind):
    with grpcio_server(gen, "sync", Seen()) as port:
        channel = sync_channels(port)[kind]
        client = runtime.stub_on(gen.connect.EchoClientSync, channel)
        say = runtime.stub_method(client, "Say", "say", runtime.unary_unary)
        assert say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        with pytest.raises(ConnectError) as caught:
            say(gen.pb2.Ask(text="abort"), timeout=10)
        assert caught.value.code is Code.NOT_FOUND
        channel.close()


@pytest.mark.parametrize("kind", SYNC_KINDS)
def test_errors_of_a_stub_that_stays_are_caught_by_moved_code_and_by_any_other(gen, kind):
    with grpcio_server(gen, "sync", Seen()) as port:
        channel = sync_channels(port)[kind]
        stub = runtime.unmoved_stub(channel, gen.pb2_grpc.EchoStub)
        assert isinstance(stub, gen.pb2_grpc.EchoStub)
        assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        reply, call = stub.Say.with_call(gen.pb2.Ask(text="b"), timeout=10)
        assert (reply.text, call.code()) == ("b", grpc.StatusCode.OK)
        for library in (ConnectError, grpc.RpcError):
            with pytest.raises(library) as caught:
                stub.Say(gen.pb2.Ask(text="abort"), timeout=10)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
            with pytest.raises(library) as caught:
                list(stub.Repeat(gen.pb2.Ask(text="then:abort", count=2), timeout=10))
            assert runtime.rpc_error(caught.value).code() == Code.NOT_FOUND
            with pytest.raises(library):
                stub.Say.future(gen.pb2.Ask(text="abort"), timeout=10).result(10)
        channel.close()


@pytest.mark.parametrize("make", [runtime.aio_insecure_channel, grpc.aio.insecure_channel])
def test_errors_of_an_aio_stub_that_stays_are_of_both(gen, make):
    async def calls(port):
        async with make(f"127.0.0.1:{port}") as channel:
            stub = runtime.unmoved_stub(channel, gen.pb2_grpc.EchoStub)
            assert (await stub.Say(gen.pb2.Ask(text="a"), timeout=10)).text == "a"
            stream = stub.Repeat(gen.pb2.Ask(text="a", count=1), timeout=10)
            assert [(await stream.read()).text, await stream.read()] == ["a0", grpc.aio.EOF]
            assert await stream.code() is grpc.StatusCode.OK
            for library in (ConnectError, grpc.aio.AioRpcError):
                with pytest.raises(library) as caught:
                    await stub.Say(gen.pb2.Ask(text="abort"), timeout=10)
                assert caught.value.code() is grpc.StatusCode.NOT_FOUND
                with pytest.raises(library):
                    async for _ in stub.Repeat(gen.pb2.Ask(text="then:abort", count=2), timeout=10):
                        pass

    with grpcio_server(gen, "sync", Seen()) as port:
        asyncio.run(asyncio.wait_for(calls(port), 30))


def test_what_stands_in_for_a_channel_is_what_a_stub_that_stays_is_called_with(gen):
    assert runtime.unmoved_stub("a channel of a test's own", lambda channel: [channel]) == ["a channel of a test's own"]


def test_a_channel_of_grpcio_is_waited_for(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        for kind in ("grpcio", "grpcio's, intercepted by the runtime"):
            channel = sync_channels(port)[kind]
            runtime.channel_ready_future(channel).result(timeout=10)
            channel.close()


@pytest.mark.parametrize("kind", ["runtime", "grpcio", "intercepted", "grpcio's, by both"])
def test_deadlines_hold(gen, kind):
    seen = Seen()
    with grpcio_server(gen, "sync", seen) as port:
        channel = sync_channels(port)[kind]
        client = runtime.client_on(channel, gen.connect.EchoClientSync)
        with pytest.raises(ConnectError) as caught:
            list(client.repeat(gen.pb2.Ask(text="hang", count=1), timeout_ms=200))
        assert caught.value.code is Code.DEADLINE_EXCEEDED
        seen.release.set()
        channel.close()


def test_interceptors_see_what_they_saw_of_a_stub(gen):
    with grpcio_server(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as plain:
        seen = {}
        for name in ("stub", "client"):
            counting = Counting()
            channel = grpc.intercept_channel(plain, counting)
            if name == "stub":
                stub = gen.pb2_grpc.EchoStub(channel)
                say, join, repeat, chat = stub.Say, stub.Join, stub.Repeat, stub.Chat
            else:
                client = runtime.client_on(channel, gen.connect.EchoClientSync)
                say, join, repeat, chat = client.say, client.join, client.repeat, client.chat
            say(gen.pb2.Ask(text="a"))
            join(asks(gen, "x"))
            list(repeat(gen.pb2.Ask(text="a", count=1)))
            list(chat(asks(gen, "x")))
            seen[name] = counting.seen
        assert seen["client"] == seen["stub"]


@pytest.mark.parametrize("serve", SERVERS)
@pytest.mark.parametrize("make", [runtime.aio_insecure_channel, grpc.aio.insecure_channel])
def test_aio_clients_on_every_kind_of_channel(gen, serve, make):
    async def call(port):
        async with make(f"127.0.0.1:{port}") as channel:
            client = runtime.client_on(channel, gen.connect.EchoClientSync, gen.connect.EchoClient)
            assert isinstance(client, gen.connect.EchoClient)
            assert (await client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS)).text == "a"
            assert [one.text async for one in client.repeat(gen.pb2.Ask(text="a", count=2))] == ["a0", "a1"]
            with pytest.raises(ConnectError) as caught:
                await client.say(gen.pb2.Ask(text="abort"), timeout_ms=TIMEOUT_MS)
            assert caught.value.code is Code.NOT_FOUND
            with pytest.raises(ConnectError):
                async for _ in client.repeat(gen.pb2.Ask(text="then:abort", count=1)):
                    pass

            call = runtime.unary_unary(client.say)(gen.pb2.Ask(text="trailing"), timeout=10)
            await call
            assert await call.code() is runtime.StatusCode.OK
            assert isinstance(await call.trailing_metadata(), runtime.Metadata)
            chat = runtime.stream_stream(client.chat)()
            await chat.write(gen.pb2.Ask(text="x"))
            await chat.done_writing()
            assert (await chat.read()).text == "X"
            assert await chat.read() is runtime.EOF
            join = runtime.stream_unary(client.join)(iter([gen.pb2.Ask(text="x")]))
            assert (await join).text == "x"

    with serve(gen, "aio", Seen()) as port:
        asyncio.run(asyncio.wait_for(call(port), 30))


def test_what_stands_in_for_a_channel_is_called_as_by_a_stub(gen):
    class Failure(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

        def details(self):
            return "down"

    class Fake:
        def __init__(self):
            self.asked = []

        def unary_unary(self, method, request_serializer=None, response_deserializer=None):
            def answer(request, timeout=None):
                self.asked.append((method, timeout))
                if request.text == "fail":
                    raise Failure
                return response_deserializer(request_serializer(request))

            return answer

    fake = Fake()
    client = runtime.client_on(fake, gen.connect.EchoClientSync, gen.connect.EchoClient)
    assert client.say(gen.pb2.Ask(text="a")).text == "a"
    assert runtime.unary_unary(client.say)(gen.pb2.Ask(text="b"), timeout=3).text == "b"
    assert [timeout for _, timeout in fake.asked] == [None, 3]
    with pytest.raises(ConnectError) as caught:
        client.say(gen.pb2.Ask(text="fail"))
    assert (caught.value.code, caught.value.message) == (Code.UNAVAILABLE, "down")
    with pytest.raises(AttributeError):
        runtime.client_on(None, gen.connect.EchoClientSync)


def test_a_stub_class_that_has_not_moved_is_made_as_before(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        for channel in sync_channels(port).values():
            stub = runtime.client_on(channel, gen.pb2_grpc.EchoStub)
            assert isinstance(stub, gen.pb2_grpc.EchoStub)
            assert stub.Say(gen.pb2.Ask(text="a")).text == "a"
            channel.close()


@pytest.mark.parametrize("make", [runtime.Server, grpc.server])
def test_sync_servicers_on_every_kind_of_server(gen, make):
    with futures.ThreadPoolExecutor(4) as pool:
        server = make(pool)
        runtime.add_service_to(server, gen.connect.EchoASGIApplication, renamed(SyncEcho(gen.pb2, Seen())))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
            assert stub.Join(asks(gen, "x", "y"), timeout=10).text == "x+y"
            with pytest.raises(grpc.RpcError) as caught:
                stub.Say(gen.pb2.Ask(text="abort"), timeout=10)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        server.stop(None).wait(10)


@pytest.mark.parametrize("make", [runtime.AioServer, grpc.aio.server])
def test_aio_servicers_on_every_kind_of_server(gen, make):
    with Loop() as loop:

        async def start():
            server = make()
            runtime.add_service_to(server, gen.connect.EchoASGIApplication, renamed(AioEcho(gen.pb2, Seen())))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
            assert [one.text for one in stub.Chat(asks(gen, "x", "y"), timeout=10)] == ["X", "Y"]
        loop.run(server.stop(None))


def test_what_stands_in_for_a_server_gets_method_handlers(gen):
    class Wrapper:
        def __init__(self, inner):
            self.inner, self.added = inner, []

        def add_generic_rpc_handlers(self, handlers):
            self.added += [handler.service_name() for handler in handlers]
            self.inner.add_generic_rpc_handlers(handlers)

    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        wrapper = Wrapper(server)
        runtime.add_service_to(wrapper, gen.connect.EchoASGIApplication, renamed(SyncEcho(gen.pb2, Seen())))
        assert wrapper.added == ["tests.v1.Echo"]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        server.stop(None).wait(10)


@pytest.mark.parametrize("make", [runtime.Server, grpc.server])
def test_a_registration_that_has_not_moved_is_called_as_before(gen, make):
    with futures.ThreadPoolExecutor(4) as pool:
        server = make(pool)
        runtime.add_service_to(server, gen.pb2_grpc.add_EchoServicer_to_server, SyncEcho(gen.pb2, Seen()))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        server.stop(None).wait(10)


@pytest.mark.parametrize("wire", ["connect", "grpcio"])
def test_a_server_takes_what_registers_a_service(gen, wire):
    """A library's method that is given `add_XServicer_to_server` by callers who have not moved, or what wraps it."""
    add = gen.pb2_grpc.add_EchoServicer_to_server

    def counted(servicer, server):
        served.append(server)
        add(servicer, server)

    for registers in (add, counted, lambda servicer, server: add(servicer, server=server)):
        served = []
        server = runtime.Server(futures.ThreadPoolExecutor(4), wire=wire)
        server.add_service(registers, SyncEcho(gen.pb2, Seen()))
        assert served == ([server] if registers is counted else [])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        finally:
            server.stop(None).wait(10)


def test_a_class_for_either_colour(gen):
    either = runtime.stub_class(gen.connect.EchoClientSync, gen.connect.EchoClient)
    with grpcio_server(gen, "sync", Seen()) as port:
        for channel in sync_channels(port).values():
            for client in (either(channel), runtime.client_on(channel, either)):
                assert client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS).text == "a"
            channel.close()
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert isinstance(channel.client(either), gen.connect.EchoClientSync)
            assert isinstance(channel.client(either), either)
            assert not isinstance(channel, either)

        async def call():
            async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
                client = channel.client(either)
                assert (await client.say(gen.pb2.Ask(text="a"), timeout_ms=TIMEOUT_MS)).text == "a"
                assert isinstance(either(channel), gen.connect.EchoClient)

        asyncio.run(asyncio.wait_for(call(), 30))


def test_a_channel_takes_what_makes_a_stub(gen):
    """A library's method that is given a function by callers who have not moved, where a stub class is meant."""
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        for make in (gen.pb2_grpc.EchoStub, lambda channel: gen.pb2_grpc.EchoStub(channel)):
            assert channel.client(make).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"


def test_what_stands_in_for_a_generated_module(gen):
    names = runtime.generated_names(gen.connect)
    assert names is runtime.generated_names(gen.connect)
    ours = {name for name in dir(gen.pb2_grpc) if name.startswith(("Echo", "add_Echo"))}
    assert {name for name in vars(names) if "Echo" in name} == ours - {"Echo"}  # without the experimental API
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        runtime.add_service_to(server, names.add_EchoServicer_to_server, renamed(SyncEcho(gen.pb2, Seen())))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert getattr(names, "Echo" + "Stub")(channel).say(gen.pb2.Ask(text="a")).text == "a"
        server.stop(None).wait(10)


@pytest.mark.parametrize("where", ["runtime", "grpcio", "add_service"])
def test_a_servicer_whose_base_is_computed(gen, where):
    """`class Servicer(getattr(module, name))`: its handlers have the names of the RPCs."""
    names = runtime.generated_names(gen.connect)

    class Servicer(getattr(names, "Echo" + "Servicer")):
        def Say(self, request, context):
            return gen.pb2.Answer(text=request.text * 2)

    assert not isinstance(renamed(SyncEcho(gen.pb2, Seen())), Servicer)
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool) if where == "grpcio" else runtime.Server(pool)
        add = names.add_EchoServicer_to_server
        if where == "add_service":
            server.add_service(add, Servicer())
        else:
            add(Servicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "aa"
            with pytest.raises(grpc.RpcError) as caught:
                stub.Join(asks(gen, "x"), timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        server.stop(None).wait(10)


@pytest.mark.parametrize("kind", ["runtime", "grpcio", "intercepted by the runtime"])
def test_rpcs_by_their_names(gen, kind):
    with grpcio_server(gen, "sync", Seen()) as port:
        channel = sync_channels(port)[kind]
        client = runtime.client_on(channel, gen.connect.EchoClientSync)
        assert runtime.by_rpc_names(client).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        assert runtime.by_rpc_names(client).Join(asks(gen, "x", "y"), timeout=10).text == "x+y"
        many = runtime.by_rpc_names(client).Repeat(gen.pb2.Ask(text="a", count=2), timeout=10)
        assert [one.text for one in many] == ["a0", "a1"]
        assert [one.text for one in runtime.by_rpc_names(client).Chat(asks(gen, "x"), timeout=10)] == ["X"]
        assert getattr(runtime.by_rpc_names(client), "Nothing", None) is None
        with pytest.raises(AttributeError):
            _ = runtime.by_rpc_names(client).Nothing
        assert runtime.by_rpc_names("text").upper() == "TEXT"
        channel.close()


def test_rpcs_of_an_async_client_by_their_names(gen):
    async def call(port):
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            assert (await runtime.by_rpc_names(client).Say(gen.pb2.Ask(text="a"), timeout=10)).text == "a"
            many = runtime.by_rpc_names(client).Repeat(gen.pb2.Ask(text="a", count=2), timeout=10)
            assert [one.text async for one in many] == ["a0", "a1"]

    with grpcio_server(gen, "aio", Seen()) as port:
        asyncio.run(asyncio.wait_for(call(port), 30))


def test_a_proxy_of_a_client_is_asked_by_either_name(gen):
    class Proxy:
        def __init__(self, target):
            self.target = target

        def __getattr__(self, name):
            return getattr(self.target, name)

    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        proxy = Proxy(channel.client(gen.connect.EchoClientSync))
        say = runtime.stub_method(proxy, "Say", "say", runtime.unary_unary)
        assert say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
        with pytest.raises(AttributeError):
            runtime.stub_method(object(), "Say", "say", runtime.unary_unary)


def test_the_end_of_a_stream_equals_grpcio_s():
    assert runtime.EOF == grpc.aio.EOF
    assert grpc.aio.EOF == runtime.EOF
    assert runtime.EOF not in (None, 0, "", "EOF")
    assert len({runtime.EOF, runtime.EOF}) == 1


class LooksUp:
    """A servicer that makes its handlers as they are asked for, by whatever name."""

    def __init__(self, of):
        self._of = of

    def __getattr__(self, name):
        if not hasattr(self._of, name):
            return refuse
        return getattr(self._of, name)


class PassesOn:
    """A servicer that has what another one has."""

    def __init__(self, of):
        self._of = of

    def __getattr__(self, name):
        return getattr(self._of, name)


def refuse(request, context):
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such handler")


class Says:
    def Say(self, request, context):
        return request.__class__(text=f"{request.text}!")


class SaysNow:
    def say(self, request, context):
        return request.__class__(text=f"{request.text}!")


@pytest.mark.parametrize("servicer", [LooksUp(Says()), PassesOn(Says()), PassesOn(SaysNow())])
@pytest.mark.parametrize("make", [runtime.Server, grpc.server])
def test_handlers_that_are_looked_up_are_asked_for_by_the_names_of_rpcs(gen, make, servicer):
    class Answers(type(servicer)):
        def __getattr__(self, name):
            if name in ("Join", "Repeat", "Chat"):
                return refuse
            return super().__getattr__(name)

    server = make(futures.ThreadPoolExecutor(2))
    runtime.add_service_to(server, gen.connect.EchoASGIApplication, Answers(servicer._of))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=10).text == "a!"
    finally:
        server.stop(None)
