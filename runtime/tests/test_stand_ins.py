"""Clients that are asked for RPCs by gRPC's names, and what tests put where stubs and channels go."""

from __future__ import annotations

from types import ModuleType
from unittest import mock

import grpc
import pytest
from serving import Loop

import grpc2connect_runtime as runtime
from grpc2connect_runtime import testing

pytestmark = pytest.mark.usefixtures("each_wire")
RPCS = ["Chat", "Join", "Repeat", "Say"]


def application(gen):
    class Echo(gen.connect.EchoSync):
        def say(self, request, context):
            return gen.pb2.Answer(text=request.text)

        def repeat(self, request, context):
            for number in range(request.count):
                yield gen.pb2.Answer(text=str(number))

        def join(self, requests, context):
            return gen.pb2.Answer(text=",".join(request.text for request in requests))

        def chat(self, requests, context):
            for request in requests:
                yield gen.pb2.Answer(text=request.text)

    return gen.connect.EchoASGIApplication, Echo()


def named(stub):
    return sorted(name for name in vars(stub) if name in RPCS)


def test_a_client_has_the_rpcs_of_a_stub_by_their_names(gen):
    ask = gen.pb2.Ask
    with testing.serving(*application(gen)) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        assert not hasattr(client, "Say")
        stub = runtime.by_rpc_names(client)
        assert stub is client
        assert named(stub) == named(gen.pb2_grpc.EchoStub(grpc.insecure_channel("localhost:1")))
        reply, call = stub.Say.with_call(ask(text="a"), timeout=9, metadata=(("k", "v"),))
        assert (reply.text, call.code()) == ("a", runtime.StatusCode.OK)
        assert [answer.text for answer in stub.Repeat(ask(count=2))] == ["0", "1"]
        assert stub.Join(iter([ask(text="a"), ask(text="b")]), timeout=9).text == "a,b"
        assert [answer.text for answer in stub.Chat(iter([ask(text="a")]))] == ["a"]
        assert client.say(ask(text="b")).text == "b"


def test_an_rpc_may_be_called_execute_something(gen):
    class Orders(gen.connect.Orders):
        async def execute_order(self, request, context):
            return gen.pb2.Answer(text=request.text)

    with testing.serving(gen.connect.OrdersASGIApplication, Orders()) as channel:
        stub = runtime.by_rpc_names(channel.client(gen.connect.OrdersClientSync))
        assert stub.ExecuteOrder.with_call(gen.pb2.Ask(text="a"), timeout=9)[0].text == "a"
        seen = runtime.rpcs_by_name(channel.client(gen.connect.OrdersClientSync))
        assert [name for name in vars(seen) if name[0] != "_"] == ["ExecuteOrder"]


def test_an_aio_client_too(gen):
    async def main():
        async with testing.aio_serving(*application(gen)) as channel:
            stub = runtime.by_rpc_names(channel.client(gen.connect.EchoClient))
            assert (await stub.Say(gen.pb2.Ask(text="a"), timeout=9)).text == "a"
            assert [answer.text async for answer in stub.Repeat(gen.pb2.Ask(count=2))] == ["0", "1"]

    with Loop() as loop:
        loop.run(main())


def test_what_is_assigned_stays(gen):
    with runtime.insecure_channel("localhost:1") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        client.Say = "mine"
        assert runtime.by_rpc_names(client).Say == "mine"
        assert runtime.stub_method(client, "Say", "say", runtime.unary_unary) == "mine"
        del client.Say
        assert runtime.by_rpc_names(client).Say != "mine"


def test_an_intercepted_client_has_them_too(gen):
    class Counts(grpc.UnaryUnaryClientInterceptor):
        seen = 0

        def intercept_unary_unary(self, continuation, details, request):
            self.seen += 1
            return continuation(details, request)

    counts = Counts()
    with testing.serving(*application(gen)) as channel:
        client = runtime.intercept_channel(channel, counts).client(gen.connect.EchoClientSync)
        assert runtime.by_rpc_names(client).Say(gen.pb2.Ask(text="a")).text == "a"
    assert counts.seen == 1


class Recorder:
    """A channel of a test's own."""

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []

    def _make(self, path, request_serializer, response_deserializer, **other):
        self.made.append((path, request_serializer, response_deserializer))
        return path

    unary_unary = unary_stream = stream_unary = stream_stream = _make


def test_on_a_channel_of_a_test_s_own_stubs_are_made_as_grpcio_makes_them(gen):
    moved, unmoved = Recorder(), Recorder()
    stub = runtime.stub_on(gen.connect.EchoClientSync, moved)
    gen.pb2_grpc.EchoStub(unmoved)
    assert sorted(moved.made, key=str) == sorted(unmoved.made, key=str)
    assert isinstance(stub, gen.connect.EchoClientSync)
    assert runtime.stub_method(stub, "Say", "say", runtime.unary_unary).endswith(".Echo/Say")
    assert runtime.by_rpc_names(stub).Say.endswith(".Echo/Say")


def test_other_stubs_are_called_with_the_channel_and_stay_as_they_are():
    assert runtime.stub_on(lambda channel: [channel], channel="channel") == ["channel"]
    assert runtime.stub_on(list, "channel") == list("channel")
    assert runtime.by_rpc_names("stub") == "stub"


def test_a_channel_makes_the_client(gen):
    with testing.serving(*application(gen)) as channel:
        client = runtime.stub_on(gen.connect.EchoClientSync, channel)
        ask = runtime.stub_method(client, "Say", "say", runtime.unary_unary)
        assert ask(gen.pb2.Ask(text="a"), timeout=9).text == "a"
        assert client.Say(gen.pb2.Ask(text="a"), timeout=9).text == "a"


def test_a_class_is_asked_of_what_a_test_has_for_the_module(gen):
    names = ("EchoStub", "EchoClientSync")
    assert runtime.stub_in(gen.connect, *names) is gen.connect.EchoClientSync
    assert runtime.stub_in(mock.Mock(EchoStub=list), *names) is list
    assert runtime.stub_in(mock.Mock(spec=gen.connect, EchoStub=list), *names) is list
    other = ModuleType("other")
    other.EchoStub = tuple
    assert runtime.stub_in(other, *names) is tuple
    with runtime.insecure_channel("127.0.0.1:1") as channel:
        either = runtime.stub_in(gen.connect, *names, "EchoClient")
        assert isinstance(runtime.stub_on(either, channel), gen.connect.EchoClientSync)
        assert named(runtime.stub_on(either, channel)) == RPCS


def test_what_takes_the_place_of_one_client_does_so_for_both_kinds_of_channels(gen):
    fake = mock.Mock(name="EchoStub")
    with runtime.insecure_channel("127.0.0.1:1") as channel:
        for pair in ((fake, gen.connect.EchoClient), (gen.connect.EchoClientSync, fake)):
            assert runtime.stub_on(runtime.stub_class(*pair), channel) is fake.return_value
    assert fake.mock_calls == [mock.call(channel), mock.call(channel)]


def test_a_client_of_either_kind_has_the_names_of_its_rpcs(gen):
    with Loop() as loop:
        channel = loop.run(opened("127.0.0.1:1"))
        either = runtime.stub_class(gen.connect.EchoClientSync, gen.connect.EchoClient)
        stub = runtime.stub_on(either, channel)
        assert isinstance(stub, gen.connect.EchoClient)
        assert named(stub) == RPCS
        loop.run(channel.close())


async def opened(target):
    return runtime.aio_insecure_channel(target)
