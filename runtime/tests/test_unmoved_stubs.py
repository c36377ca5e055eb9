"""Stubs that stay on grpcio, on the runtime's channels, next to what they do on grpcio's."""

from __future__ import annotations

import asyncio
import copy
import pickle
import queue

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from servicers import Seen
from serving import FLAVOURS, grpcio_server, runtime_server
from test_server_semantics import CASES, METADATA, observe_stream, observe_unary, same

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
SERVERS = (grpcio_server, runtime_server)
CHANNELS = (grpc.insecure_channel, runtime.insecure_channel)
AIO_CHANNELS = (grpc.aio.insecure_channel, runtime.aio_insecure_channel)


def each_channel(gen, serve, flavour, act, channels=CHANNELS):
    results = []
    for make in channels:
        with serve(gen, flavour, Seen()) as port, make(f"127.0.0.1:{port}") as channel:
            results.append(act(channel))
    return results


def test_a_class_that_comes_as_a_value_may_be_one_that_has_not_moved(gen):
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = channel.client(gen.pb2_grpc.EchoStub)
        assert stub.Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text

        async def ask():
            async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as aio:
                stub = aio.client(gen.pb2_grpc.EchoStub)
                return await stub.Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S)

        assert asyncio.run(ask()).text


@pytest.mark.parametrize("serve", SERVERS)
def test_sync_stubs(gen, serve):
    def act(channel):
        stub = gen.pb2_grpc.EchoStub(channel)
        asks = [gen.pb2.Ask(text=text) for text in "xyz"]
        result = {
            "join": observe_unary(stub.Join, iter(asks)),
            "join by name": stub.Join(request_iterator=iter(asks), timeout=TIMEOUT_S).text,
            "repeat": observe_stream(stub.Repeat(gen.pb2.Ask(text="a", count=5), timeout=TIMEOUT_S)),
            "chat": observe_stream(stub.Chat(iter(asks), timeout=TIMEOUT_S)),
            "plain": stub.Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text,
            "future": stub.Say.future(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).result(TIMEOUT_S).text,
        }
        for case in CASES["sync"]:
            if case in ("details only", "cancelled code"):
                continue
            result["say", case] = observe_unary(stub.Say, gen.pb2.Ask(text=case), metadata=METADATA)
            result["join", case] = observe_unary(stub.Join, iter([gen.pb2.Ask(text=f"case:{case}")]))
            if case not in ("none", "wrong", "metadata", "set none", "set code none"):
                result["repeat", case] = observe_stream(
                    stub.Repeat(gen.pb2.Ask(text=f"then:{case}", count=2), TIMEOUT_S)
                )
        return result

    expected, actual = each_channel(gen, serve, "sync", act)
    same(expected, actual)


def surface(error):
    return (
        isinstance(error, grpc.RpcError),
        isinstance(error, grpc.Call),
        isinstance(error, grpc.Future),
        error.code(),
        error.code() is grpc.StatusCode.NOT_FOUND,
        error.details(),
        {grpc.StatusCode.NOT_FOUND: 404}.get(error.code()),
        error.exception() is error,
        error.done(),
        error.cancelled(),
        error.cancel(),
        [tuple(pair) for pair in error.trailing_metadata()],
        str(error).split("debug_error_string")[0],
    )


def test_an_error_is_both_grpcio_s_and_connect_s(gen):
    def act(channel):
        with pytest.raises(grpc.RpcError) as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
        if isinstance(channel, runtime.Channel):
            error = caught.value
            assert isinstance(error, runtime.CallError | ConnectError)
            assert error.code == Code.NOT_FOUND
            assert {Code.NOT_FOUND: 1}[error.code] == 1
            assert error.message == "no such thing é"
            assert runtime.rpc_error(error).code() == runtime.StatusCode.NOT_FOUND
            for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
                assert surface(other)[:5] == surface(error)[:5]
        return surface(caught.value)

    same(*each_channel(gen, grpcio_server, "sync", act))


