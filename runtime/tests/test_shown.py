"""What programs print of metadata, of the details of calls, and of calls themselves: the same text as on grpcio."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re

import grpc
import pytest
from servicers import Seen
from serving import grpcio_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime.method_handlers import HandlerCallDetails

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


def without_debug(text):
    return re.sub(r'debug_error_string = "(?!None).*', "debug_error_string", text)


class Shows(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, log):
        self.log = log

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.log.append(str(client_call_details))
        return continuation(client_call_details, request)


class Adds(grpc.UnaryUnaryClientInterceptor):
    """Adds to the metadata of a call as to a list, which grpcio lets it do where callers give one."""

    def __init__(self, log):
        self.log = log

    def intercept_unary_unary(self, continuation, client_call_details, request):
        metadata = client_call_details.metadata
        self.log.append((type(metadata), metadata))
        if isinstance(metadata, list):
            client_call_details = client_call_details._replace(metadata=metadata.__add__([("added", "1")]))
        return continuation(client_call_details, request)


def intercepted(gen, port, make, calls):
    """What an interceptor notes of the same calls on a channel of grpcio's, and on one of the runtime's."""
    logs = []
    for module in (grpc, runtime):
        log = []
        with module.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel = module.intercept_channel(channel, make(log))
            if module is grpc:
                stub = gen.pb2_grpc.EchoStub(channel)
                for metadata in calls:
                    log.append(stub.Say(gen.pb2.Ask(text="metadata"), metadata=metadata).text)
            else:
                client = channel.client(gen.connect.EchoClientSync)
                for metadata in calls:
                    log.append(client.say(gen.pb2.Ask(text="metadata"), headers=runtime.headers(metadata)).text)
        logs.append(log)
    return logs


def added(log):
    return [found if not isinstance(found, str) else "added" in found for found in log]


def test_details_of_a_call(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        expected, actual = intercepted(gen, port, Shows, [None, (("k", "v"),), [("k", "v")], []])
    assert actual[::2] == expected[::2]
    assert actual[0].startswith("_ClientCallDetails(method='/tests.v1.Echo/Say'")


def test_interceptors_see_the_list_or_tuple_that_the_caller_gave(gen):
    calls = [[("k", "v")], (("k", "v"),), [], None, [("b-bin", b"\x00\xff")]]
    with grpcio_server(gen, "sync", Seen()) as port:
        expected, actual = intercepted(gen, port, Adds, calls)
    assert added(actual) == added(expected)
    assert added(actual)[1] is True


def test_headers_that_were_changed_since(gen):
    log = []
    headers = runtime.headers([("k", "v")])
    headers["other"] = "w"
    once = runtime.headers(pair for pair in [("k", "v")])
    with (
        grpcio_server(gen, "sync", Seen()) as port,
        runtime.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        client = runtime.intercept_channel(channel, Adds(log)).client(gen.connect.EchoClientSync)
        client.say(gen.pb2.Ask(text="metadata"), headers=headers)
        client.say(gen.pb2.Ask(text="metadata"), headers=once)
    assert log == [(tuple, (("k", "v"), ("other", "w"))), (tuple, (("k", "v"),))]


def test_interceptors_see_the_seconds_that_the_caller_gave(gen):
    seconds = [5, 5.0, 0.75, 2.0005]

    class Seconds(Adds):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            self.log.append(repr(client_call_details.timeout))
            return continuation(client_call_details, request)

    logs = [[], []]
    with grpcio_server(gen, "sync", Seen()) as port:
        for module, log in zip((grpc, runtime), logs, strict=True):
            with module.insecure_channel(f"127.0.0.1:{port}") as channel:
                channel = module.intercept_channel(channel, Seconds(log))
                if module is grpc:
                    for one in seconds:
                        gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=one)
                else:
                    client = channel.client(gen.connect.EchoClientSync)
                    for one in seconds:
                        client.say(gen.pb2.Ask(text="x"), timeout_ms=runtime.timeout_ms(one))
                    client.say(gen.pb2.Ask(text="x"), timeout_ms=5000)
    assert logs[1] == [*logs[0], "5"]


def test_details_of_an_aio_call(gen):
    async def both(port):
        texts = []
        for module, kind in ((grpc.aio, grpc.aio.UnaryUnaryClientInterceptor), (runtime, None)):
            base = kind or runtime.AioUnaryUnaryClientInterceptor

            class Notes(base):
                async def intercept_unary_unary(self, continuation, client_call_details, request):
                    texts.append(str(client_call_details))
                    return await continuation(client_call_details, request)

            open_channel = grpc.aio.insecure_channel if module is grpc.aio else runtime.aio_insecure_channel
            async with open_channel(f"127.0.0.1:{port}", interceptors=[Notes()]) as channel:
                if module is grpc.aio:
                    await gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), metadata=(("k", "v"),))
                else:
                    client = channel.client(gen.connect.EchoClient)
                    await client.say(gen.pb2.Ask(text="x"), headers=runtime.headers((("k", "v"),)))
        return texts

    with grpcio_server(gen, "aio", Seen()) as port:
        expected, actual = asyncio.run(asyncio.wait_for(both(port), TIMEOUT_S))
    assert actual == expected


def test_metadata_and_the_details_that_a_server_sees():
    for record, text in (
        (runtime.Metadatum("k", "v"), "_Metadatum(key='k', value='v')"),
        (
            HandlerCallDetails("/a.B/C", (runtime.Metadatum("k", b"v"),)),
            "_HandlerCallDetails(method='/a.B/C', invocation_metadata=(_Metadatum(key='k', value=b'v'),))",
        ),
    ):
        assert repr(record) == str(record) == text
        assert pickle.loads(pickle.dumps(record)) == copy.copy(record) == record

    class Own(runtime.AioClientCallDetails):
        pass

    assert repr(Own("/a.B/C")).startswith("Own(method='/a.B/C', timeout=None")


def sync_texts(say, ask):
    """What is shown of calls that run, have ended well, have failed, and were cancelled."""
    fine, failed, cancelled = (say(ask(text)) for text in ("x", "abort", "hang"))
    running = str(cancelled)
    cancelled.cancel()
    for call in (fine, failed):
        call.exception(TIMEOUT_S)
    return [without_debug(text) for text in (running, str(fine), repr(failed), str(cancelled))]


def test_sync_calls(gen):
    seen = Seen()

    def ask(text):
        return gen.pb2.Ask(text=text)

    with grpcio_server(gen, "sync", seen) as port:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            expected = sync_texts(gen.pb2_grpc.EchoStub(channel).Say.future, ask)
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClientSync)
            actual = sync_texts(runtime.unary_unary(client.say).future, ask)
    assert actual == expected
    assert expected[0] == "<_MultiThreadedRendezvous object>"


async def aio_texts(say, ask):
    fine, failed, cancelled = (say(ask(text)) for text in ("x", "abort", "hang"))
    running = str(cancelled)
    cancelled.cancel()
    for call in (fine, failed, cancelled):
        await call.code()
    return [without_debug(text) for text in (running, str(fine), repr(failed), str(cancelled))]


def test_aio_calls(gen):
    def ask(text):
        return gen.pb2.Ask(text=text)

    async def both(port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            expected = await aio_texts(gen.pb2_grpc.EchoStub(channel).Say, ask)
        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(gen.connect.EchoClient)
            return expected, await aio_texts(runtime.unary_unary(client.say), ask)

    with grpcio_server(gen, "aio", Seen()) as port:
        expected, actual = asyncio.run(asyncio.wait_for(both(port), TIMEOUT_S))
    assert actual == expected
