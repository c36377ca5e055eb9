"""A failed call as text: what a log line, a message made of it, or a test that looks into it gets to see."""

from __future__ import annotations

import asyncio
import pickle
import re

import grpc
import pytest
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import grpcio_server

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
KINDS = ("say", "join", "repeat")


def calls(gen):
    return {
        "say": (gen.pb2.Ask(text="abort"),),
        "join": (iter([gen.pb2.Ask(text="case:abort")]),),
        "repeat": (gen.pb2.Ask(text="then:abort", count=0),),
    }


def texts(error):
    """The text in all the ways in which programs make one, without grpcio's own debug string."""
    made = str(error), repr(error), f"{error}", type(error).__name__, error.__class__.__qualname__
    return [re.sub(r"debug_error_string = .*", "debug_error_string", text) for text in made]


def sync_text(caught, method, kind, request):
    with pytest.raises(caught) as raised:
        answer = method(request)
        list(answer) if kind == "repeat" else None
    return texts(raised.value)


async def aio_text(caught, method, kind, request):
    try:
        if kind == "repeat":
            [message async for message in method(request)]
        else:
            await method(request)
    except caught as error:
        return texts(error)
    raise AssertionError("the call did not fail")


async def one(request):
    for message in request:
        yield message


@pytest.mark.parametrize("kind", KINDS)
def test_sync(gen, kind):
    with grpcio_server(gen, "sync", Seen()) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            expected = sync_text(grpc.RpcError, getattr(stub, kind.title()), kind, *calls(gen)[kind])
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClientSync)
            actual = sync_text(ConnectError, getattr(client, kind), kind, *calls(gen)[kind])
    assert actual == expected
    assert "StatusCode." in actual[0]


@pytest.mark.parametrize("kind", KINDS)
def test_aio(gen, kind):
    async def both(port):
        request = {**calls(gen), "join": (one(calls(gen)["join"][0]),)}
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            expected = await aio_text(grpc.RpcError, getattr(stub, kind.title()), kind, *request[kind])
        request = {**calls(gen), "join": (one(calls(gen)["join"][0]),)}
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            return expected, await aio_text(ConnectError, getattr(client, kind), kind, *request[kind])

    with grpcio_server(gen, "aio", Seen()) as port:
        expected, actual = asyncio.run(asyncio.wait_for(both(port), TIMEOUT_S))
    assert actual == expected


def test_a_future(gen):
    request = calls(gen)["say"][0]
    with grpcio_server(gen, "sync", Seen()) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            expected = texts(gen.pb2_grpc.EchoStub(channel).Say.future(request).exception(TIMEOUT_S))
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            method = runtime.unary_unary(channel.client(gen.connect.EchoClientSync).say)
            assert texts(method.future(request).exception(TIMEOUT_S)) == expected
            with pytest.raises(ConnectError) as raised:
                method.with_call(request)
    assert type(raised.value).__name__ == "_InactiveRpcError"


def test_by_path(gen):
    def text(channel):
        with pytest.raises((grpc.RpcError, ConnectError)) as raised:
            channel.unary_unary("/semantics.v1.Echo/None")(b"")
        return texts(raised.value)

    with grpcio_server(gen, "sync", Seen()) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            expected = text(channel)
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert text(runtime.calls_on(channel)) == text(channel) == expected


def test_it_survives_pickling(gen):
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        with pytest.raises(ConnectError) as raised:
            list(client.repeat(*calls(gen)["repeat"]))
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert str(raised.value).startswith("<_MultiThreadedRendezvous of RPC")
    assert type(pickle.loads(pickle.dumps(raised.value))) is type(raised.value)