def test_a_rich_status_is_read_with_grpcio_status(gen):
    def act(channel):
        with pytest.raises(grpc.RpcError) as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="rich"), timeout=TIMEOUT_S)
        found = rpc_status.from_call(caught.value)
        return found.code, found.message, [detail.type_url for detail in found.details]

    same(*each_channel(gen, grpcio_server, "sync", act))


def test_bytes_and_bad_messages(gen):
    def act(channel):
        path = "/tests.v1.Echo/Say"
        result = {"bytes": channel.unary_unary(path)(gen.pb2.Ask(text="x").SerializeToString(), timeout=TIMEOUT_S)}
        result["request"] = observe_unary(channel.unary_unary(path, int), "x")
        result["response"] = observe_unary(channel.unary_unary(path, None, int), b"")
        result["requests"] = observe_unary(channel.stream_unary("/tests.v1.Echo/Join", int), iter("x"))
        result["nope"] = observe_unary(channel.unary_unary("/tests.v1.Echo/Nope"), b"")
        return {name: (value[0], *value[1:2]) for name, value in result.items()}

    same(*each_channel(gen, grpcio_server, "sync", act))


def test_deadlines_cancellation_and_futures(gen):
    def act(channel):
        stub = gen.pb2_grpc.EchoStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(gen.pb2.Ask(text="hang"), timeout=0.3)
        result = [caught.value.code(), caught.value.details()]
        future = stub.Say.future(gen.pb2.Ask(text="hang"))
        assert isinstance(future, grpc.Future) and isinstance(future, grpc.Call)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.1)
        result += [future.cancel(), future.cancelled(), future.code(), future.details()]
        with pytest.raises(grpc.FutureCancelledError):
            future.result()
        call = stub.Repeat(gen.pb2.Ask(text="hang:"))
        assert next(call).text == "first"
        call.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            next(call)
        result += [caught.value.code(), call.code(), call.details()]
        return result

    same(*each_channel(gen, grpcio_server, "sync", act))


def test_grpcio_waits_for_a_runtime_channel(gen):
    def act(channel):
        grpc.channel_ready_future(channel).result(TIMEOUT_S)
        states = queue.SimpleQueue()
        channel.subscribe(states.put)
        first = states.get(timeout=TIMEOUT_S)
        channel.unsubscribe(states.put)
        return first

    same(*each_channel(gen, grpcio_server, "sync", act))
    with runtime.insecure_channel("127.0.0.1:1") as channel, pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(0.5)


def test_grpcio_s_interceptors_run_on_a_runtime_channel(gen):
    class Adding(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            response = continuation(client_call_details, gen.pb2.Ask(text=request.text + "t"))
            return response

    def act(channel):
        stub = gen.pb2_grpc.EchoStub(grpc.intercept_channel(channel, Adding()))
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(gen.pb2.Ask(text="abor"), timeout=TIMEOUT_S)
        return stub.Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text, caught.value.code()

    same(*each_channel(gen, grpcio_server, "sync", act))


def test_health_stubs_of_grpcio(gen):
    servicer = health.HealthServicer()
    server = runtime.Server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S).status == 1
        call = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        assert next(call).status == 1
        servicer.enter_graceful_shutdown()
        assert next(call).status == 2
        call.cancel()
    assert server.stop(None).wait(20)


def test_a_moved_client_and_an_unmoved_stub_share_a_channel(gen):
    with runtime_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask = gen.pb2.Ask(text="x")
        assert channel.client(gen.connect.EchoClientSync).say(ask).text == "x"
        assert gen.pb2_grpc.EchoStub(channel).Say(ask).text == "x"
        assert isinstance(channel, grpc.Channel)


