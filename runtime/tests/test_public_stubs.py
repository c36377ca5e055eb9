"""Stubs and servicers of libraries whose callers go on with gRPC."""

from __future__ import annotations

import json
import pickle
import urllib.request
from concurrent import futures
from unittest.mock import Mock

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen, SyncEcho
from serving import Loop, grpcio_server, runtime_server

import grpc2connect_runtime as runtime

TIMEOUT_MS = 10_000


class Own(grpc.RpcError):
    """An error of a caller's."""


class Refusing(grpc.UnaryUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation, client_call_details, request):
        raise Own("refused")


def stub_on(gen, channel):
    return runtime.public_stub(channel, gen.pb2_grpc.EchoStub, gen.connect.EchoClientSync, gen.connect.EchoClient)


@pytest.mark.parametrize("make", [grpc.insecure_channel, runtime.insecure_channel], ids=["grpcio", "runtime"])
def test_a_stub_is_both(gen, make):
    ask = gen.pb2.Ask
    with grpcio_server(gen, "sync", Seen()) as port, make(f"127.0.0.1:{port}") as channel:
        stub = stub_on(gen, channel)
        assert isinstance(stub, gen.pb2_grpc.EchoStub) and isinstance(stub, gen.connect.EchoClientSync)
        said = stub.Say(ask(text="hi"), timeout=10)
        assert stub.say(ask(text="hi"), timeout_ms=TIMEOUT_MS) == said
        assert stub.Say.future(ask(text="hi")).result(10) == said
        assert list(stub.repeat(ask(text="a", count=2))) == list(stub.Repeat(ask(text="a", count=2)))
        assert stub.join(iter([ask(text="a"), ask(text="b")])) == stub.Join(iter([ask(text="a"), ask(text="b")]))
        assert len(list(stub.chat(iter([ask(text="a")])))) == len(list(stub.Chat(iter([ask(text="a")]))))


@pytest.mark.parametrize("make", [grpc.insecure_channel, runtime.insecure_channel], ids=["grpcio", "runtime"])
def test_an_error_is_both(gen, make):
    with grpcio_server(gen, "sync", Seen()) as port, make(f"127.0.0.1:{port}") as channel:
        stub = stub_on(gen, channel)
        with pytest.raises(grpc.RpcError) as theirs:
            stub.Say(gen.pb2.Ask(text="abort"))
        with pytest.raises(grpc.RpcError) as ours:
            stub.say(gen.pb2.Ask(text="abort"))
        error, wanted = ours.value, theirs.value
        assert isinstance(error, ConnectError) and isinstance(error, grpc.Call)
        assert error.code() is wanted.code() and error.details() == wanted.details()
        assert error.code == getattr(Code, wanted.code().name)
        assert error.debug_error_string() or make is runtime.insecure_channel
        assert str(error).splitlines()[:3] == str(wanted).splitlines()[:3]
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, grpc.RpcError) and again.code() is wanted.code()
        with pytest.raises(grpc.RpcError) as streamed:
            list(stub.repeat(gen.pb2.Ask(text="then:abort", count=1)))
        assert streamed.value.code() is wanted.code()


def test_an_error_of_the_callers_own_comes_through(gen):
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        stub = stub_on(gen, grpc.intercept_channel(channel, Refusing()))
        with pytest.raises(Own, match="refused"):
            stub.say(gen.pb2.Ask(text="hi"))


def test_what_a_test_puts_in_the_place_of_the_class_or_of_a_method_is_called(gen):
    fake = Mock()
    assert runtime.public_stub("a channel", fake, gen.connect.EchoClientSync) is fake.return_value
    fake.assert_called_once_with("a channel")
    stub = stub_on(gen, grpc.insecure_channel("127.0.0.1:1"))
    stub.Say = Mock(return_value="said")
    assert stub.say("hi", timeout_ms=1500) == "said"
    stub.Say.assert_called_once_with("hi", timeout=1.5)


def test_an_aio_stub_is_both(gen):
    ask = gen.pb2.Ask

    async def calls(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = stub_on(gen, channel)
            assert isinstance(stub, gen.connect.EchoClient)
            assert await stub.say(ask(text="hi"), timeout_ms=TIMEOUT_MS) == await stub.Say(ask(text="hi"))
            assert [one async for one in stub.repeat(ask(text="a", count=2))] == [
                one async for one in stub.Repeat(ask(text="a", count=2))
            ]
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.say(ask(text="abort"))
            with pytest.raises(grpc.aio.AioRpcError) as wanted:
                await stub.Say(ask(text="abort"))
            assert isinstance(caught.value, ConnectError)
            assert caught.value.code() is wanted.value.code() and caught.value.details() == wanted.value.details()

    with Loop() as loop, runtime_server(gen, "aio", Seen()) as port:
        loop.run(calls(port))


class Told(SyncEcho):
    """A servicer by gRPC's names, which says what it was handed."""

    def Say(self, request, context):
        context.set_code(grpc.StatusCode.OK)
        return type(super().Say(request, context))(text=f"{context.code() is grpc.StatusCode.OK}")


@pytest.mark.parametrize("wire", ["connect", "grpcio"])
def test_a_servicer_of_grpc_is_served_by_both(gen, wire):
    with futures.ThreadPoolExecutor(4) as pool:
        server = runtime.Server(pool, wire=wire)
        servicer = Told(gen.pb2, Seen())
        app = gen.connect.EchoASGIApplication
        runtime.add_servicer_to(server, gen.pb2_grpc.add_EchoServicer_to_server, app, servicer)
        port, connect = server.add_insecure_port("127.0.0.1:0"), server.add_connect_port("127.0.0.1:0")
        server.start()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="hi"), timeout=10).text == "True"
            path = f"/{gen.pb2.DESCRIPTOR.services_by_name['Echo'].full_name}/Say"
            asked = urllib.request.Request(
                f"http://127.0.0.1:{connect}{path}", b'{"text": "hi"}', {"content-type": "application/json"}
            )
            with urllib.request.urlopen(asked, timeout=10) as answer:
                assert json.load(answer)["text"] == "True"
        finally:
            assert server.stop(None).wait(20)


def test_another_server_takes_it_as_any_servicer(gen):
    adder = Mock()
    runtime.add_servicer_to("a server", adder, gen.connect.EchoASGIApplication, "a servicer")
    adder.assert_called_once_with("a servicer", "a server")
