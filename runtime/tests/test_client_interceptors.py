"""Client interceptors written for grpcio, unchanged: on grpcio's channels, and here for stubs and clients."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import socket

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from grpc._interceptor import _ClientCallDetails
from servicers import Seen
from serving import grpcio_server
from test_server_semantics import observe_stream, observe_unary, same

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
WAYS = ("grpcio", "stub", "client")


class Details(
    collections.namedtuple("Details", ("method", "timeout", "metadata", "credentials")), grpc.ClientCallDetails
):
    """As programs write them: not with every attribute."""


class Adding(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds metadata to calls of all kinds, and notes what passes."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def _add(self, details):
        self.log.append(
            (self.name, details.method, details.timeout is None, [tuple(m) for m in details.metadata or ()])
        )
        metadata = [*(details.metadata or ()), ("added", self.name)]
        return Details(details.method, details.timeout, metadata, details.credentials)

    def intercept_unary_unary(self, continuation, client_call_details, request):
        response = continuation(self._add(client_call_details), request)
        self.log.append((self.name, response.code(), isinstance(response, grpc.RpcError), response.details()))
        return response

    def intercept_unary_stream(self, continuation, client_call_details, request):
        return continuation(self._add(client_call_details), request)

    def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
        return continuation(self._add(client_call_details), request_iterator)

    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        return continuation(self._add(client_call_details), request_iterator)


Calls = collections.namedtuple("Calls", "Say Repeat Join Chat")


class Raising:
    """A multi-callable of a client, whose errors are made those that the observers catch."""

    def __init__(self, call):
        self.call = call

    def with_call(self, *arguments, **names):
        try:
            return self.call.with_call(*arguments, **names)
        except runtime.CallError as error:
            assert not isinstance(error, grpc.RpcError)
            failed = grpc.RpcError()
            view = runtime.rpc_error(error)
            failed.code = lambda: grpc.StatusCode[view.code().name]
            failed.details, failed.trailing_metadata = view.details, view.trailing_metadata
            failed.initial_metadata = view.initial_metadata
            raise failed from None


@contextlib.contextmanager
def calls(gen, way, port, *interceptors):
    if way == "grpcio":
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield gen.pb2_grpc.EchoStub(grpc.intercept_channel(channel, *interceptors))
        return
    with runtime.intercept_channel(runtime.insecure_channel(f"127.0.0.1:{port}"), *interceptors) as channel:
        if way == "stub":
            assert isinstance(channel, grpc.Channel)
            yield gen.pb2_grpc.EchoStub(channel)
            return
        client = channel.client(gen.connect.EchoClientSync)
        yield Calls(
            Raising(runtime.unary_unary(client.say)),
            runtime.unary_stream(client.repeat),
            Raising(runtime.stream_unary(client.join)),
            runtime.stream_stream(client.chat),
        )


def each_way(gen, make_interceptors, act):
    results = []
    for way in WAYS:
        log = []
        seen = Seen()
        with grpcio_server(gen, "sync", seen) as port, calls(gen, way, port, *make_interceptors(log)) as stub:
            results.append((act(stub), log))
            seen.release.set()
    return results


def all_the_same(results):
    for other in results[1:]:
        same(results[0], other)


def test_interceptors_of_all_kinds_in_order(gen):
    def act(stub):
        asks = [gen.pb2.Ask(text=text) for text in "xyz"]
        return {
            "say": observe_unary(stub.Say, gen.pb2.Ask(text="metadata"), metadata=(("k", "v"), ("b-bin", b"\x00\xff"))),
            "abort": observe_unary(stub.Say, gen.pb2.Ask(text="abort with trailers")),
            "join": observe_unary(stub.Join, iter(asks)),
            "join metadata": observe_unary(stub.Join, iter([gen.pb2.Ask(text="case:metadata")])),
            "repeat": observe_stream(stub.Repeat(gen.pb2.Ask(text="a", count=3), timeout=TIMEOUT_S)),
            "repeat abort": observe_stream(stub.Repeat(gen.pb2.Ask(text="then:abort", count=1), timeout=TIMEOUT_S)),
            "chat": observe_stream(stub.Chat(iter(asks), timeout=TIMEOUT_S)),
        }

    results = each_way(gen, lambda log: [Adding(log, "a"), Adding(log, "b")], act)
    assert "('added', 'a'), ('added', 'b')" in results[0][0]["say"][0].text
    all_the_same(results)


def test_an_interceptor_that_retries_or_answers_itself(gen):
    class Answer:
        def __init__(self, value):
            self.value = value

        def result(self, timeout=None):
            return self.value

        def code(self):
            return grpc.StatusCode.OK

        def details(self):
            return ""

        def trailing_metadata(self):
            return ()

        initial_metadata = trailing_metadata

    class Retry(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            if request.text == "cached":
                return Answer(gen.pb2.Answer(text="from cache"))
            response = continuation(client_call_details, request)
            if response.code() == grpc.StatusCode.NOT_FOUND:
                assert isinstance(response.exception(), grpc.RpcError)
                return continuation(client_call_details, gen.pb2.Ask(text="second"))
            return response

    def act(stub):
        return [observe_unary(stub.Say, gen.pb2.Ask(text=text)) for text in ("cached", "abort", "fine")]

    all_the_same(each_way(gen, lambda log: [Retry()], act))


def test_an_interceptor_that_changes_method_and_timeout(gen):
    class Change(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            if request.text == "hang":
                return continuation(client_call_details._replace(timeout=0.3), request)
            return continuation(client_call_details._replace(method="/tests.v1.Other/Ping"), request)

    def act(stub):
        return [observe_unary(stub.Say, gen.pb2.Ask(text=text)) for text in ("hang", "x")]

    all_the_same(each_way(gen, lambda log: [Change()], act))


@pytest.mark.parametrize("made", [_ClientCallDetails, runtime.SyncClientCallDetails])
def test_details_of_the_class_that_interceptors_are_given(gen, made):
    class Tell(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            assert client_call_details._fields == made._fields
            told = made(*client_call_details)._replace(metadata=(("k", "v"),))
            return continuation(told, request)

    def act(stub):
        return [observe_unary(stub.Say, gen.pb2.Ask(text=text)) for text in ("metadata", "abort")]

    results = each_way(gen, lambda log: [Tell()], act)
    assert "('k', 'v')" in results[0][0][0][0].text
    all_the_same(results)


def test_an_interceptor_that_raises(gen):
    class Boom(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            raise ValueError("boom")

        def intercept_unary_stream(self, continuation, client_call_details, request):
            raise ValueError("boom")

    def act(stub):
        with pytest.raises(ValueError):
            stub.Say.with_call(gen.pb2.Ask(), timeout=TIMEOUT_S)
        with pytest.raises(ValueError):
            next(stub.Repeat(gen.pb2.Ask(), timeout=TIMEOUT_S))

    all_the_same(each_way(gen, lambda log: [Boom()], act))


def test_futures_go_through_too(gen):
    def act(stub):
        say = stub.Say.call if isinstance(stub.Say, Raising) else stub.Say
        future = say.future(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S)
        failing = say.future(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
        return future.result(TIMEOUT_S).text, failing.code(), failing.exception(TIMEOUT_S).details()

    # In the log is a difference: grpcio's futures are RpcErrors even where they succeed.
    results = each_way(gen, lambda log: [Adding(log, "a")], act)
    assert all(len(log) == 4 for _, log in results)
    all_the_same([result for result, _ in results])


def test_a_moved_client_s_own_methods(gen):
    log = []
    with grpcio_server(gen, "sync", Seen()) as port:
        channel = runtime.intercept_channel(runtime.insecure_channel(f"127.0.0.1:{port}"), Adding(log, "a"))
        client = channel.client(gen.connect.EchoClientSync)
        assert isinstance(client, gen.connect.EchoClientSync)
        answer = client.say(gen.pb2.Ask(text="metadata"), headers={"k": "v", "b-bin": "AP8"}, timeout_ms=10_000)
        assert "('added', 'a'), ('b-bin', b'\\x00\\xff'), ('k', 'v')" in answer.text
        assert log[0][:3] == ("a", "/tests.v1.Echo/Say", False)
        assert [message.text for message in client.repeat(gen.pb2.Ask(text="a", count=2))] == ["a0", "a1"]
        assert client.join(iter([gen.pb2.Ask(text="x")])).text == "x"
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="abort"))
        assert isinstance(caught.value, runtime.CallError) and not isinstance(caught.value, grpc.RpcError)
        assert caught.value.code is Code.NOT_FOUND
        with pytest.raises(ConnectError) as caught:
            list(client.repeat(gen.pb2.Ask(text="then:abort")))
        assert caught.value.code is Code.NOT_FOUND
        channel.close()
        with pytest.raises(ValueError):
            client.say(gen.pb2.Ask(text="x"))


def test_interceptors_of_the_runtime(gen):
    class Mine(runtime.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            assert isinstance(client_call_details, runtime.ClientCallDetails)
            response = continuation(client_call_details, request)
            assert isinstance(response.code(), runtime.StatusCode)
            return response

    with grpcio_server(gen, "sync", Seen()) as port:
        channel = runtime.intercept_channel(runtime.insecure_channel(f"127.0.0.1:{port}"), Mine())
        client = channel.client(gen.connect.EchoClientSync)
        assert client.say(gen.pb2.Ask(text="x")).text == "x"
        with pytest.raises(ConnectError) as caught:
            client.say(gen.pb2.Ask(text="abort"))
        assert caught.value.code is Code.NOT_FOUND
        channel.close()


class Moved(runtime.UnaryUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details, request)


def test_no_call_gets_past_an_interceptor_unseen(gen):
    channel = runtime.intercept_channel(runtime.insecure_channel("127.0.0.1:1"), Adding([], "a"))
    with pytest.raises(TypeError):
        channel.client(functools.partial(dict))
    assert channel.client(lambda given: given) is channel  # what makes a stub has nothing else to make it on
    with pytest.raises(TypeError):
        runtime.intercept_channel(channel, object())
    with grpc.insecure_channel("127.0.0.1:1") as theirs, pytest.raises(TypeError):
        runtime.intercept_channel(theirs, Adding([], "a"), Moved())
    with pytest.raises(TypeError):
        runtime.intercept_channel("127.0.0.1:1", Adding([], "a"))


def aio_adding(log, name):
    """Interceptors of all kinds; grpc.aio takes one class for one kind."""

    def add(details):
        log.append((name, details.method, type(details.metadata), [tuple(pair) for pair in details.metadata]))
        details.metadata.add("added", name)
        return details

    class Unary(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, client_call_details, request):
            call = await continuation(add(client_call_details), request)
            log.append((name, await call.code(), isinstance(call, grpc.aio.UnaryUnaryCall)))
            return call

    class Stream(grpc.aio.UnaryStreamClientInterceptor):
        async def intercept_unary_stream(self, continuation, client_call_details, request):
            return await continuation(add(client_call_details), request)

    class Join(grpc.aio.StreamUnaryClientInterceptor):
        async def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
            return await continuation(add(client_call_details), request_iterator)

    class Chat(grpc.aio.StreamStreamClientInterceptor):
        async def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
            call = await continuation(add(client_call_details), request_iterator)

            async def louder():
                async for response in call:
                    response.text += "!"
                    yield response

            return louder()

    return [Unary(), Stream(), Join(), Chat()]


@contextlib.asynccontextmanager
async def aio_calls(gen, way, port, interceptors):
    make = grpc.aio.insecure_channel if way == "grpcio" else runtime.aio_insecure_channel
    async with make(f"127.0.0.1:{port}", interceptors=interceptors) as channel:
        if way != "client":
            yield gen.pb2_grpc.EchoStub(channel)
            return
        client = channel.client(gen.connect.EchoClient)
        yield Calls(
            runtime.unary_unary(client.say),
            runtime.unary_stream(client.repeat),
            runtime.stream_unary(client.join),
            runtime.stream_stream(client.chat),
        )


async def observe_aio(call, streams=False):
    received = []
    try:
        if streams:
            received.extend([message.text async for message in call])
        else:
            received.append((await call).text)
        raised = None
    except grpc.aio.AioRpcError as error:
        raised = error.code(), error.details()
    trailing = sorted(map(tuple, await call.trailing_metadata()))
    return received, raised, await call.code(), await call.details(), trailing, call.done(), call.cancelled()


def aio_each_way(gen, make_interceptors, act):
    results = []
    for way in WAYS:
        log = []
        seen = Seen()

        async def run(port, way=way, log=log):
            async with aio_calls(gen, way, port, make_interceptors(log)) as stub:
                return await act(stub)

        with grpcio_server(gen, "aio", seen) as port:
            results.append((asyncio.run(run(port)), log))
            seen.release.set()
    return results


def test_aio_interceptors_of_all_kinds_in_order(gen):
    async def act(stub):
        asks = [gen.pb2.Ask(text=text) for text in "xyz"]
        metadata = (("k", "v"), ("b-bin", b"\x00\xff"))
        result = {
            "say": await observe_aio(stub.Say(gen.pb2.Ask(text="metadata"), timeout=TIMEOUT_S, metadata=metadata)),
            "abort": await observe_aio(stub.Say(gen.pb2.Ask(text="abort with trailers"), timeout=TIMEOUT_S)),
            "join": await observe_aio(stub.Join(iter(asks), timeout=TIMEOUT_S)),
            "repeat": await observe_aio(stub.Repeat(gen.pb2.Ask(text="a", count=3), timeout=TIMEOUT_S), True),
            "failing": await observe_aio(stub.Repeat(gen.pb2.Ask(text="then:abort", count=1), timeout=TIMEOUT_S), True),
            "chat": await observe_aio(stub.Chat(iter(asks), timeout=TIMEOUT_S), True),
            "deadline": await observe_aio(stub.Say(gen.pb2.Ask(text="hang"), timeout=0.3)),
        }
        call = stub.Chat(timeout=TIMEOUT_S)
        await call.write(gen.pb2.Ask(text="a"))
        result["read"] = (await call.read()).text
        await call.done_writing()
        result["end"] = await call.read() is grpc.aio.EOF
        call = stub.Join(timeout=TIMEOUT_S)
        for ask in asks:
            await call.write(ask)
        await call.done_writing()
        result["written"] = (await call).text
        hanging = stub.Say(gen.pb2.Ask(text="hang"))
        await asyncio.sleep(0.2)
        result["cancelled"] = hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        result["after"] = hanging.cancelled(), await hanging.code()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stub.Say(gen.pb2.Ask(text="hang")), 0.2)
        return result

    results = aio_each_way(gen, lambda log: [*aio_adding(log, "a"), *aio_adding(log, "b")], act)
    assert "('added', 'a'), ('added', 'b')" in results[0][0]["say"][0][0]
    all_the_same(results)


def test_an_aio_interceptor_that_answers_retries_and_changes(gen):
    class Unary(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, client_call_details, request):
            if request.text == "cached":
                return gen.pb2.Answer(text="from cache")
            if request.text == "boom":
                raise ValueError("boom")
            if request.text == "elsewhere":
                details = client_call_details._replace(method=b"/tests.v1.Other/Ping")
                return await continuation(details, request)
            if request.text == "new":
                made = grpc.aio.ClientCallDetails(client_call_details.method, 0.3, grpc.aio.Metadata(), None, None)
                return await continuation(made, gen.pb2.Ask(text="hang"))
            call = await continuation(client_call_details, request)
            try:
                await call
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.NOT_FOUND
                return await continuation(client_call_details, gen.pb2.Ask(text="second"))
            return call

    async def act(stub):
        result = {}
        for text in ("elsewhere", "new", "abort", "fine"):
            result[text] = await observe_aio(stub.Say(gen.pb2.Ask(text=text), timeout=TIMEOUT_S))
        result["cached"] = (await stub.Say(gen.pb2.Ask(text="cached"))).text
        with pytest.raises(ValueError):
            await stub.Say(gen.pb2.Ask(text="boom"))
        return result

    all_the_same(aio_each_way(gen, lambda log: [Unary()], act))


def test_a_moved_aio_client_s_own_methods(gen):
    log = []

    async def act(port):
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}", interceptors=aio_adding(log, "a")) as channel:
            client = channel.client(gen.connect.EchoClient)
            assert "('added', 'a')" in (await client.say(gen.pb2.Ask(text="metadata"), timeout_ms=10_000)).text
            assert [message.text async for message in client.repeat(gen.pb2.Ask(text="a", count=2))] == ["a0", "a1"]
            with pytest.raises(ConnectError) as caught:
                await client.say(gen.pb2.Ask(text="abort"))
            assert caught.value.code is Code.NOT_FOUND
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.say(gen.pb2.Ask(text="hang")), 0.2)

    with grpcio_server(gen, "aio", Seen()) as port:
        asyncio.run(act(port))
    assert next(entry[1] for entry in log if len(entry) == 4) == b"/tests.v1.Echo/Say"


def test_interceptors_are_added_to_an_aio_channel_s_lists(gen):
    """Programs do so since `grpc.aio` has no `intercept_channel`; stubs that were made before have them too."""

    class Header(grpc.aio.UnaryUnaryClientInterceptor):
        def __init__(self, value):
            self.value = value

        async def intercept_unary_unary(self, continuation, client_call_details, request):
            client_call_details.metadata.add("added", self.value)
            return await continuation(client_call_details, request)

    async def act(way, port):
        make = grpc.aio.insecure_channel if way == "grpcio" else runtime.aio_insecure_channel
        async with make(f"127.0.0.1:{port}") as channel:
            ask = gen.pb2.Ask(text="metadata")

            def stub():
                if way != "client":
                    return gen.pb2_grpc.EchoStub(channel).Say, gen.pb2_grpc.EchoStub(channel).Repeat
                client = channel.client(gen.connect.EchoClient)
                return client.say, client.repeat

            said = []
            before, stream = stub()
            said.append((await before(ask)).text)
            channel._unary_unary_interceptors.append(Header("one"))
            said.append((await before(ask)).text)
            after, _ = stub()
            channel._unary_unary_interceptors.append(Header("two"))
            said.append((await after(ask)).text)
            assert len(channel._unary_unary_interceptors) == 2
            assert channel._stream_stream_interceptors == []
            said.extend([message.text async for message in stream(gen.pb2.Ask(text="a", count=2))])
            return [[value for value in ("one", "two") if f"('added', '{value}')" in text] for text in said]

    with grpcio_server(gen, "aio", Seen()) as port:
        found = [asyncio.run(asyncio.wait_for(act(way, port), TIMEOUT_S)) for way in WAYS]
    assert found == [[[], ["one"], ["one", "two"], [], []]] * 3


def test_the_state_is_asked_of_what_is_below_a_sync_channel(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        states = []
        for way in ("grpcio", "client"):
            make = grpc.insecure_channel if way == "grpcio" else runtime.insecure_channel
            with make(f"127.0.0.1:{port}") as channel:
                first = channel._channel.check_connectivity_state(False)
                if way == "grpcio":
                    gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="a"), timeout=TIMEOUT_S)
                else:
                    channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="a"), timeout_ms=10_000)
                states.append((first, channel._channel.check_connectivity_state(True)))
            with pytest.raises(ValueError, match=r"^Cannot invoke RPC: Channel closed!$"):
                channel._channel.check_connectivity_state(False)
    assert states == [(0, 2), (0, 2)]


@pytest.mark.parametrize("wire", ["connect", "grpcio"])
@pytest.mark.parametrize(
    "target", ["localhost:1", "127.0.0.1:1", "[::1]:1", "dns:///localhost:1", "ipv4:127.0.0.1:1", "foo"]
)
def test_the_target_is_asked_of_what_is_below_a_sync_channel(target, wire, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", wire)
    with grpc.insecure_channel(target) as theirs, runtime.insecure_channel(target) as ours:
        assert ours._channel.target() == theirs._channel.target()


class Passing(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
        return await continuation(client_call_details, request_iterator)


def test_a_write_that_waits_when_the_call_ends(gen):
    async def write_until_cancelled(call):
        """Which write ends otherwise than by returning, and how: the one that waits for the connection."""
        asyncio.get_running_loop().call_later(0.5, call.cancel)
        for number in range(9):
            try:
                await call.write(gen.pb2.Ask(text="x"))
            except Exception as error:
                return number, type(error), str(error), call.cancelled()
            if call.done():
                return number, "nothing said"
        return "did not wait"

    async def both(address):
        async with grpc.aio.insecure_channel(address, interceptors=[Passing()]) as channel:
            expected = await write_until_cancelled(gen.pb2_grpc.EchoStub(channel).Join())
        async with runtime.aio_insecure_channel(address, interceptors=[Passing()]) as channel:
            join = runtime.stream_unary(channel.client(gen.connect.EchoClient).join)
            return expected, await write_until_cancelled(join())

    with socket.socket() as silent:  # connects, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        expected, actual = asyncio.run(asyncio.wait_for(both(address), TIMEOUT_S))
    assert actual[1:] == expected[1:] == (asyncio.InvalidStateError, "RPC already finished.", True)