async def observe_aio(call, streams=False):
    received = []
    try:
        if streams:
            received.extend([message.text async for message in call])
        else:
            received.append((await call).text)
        raised = None
    except grpc.aio.AioRpcError as error:
        raised = (
            error.code(),
            error.code() in {grpc.StatusCode.NOT_FOUND},
            error.details(),
            type(error.trailing_metadata()),
            sorted(tuple(pair) for pair in error.trailing_metadata()),
        )
    trailing = await call.trailing_metadata()
    return received, raised, await call.code(), await call.details(), type(trailing), sorted(map(tuple, trailing))


@pytest.mark.parametrize("serve", SERVERS)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_aio_stubs(gen, serve, flavour):
    async def act(make, port):
        async with make(f"127.0.0.1:{port}") as channel:
            assert isinstance(channel, grpc.aio.Channel)
            stub = gen.pb2_grpc.EchoStub(channel)
            asks = [gen.pb2.Ask(text=text) for text in "xyz"]
            result = {
                "join": await observe_aio(stub.Join(iter(asks), timeout=TIMEOUT_S)),
                "repeat": await observe_aio(stub.Repeat(gen.pb2.Ask(text="a", count=3), timeout=TIMEOUT_S), True),
                "chat": await observe_aio(stub.Chat(iter(asks), timeout=TIMEOUT_S), True),
                "nope": await observe_aio(channel.unary_unary("/tests.v1.Echo/Nope")(b"", timeout=TIMEOUT_S)),
                "deadline": await observe_aio(stub.Say(gen.pb2.Ask(text="hang"), timeout=0.3)),
            }
            for case in ("abort", "abort with trailers", "set", "raise", "fine"):
                result[case] = await observe_aio(stub.Say(gen.pb2.Ask(text=case), timeout=TIMEOUT_S))
                ask = gen.pb2.Ask(text=f"then:{case}", count=2)
                result["stream", case] = await observe_aio(stub.Repeat(ask, timeout=TIMEOUT_S), True)
            call = stub.Chat(timeout=TIMEOUT_S)
            await call.write(gen.pb2.Ask(text="a"))
            result["read"] = (await call.read()).text
            await call.done_writing()
            result["eof"] = (await call.read()) is grpc.aio.EOF
            hanging = stub.Say(gen.pb2.Ask(text="hang"))
            hanging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hanging
            result["cancelled"] = (
                hanging.cancelled(),
                await hanging.code(),
                isinstance(hanging, grpc.aio.UnaryUnaryCall),
            )
            return result

    results = []
    for make in AIO_CHANNELS:
        seen = Seen()
        with serve(gen, flavour, seen) as port:
            results.append(asyncio.run(act(make, port)))
    same(*results)


def test_the_state_of_an_aio_channel(gen):
    async def act(make, port):
        async with make(f"127.0.0.1:{port}") as channel:
            assert channel.get_state() == grpc.ChannelConnectivity.IDLE
            state = channel.get_state(try_to_connect=True)
            async with asyncio.timeout(TIMEOUT_S):
                while state != grpc.ChannelConnectivity.READY:
                    await channel.wait_for_state_change(state)
                    state = channel.get_state(try_to_connect=True)
                await channel.channel_ready()
        assert channel.get_state() == grpc.ChannelConnectivity.SHUTDOWN

    for make in AIO_CHANNELS:
        with grpcio_server(gen, "sync", Seen()) as port:
            asyncio.run(act(make, port))


def test_an_aio_error_is_also_connect_s(gen):
    async def act(port):
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(ConnectError) as caught:
                await gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
            assert caught.value.code == Code.NOT_FOUND

    with grpcio_server(gen, "aio", Seen()) as port:
        asyncio.run(act(port))


def test_a_stream_with_bad_metadata_is_refused_in_grpcio_s_kinds(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        for make in CHANNELS:
            with make(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
                list(gen.pb2_grpc.EchoStub(channel).Repeat(gen.pb2.Ask(), metadata=[("Upper", "x")]))
            assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INTERNAL, "Invalid metadata")
