"""Channels that grpcio carries: because only it can, or because `G2C_WIRE` says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
from concurrent import futures
from functools import partial

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen, SyncEcho
from serving import grpcio_server

import grpc2connect_runtime as runtime

TIMEOUT_S = 10
NAME = "tests.v1.Echo"
RETRY = {
    "maxAttempts": 4,
    "initialBackoff": "0.01s",
    "maxBackoff": "0.02s",
    "backoffMultiplier": 1,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def service_config(gen, **policy):
    name = gen.pb2.DESCRIPTOR.services_by_name["Echo"].full_name
    return [("grpc.service_config", json.dumps({"methodConfig": [{"name": [{"service": name}], **policy}]}))]


@contextlib.contextmanager
def serving(gen, servicer, *addresses):
    """A grpcio server; yields the ports of its addresses."""
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
        gen.pb2_grpc.add_EchoServicer_to_server(servicer, server)
        ports = [server.add_insecure_port(address) for address in addresses]
        server.start()
        try:
            yield ports
        finally:
            server.stop(None).wait(TIMEOUT_S)


class Named:
    """Answers with its name, whatever it is asked."""

    def __init__(self, gen, name, failures=0):
        self.gen, self.name, self.failures, self.calls = gen, name, failures, 0

    def _answer(self, context):
        self.calls += 1
        if self.calls <= self.failures:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return self.gen.pb2.Answer(text=self.name)

    def Say(self, request, context):
        return self._answer(context)

    def Repeat(self, request, context):
        yield self._answer(context)

    def Join(self, requests, context):
        list(requests)
        return self._answer(context)

    def Chat(self, requests, context):
        list(requests)
        yield self._answer(context)


KINDS = ("Say", "Repeat", "Join", "Chat")


def answers_of(gen, channel, kind, stub):
    """The texts of the answers, by a stub or by a moved client."""
    ask = gen.pb2.Ask(text="a")
    made = gen.pb2_grpc.EchoStub(channel) if stub else channel.client(gen.connect.EchoClientSync)
    found = getattr(made, kind if stub else kind.lower())(ask if kind in ("Say", "Repeat") else iter([ask]))
    return [found.text] if kind in ("Say", "Join") else [one.text for one in found]


async def aio_answers_of(gen, channel, kind, stub):
    async def asks():
        yield gen.pb2.Ask(text="a")

    made = gen.pb2_grpc.EchoStub(channel) if stub else channel.client(gen.connect.EchoClient)
    argument = gen.pb2.Ask(text="a") if kind in ("Say", "Repeat") else asks()
    found = getattr(made, kind if stub else kind.lower())(argument)
    return [(await found).text] if kind in ("Say", "Join") else [one.text async for one in found]


def every_answer(gen, make, aio):
    """What all kinds of calls answer, by moved clients and by stubs, in order."""
    if not aio:
        with make() as channel:
            return [answers_of(gen, channel, kind, stub) for stub in (False, True) for kind in KINDS]

    async def main():
        async with make() as channel:
            return [await aio_answers_of(gen, channel, kind, stub) for stub in (False, True) for kind in KINDS]

    return asyncio.run(asyncio.wait_for(main(), 60))


@pytest.fixture(params=["sync", "aio"])
def insecure(request):
    """Makes plaintext channels of either colour."""
    return runtime.aio_insecure_channel if request.param == "aio" else runtime.insecure_channel


def is_aio(make):
    return make in (runtime.aio_insecure_channel, runtime.aio_secure_channel)


def test_unix_sockets(gen, insecure, tmp_path):
    abstract = f"unix-abstract:{tmp_path}"
    with serving(gen, Named(gen, "here"), f"unix:{tmp_path}/s", abstract):
        for target in (f"unix:{tmp_path}/s", f"unix://{tmp_path}/s", abstract):
            assert every_answer(gen, partial(insecure, target), is_aio(insecure)) == [["here"]] * 8


@pytest.mark.parametrize("way", ["lb_policy_name", "service_config"])
def test_calls_go_round_two_servers(gen, insecure, way):
    options = [("grpc.lb_policy_name", "round_robin")]
    if way == "service_config":
        options = [("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]}))]
    one, two = Named(gen, "one"), Named(gen, "two")
    with serving(gen, one, "127.0.0.1:0") as (first,), serving(gen, two, "127.0.0.1:0") as (second,):

        def make():
            return insecure(f"ipv4:127.0.0.1:{first},127.0.0.1:{second}", options)

        seen = set()
        for _ in range(20):
            seen |= {text for texts in every_answer(gen, make, is_aio(insecure)) for text in texts}
            if len(seen) == 2:
                break
        assert seen == {"one", "two"}


def test_a_list_of_addresses_fails_over(gen, insecure):
    with serving(gen, Named(gen, "here"), "127.0.0.1:0") as (port,):
        target = f"ipv4:127.0.0.1:1,127.0.0.1:{port}"
        assert every_answer(gen, lambda: insecure(target), is_aio(insecure)) == [["here"]] * 8


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_tried_again_by_service_config(gen, insecure, kind):
    flaky = Named(gen, "at last", failures=2)
    options = [*service_config(gen, retryPolicy=RETRY), ("grpc.enable_retries", 1)]
    with serving(gen, flaky, "127.0.0.1:0") as (port,):
        target = f"127.0.0.1:{port}"
        if is_aio(insecure):

            async def main(options, stub):
                async with insecure(target, options) as channel:
                    return await aio_answers_of(gen, channel, kind, stub)

            def act(options, stub):
                return asyncio.run(main(options, stub))

        else:

            def act(options, stub):
                with insecure(target, options) as channel:
                    return answers_of(gen, channel, kind, stub)

        for stub in (False, True):
            flaky.calls = 0
            assert act(options, stub) == ["at last"]
            assert flaky.calls == 3
        flaky.calls = 0
        with pytest.raises(ConnectError) as caught:
            act(None, False)
        assert (caught.value.code, flaky.calls) == (Code.UNAVAILABLE, 1)


def test_default_timeouts_of_a_service_config(gen, insecure):
    seen = Seen()
    options = service_config(gen, timeout="0.3s")

    def act(port):
        if not is_aio(insecure):
            with insecure(f"127.0.0.1:{port}", options) as channel:
                channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="hang"))
            return

        async def main():
            async with insecure(f"127.0.0.1:{port}", options) as channel:
                await channel.client(gen.connect.EchoClient).say(gen.pb2.Ask(text="hang"))

        asyncio.run(main())

    with grpcio_server(gen, "sync", seen) as port, pytest.raises(runtime.CallError) as caught:
        act(port)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


def test_user_agents(gen, insecure):
    class Shows(Named):
        def _answer(self, context):
            return self.gen.pb2.Answer(text=dict(context.invocation_metadata())["user-agent"])

    with serving(gen, Shows(gen, ""), "127.0.0.1:0") as (port,):
        options = [("grpc.primary_user_agent", "mine/1")]
        found = every_answer(gen, lambda: insecure(f"127.0.0.1:{port}", options), is_aio(insecure))
    assert all(text.startswith("mine/1 grpc-python") for texts in found for text in texts)


@pytest.mark.parametrize("secure", [runtime.secure_channel, runtime.aio_secure_channel])
def test_local_credentials(gen, secure, tmp_path):
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        gen.pb2_grpc.add_EchoServicer_to_server(Named(gen, "local"), server)
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        server.start()

        def make():
            return secure(f"127.0.0.1:{port}", grpc.local_channel_credentials())

        assert every_answer(gen, make, is_aio(secure)) == [["local"]] * 8
        server.stop(None).wait(TIMEOUT_S)


def test_the_environment_goes_before_the_need(gen, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")
    for make in (runtime.insecure_channel, runtime.aio_insecure_channel):
        with pytest.raises(NotImplementedError, match="unix:"):
            make("unix:/s")
    for make in (runtime.secure_channel, runtime.aio_secure_channel):
        with pytest.raises(NotImplementedError, match="unset G2C_WIRE"):
            make("localhost:1", grpc.local_channel_credentials())
    monkeypatch.setenv("G2C_WIRE", "pigeon")
    with pytest.raises(ValueError, match="pigeon"):
        runtime.insecure_channel("localhost:1")


def test_ordinary_channels_stay_on_connect_s_wire(caplog):
    options = [("grpc.keepalive_time_ms", 1), ("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]
    assert runtime.insecure_channel("dns:///localhost:1", options).inner is None
    assert runtime.secure_channel("localhost:1", runtime.ssl_channel_credentials()).inner is None
    assert isinstance(runtime.insecure_channel("localhost:1", [("grpc.enable_retries", 1)]).inner, grpc.Channel)
    assert caplog.records == []


def test_another_protocol_is_not_grpcio_s(gen, monkeypatch, caplog):
    monkeypatch.setenv("G2C_WIRE", "grpcio")
    monkeypatch.setenv("G2C_CLIENT_PROTOCOL", "connect")
    with serving(gen, Named(gen, "here"), "127.0.0.1:0") as (port,):
        assert every_answer(gen, lambda: runtime.insecure_channel(f"127.0.0.1:{port}"), False) == [["here"]] * 8
    assert "grpcio speaks gRPC only" in caplog.text


def insecure_sync(port, options=None):
    return runtime.insecure_channel(f"127.0.0.1:{port}", options)


@pytest.fixture
def on_grpcio(monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "grpcio")


@pytest.mark.usefixtures("on_grpcio")
class TestOnGrpcio:
    """What differs from the other wire because grpcio does it."""

    # grpcio's thread that asks for states says so when its channel is closed before it begins.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_states_are_grpcio_s(self, gen):
        states = queue.Queue()
        # What failed to connect to another server that had the port would wait before it tries again.
        own = [("grpc.use_local_subchannel_pool", 1)]
        with serving(gen, Named(gen, "here"), "127.0.0.1:0") as (port,), insecure_sync(port, own) as channel:
            channel.subscribe(states.put, try_to_connect=True)
            while states.get(timeout=TIMEOUT_S) is not runtime.ChannelConnectivity.READY:
                pass
            ready = runtime.channel_ready_future(channel)
            assert ready.result(TIMEOUT_S) is None
            assert ready.done()
            runtime.channel_ready_future(runtime.intercept_channel(channel)).result(TIMEOUT_S)
            channel.unsubscribe(states.put)
        with runtime.insecure_channel("127.0.0.1:1") as channel:
            never = runtime.channel_ready_future(channel)
            with pytest.raises(runtime.FutureTimeoutError):
                never.result(0.05)
            assert never.cancel()
            assert never.cancelled()

    def test_aio_states_are_grpcio_s(self, gen):
        async def main(port):
            async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
                assert channel.get_state(try_to_connect=True) is runtime.ChannelConnectivity.IDLE
                await channel.wait_for_state_change(runtime.ChannelConnectivity.IDLE)
                await asyncio.wait_for(channel.channel_ready(), TIMEOUT_S)
                assert channel.get_state() is runtime.ChannelConnectivity.READY
            assert channel.get_state() is runtime.ChannelConnectivity.SHUTDOWN
            never = runtime.aio_insecure_channel(f"127.0.0.1:{port}")
            await never.close()
            assert never.get_state(try_to_connect=True) is runtime.ChannelConnectivity.SHUTDOWN

        with serving(gen, Named(gen, "here"), "127.0.0.1:0") as (port,):
            asyncio.run(main(port))

    def test_messages_beyond_a_limit_are_refused_in_grpcio_s_words(self, gen):
        options = [("grpc.max_receive_message_length", 100), ("grpc.max_send_message_length", 100)]
        servicer = SyncEcho(gen.pb2, Seen())
        with serving(gen, servicer, "127.0.0.1:0") as (port,), insecure_sync(port, options) as channel:
            client = channel.client(gen.connect.EchoClientSync)
            with pytest.raises(runtime.CallError, match="Sent message larger than max") as caught:
                client.say(gen.pb2.Ask(text="x" * 200))
            assert caught.value.code is Code.RESOURCE_EXHAUSTED

    def test_interceptors_of_the_channel_and_of_the_client(self, gen):
        seen = []

        class Interceptor(runtime.UnaryUnaryClientInterceptor, runtime.StreamStreamClientInterceptor):
            def intercept_unary_unary(self, continuation, details, request):
                seen.append(details.method)
                return continuation(details, request)

            def intercept_stream_stream(self, continuation, details, requests):
                seen.append(details.method)
                return continuation(details, requests)

        with serving(gen, Named(gen, "here"), "127.0.0.1:0") as (port,), insecure_sync(port) as plain:
            channel = runtime.intercept_channel(plain, Interceptor())
            for stub in (False, True):
                assert answers_of(gen, channel, "Say", stub) == ["here"]
                assert answers_of(gen, channel, "Chat", stub) == ["here"]
        assert [path.rpartition("/")[2] for path in seen] == ["Say", "Chat"] * 2
