"""A real grpcio client must not be able to tell the runtime's server from grpcio's."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport
from servicers import Seen
from serving import FLAVOURS, grpcio_server, runtime_server

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10

CASES = {
    "sync": [
        "fine",
        "abort",
        "abort ok",
        "abort with trailers",
        "abort swallowed",
        "abort replaced",
        "rich",
        "rich apart",
        "rich broken",
        "set",
        "set none",
        "set code none",
        "set raise",
        "details only",
        "no such name",
        "cancelled code",
        "raise",
        "stop",
        "none",
        "wrong",
        "metadata",
        "context",
    ],
    "aio": [
        "fine",
        "abort",
        "abort not awaited",
        "abort with trailers",
        "abort swallowed",
        "rich",
        "rich apart",
        "rich broken",
        "set",
        "set none",
        "set raise",
        "details only",
        "no such name",
        "raise",
        "none",
        "metadata",
        "context",
    ],
}
METADATA = (("k", "v"), ("k", "w"), ("data-bin", b"\x00\x01\xff"), ("empty", ""))


def status(call):
    return call.code(), call.details(), sorted(call.trailing_metadata() or ())


def observe_unary(call, *arguments, **keywords):
    try:
        response, ended = call.with_call(*arguments, timeout=TIMEOUT_S, **keywords)
    except grpc.RpcError as error:
        return None, status(error), sorted(error.initial_metadata() or ())
    return response, status(ended), sorted(ended.initial_metadata() or ())


def observe_stream(call):
    received = []
    try:
        received.extend(message.text for message in call)
    except grpc.RpcError:
        pass
    return received, status(call)


def both(gen, flavour, act):
    """Run `act(stub)` against either server; return both results."""
    results = []
    for serve in (grpcio_server, runtime_server):
        with serve(gen, flavour, Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            results.append(act(gen.pb2_grpc.EchoStub(channel)))
    return results


def same(expected, actual):
    if isinstance(expected, dict):
        different = {key: (expected[key], actual[key]) for key in expected if expected[key] != actual[key]}
        assert different == {}
    assert actual == expected


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_unary(gen, flavour):
    def act(stub):
        return {case: observe_unary(stub.Say, gen.pb2.Ask(text=case), metadata=METADATA) for case in CASES[flavour]}

    same(*both(gen, flavour, act))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_client_stream(gen, flavour):
    def act(stub):
        asks = [gen.pb2.Ask(text=text) for text in "xyz"]
        result = {"plain": observe_unary(stub.Join, iter(asks)), "empty": observe_unary(stub.Join, iter(()))}
        for case in CASES[flavour]:
            result[case] = observe_unary(stub.Join, iter([gen.pb2.Ask(text=f"case:{case}")]), metadata=METADATA)
        return result

    same(*both(gen, flavour, act))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_server_stream(gen, flavour):
    cases = [case for case in CASES[flavour] if case not in ("none", "wrong", "set none", "set code none")]

    def act(stub):
        result = {"plain": observe_stream(stub.Repeat(gen.pb2.Ask(text="a", count=5), timeout=TIMEOUT_S))}
        for case in cases:
            # Headers after a message are refused by all, in words (and an exception type) of their own.
            for count in (0,) if case == "metadata" else (0, 2):
                ask = gen.pb2.Ask(text=f"then:{case}", count=count)
                result[case, count] = observe_stream(stub.Repeat(ask, timeout=TIMEOUT_S))
        return result

    same(*both(gen, flavour, act))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_bidi_ping_pong(gen, flavour):
    import queue

    def act(stub):
        asks = queue.SimpleQueue()
        call = stub.Chat(iter(asks.get, None), timeout=TIMEOUT_S)
        received = []
        for text in ("a", "b", "c"):
            asks.put(gen.pb2.Ask(text=text))
            received.append(next(call).text)
        asks.put(None)
        return received, list(call), status(call)

    same(*both(gen, flavour, act))


@pytest.mark.parametrize("method", ["say", "repeat"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_server_that_sees_the_deadline_first_says_what_grpcio_says(gen, flavour, method):
    for serve in (grpcio_server, runtime_server):
        with serve(gen, flavour, Seen()) as port:
            transport = SyncHTTPTransport(http_version=HTTPVersion.HTTP2)
            client = gen.connect.EchoClientSync(
                f"http://127.0.0.1:{port}", protocol=ProtocolType.GRPC, http_client=SyncClient(transport)
            )
            with pytest.raises(ConnectError) as caught:
                # The client itself has no deadline.
                answer = getattr(client, method)(gen.pb2.Ask(text="hang"), headers={"grpc-timeout": "300m"})
                list(answer)
            assert (caught.value.code, caught.value.message) == (Code.DEADLINE_EXCEEDED, "Deadline Exceeded")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_deadline_and_cancellation_reach_the_handler(gen, flavour):
    for serve in (grpcio_server, runtime_server):
        seen = Seen()
        with serve(gen, flavour, seen) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            for timeout in (0.5, 2, 8):  # on a busy machine a deadline can pass before the handler begins
                with pytest.raises(grpc.RpcError) as caught:
                    stub.Say(gen.pb2.Ask(text="hang"), timeout=timeout)
                assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                if seen.started.is_set():
                    break
            assert seen.ended.wait(TIMEOUT_S)
            seen.started.clear()
            seen.ended.clear()
            future = stub.Say.future(gen.pb2.Ask(text="hang"))
            assert seen.started.wait(TIMEOUT_S)
            future.cancel()
            assert seen.ended.wait(TIMEOUT_S)
            seen.started.clear()
            seen.ended.clear()
            call = stub.Repeat(gen.pb2.Ask(text="hang:"))
            assert next(call).text == "first"
            call.cancel()
            assert seen.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_initial_metadata_is_sent_at_once(gen, flavour):
    for serve in (grpcio_server, runtime_server):
        seen = Seen()
        with serve(gen, flavour, seen) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = gen.pb2_grpc.EchoStub(channel).Repeat(gen.pb2.Ask(text="headers:"), timeout=TIMEOUT_S)
            assert ("early", "1") in call.initial_metadata()
            assert not seen.release.is_set()
            seen.release.set()
            assert list(call) == []


def test_unknown_method_and_service(gen):
    def act(channel):
        result = []
        for path in ("/tests.v1.Echo/Nope", "/tests.v1.Nope/Say", "/nope"):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(path)(b"", timeout=TIMEOUT_S)
            result.append((caught.value.code(), caught.value.details()))
        return result

    results = []
    for serve in (grpcio_server, runtime_server):
        with serve(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            results.append(act(channel))
    assert results[0] == results[1]


def post(port, case):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/tests.v1.Echo/Say",
        data=json.dumps({"text": case}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.connect_wire
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_connect_json_on_the_same_port(gen, flavour):
    with runtime_server(gen, flavour, Seen()) as port:
        assert post(port, "fine") == (200, {"text": "fine"})
        assert post(port, "abort") == (404, {"code": "not_found", "message": "no such thing é"})
        http_status, body = post(port, "rich")
        assert (http_status, body["code"], body["message"]) == (404, "not_found", "rich")
        assert [detail["type"] for detail in body["details"]] == ["tests.v1.Ask"]
        assert post(port, "raise")[1]["code"] == "unknown"
        assert post(port, "set")[1] == {"code": "data_loss", "message": "lost"}


@pytest.mark.connect_wire
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_details_in_the_trailing_metadata_of_what_is_raised_reach_connect(gen, flavour):
    with runtime_server(gen, flavour, Seen()) as port:
        http_status, body = post(port, "rich raised")
    assert (http_status, body["code"], body["message"]) == (404, "not_found", "rich")
    assert [detail["type"] for detail in body["details"]] == ["tests.v1.Ask"]


def test_rich_status_survives_the_way(gen):
    from servicers import rich_status

    with runtime_server(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="rich"), timeout=TIMEOUT_S)
        trailers = dict(caught.value.trailing_metadata())
        assert trailers["grpc-status-details-bin"] == rich_status()
        assert trailers["k"] == "v"
