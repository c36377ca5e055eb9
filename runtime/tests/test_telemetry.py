"""OpenTelemetry by connectrpc-otel, and metrics by an interceptor as py-grpc-prometheus has it, on the runtime."""

from __future__ import annotations

import collections
import time

import grpc
import pytest
from servicers import Seen
from serving import FLAVOURS, runtime_server

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
KINDS = ("Say", "Repeat", "Join", "Chat")


def call_all(stub, ask):
    stub.Say(ask, timeout=TIMEOUT_S)
    list(stub.Repeat(ask, timeout=TIMEOUT_S))
    stub.Join(iter([ask]), timeout=TIMEOUT_S)
    list(stub.Chat(iter([ask]), timeout=TIMEOUT_S))


@pytest.fixture
def spans():
    """The finished spans of a program that is instrumented."""
    otel = pytest.importorskip("connectrpc_otel")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from opentelemetry.sdk.trace import TracerProvider

    exporter, provider = memory.InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    instrumentor = otel.ConnectInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    instrumentor.uninstrument()


@pytest.mark.connect_wire
@pytest.mark.parametrize("way", ["moved", "stub"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_spans_of_clients_and_servers_belong_together(gen, flavour, way, spans):
    with runtime_server(gen, flavour, Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask = gen.pb2.Ask(text="x", count=1)
        if way == "stub":
            call_all(gen.pb2_grpc.EchoStub(channel), ask)
        else:
            client = channel.client(gen.connect.EchoClientSync)
            client.say(ask)
            list(client.repeat(ask))
            client.join(iter([ask]))
            list(client.chat(iter([ask])))
    found = collections.defaultdict(dict)
    for span in spans():
        found[span.name][span.kind.name] = span
    assert sorted(found) == sorted(f"tests.v1.Echo/{kind}" for kind in KINDS)
    for of_call in found.values():
        assert of_call["SERVER"].parent.span_id == of_call["CLIENT"].context.span_id


def counting(counts):
    """A server interceptor that counts the RPCs by status: it wraps handlers and reads the status as metrics do."""

    def status_of(context):
        # What py-grpc-prometheus reads of grpcio's contexts.
        if context._state.client == "cancelled":
            return "CANCELLED"
        return "OK" if context._state.code is None else context._state.code.name

    def counted(behaviour, streaming, method):
        def unary(request, context):
            response = behaviour(request, context)
            counts[method, status_of(context)] += 1
            return response

        def stream(request, context):
            for response in behaviour(request, context):
                counts[method, "sent"] += 1
                yield response
            counts[method, status_of(context)] += 1

        return stream if streaming else unary

    class Counting(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):
            handler = continuation(handler_call_details)
            method = handler_call_details.method.rpartition("/")[2]
            remake, behaviour = {
                (False, False): (grpc.unary_unary_rpc_method_handler, handler.unary_unary),
                (False, True): (grpc.unary_stream_rpc_method_handler, handler.unary_stream),
                (True, False): (grpc.stream_unary_rpc_method_handler, handler.stream_unary),
                (True, True): (grpc.stream_stream_rpc_method_handler, handler.stream_stream),
            }[handler.request_streaming, handler.response_streaming]
            return remake(
                counted(behaviour, handler.response_streaming, method),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )

    return Counting()


def servicer(pb2, base):
    """Handlers under the names of both worlds."""

    class Service(base):
        def Say(self, request, context):
            if request.text == "missing":
                context.set_code(grpc.StatusCode.NOT_FOUND)
                context.set_details("no")
            if request.text == "stop":
                context.cancel()
                while context.is_active():  # grpcio learns of it by an event
                    time.sleep(0.01)
            return pb2.Answer(text="ok")

        def Repeat(self, request, context):
            for _ in range(request.count):
                yield pb2.Answer(text="ok")

        def Join(self, requests, context):
            return pb2.Answer(text=str(len(list(requests))))

        def Chat(self, requests, context):
            for _ in requests:
                yield pb2.Answer(text="ok")

        say, repeat, join, chat = Say, Repeat, Join, Chat

    return Service()


@pytest.mark.parametrize("library", [grpc, runtime], ids=["grpcio", "runtime"])
def test_an_interceptor_counts_as_on_grpcio(gen, library):
    from concurrent import futures

    counts = collections.Counter()
    with futures.ThreadPoolExecutor(4) as pool:
        if library is grpc:
            server = grpc.server(pool, interceptors=[counting(counts)])
            gen.pb2_grpc.add_EchoServicer_to_server(servicer(gen.pb2, gen.pb2_grpc.EchoServicer), server)
        else:
            server = runtime.Server(pool, interceptors=[counting(counts)])
            server.add_service(gen.connect.EchoASGIApplication, servicer(gen.pb2, gen.connect.EchoSync))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            call_all(stub, gen.pb2.Ask(text="x", count=3))
            for text in ("missing", "stop"):
                with pytest.raises(grpc.RpcError):
                    stub.Say(gen.pb2.Ask(text=text), timeout=TIMEOUT_S)
        server.stop(None).wait(TIMEOUT_S)
    counted = {("Say", "OK"): 1, ("Say", "NOT_FOUND"): 1, ("Repeat", "OK"): 1, ("Join", "OK"): 1, ("Chat", "OK"): 1}
    sent = {("Repeat", "sent"): 3, ("Chat", "sent"): 1}
    assert dict(counts) == counted | sent | {("Say", "CANCELLED"): 1}


class Noticing(grpc.ServerInterceptor):
    """Reads the status of what handlers raise as py-grpc-prometheus does: in the context, as the exception passes."""

    def __init__(self):
        self.seen = []

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)

        def stream(request, context):
            try:
                yield from handler.unary_stream(request, context)
            except Exception:
                self.seen.append(context._state.code.name)
                raise

        def unary(request, context):
            try:
                return handler.unary_unary(request, context)
            except Exception:
                self.seen.append(None if context._state.code is None else context._state.code.name)
                raise

        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                stream, handler.request_deserializer, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(unary, handler.request_deserializer, handler.response_serializer)


@pytest.mark.parametrize("wire", ["grpcio", "connect"])
def test_an_interceptor_sees_the_status_of_what_a_handler_raises(gen, wire):
    from concurrent import futures

    from connectrpc.code import Code
    from connectrpc.errors import ConnectError

    class Failing(gen.connect.EchoSync):
        def say(self, request, context):
            if request.text == "other":
                raise ValueError("other")
            raise ConnectError(Code.NOT_FOUND, "no such thing")

        def repeat(self, request, context):
            yield gen.pb2.Answer(text="one")
            raise ConnectError(Code.OUT_OF_RANGE, "no more")

    noticing = Noticing()
    server = runtime.Server(futures.ThreadPoolExecutor(2), interceptors=[noticing], wire=wire)
    server.add_service(gen.connect.EchoASGIApplication, Failing())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    told = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        for text in ("x", "other"):
            with pytest.raises(grpc.RpcError) as raised:
                stub.Say(gen.pb2.Ask(text=text), timeout=TIMEOUT_S)
            told.append((raised.value.code().name, raised.value.details()))
        with pytest.raises(grpc.RpcError) as raised:
            list(stub.Repeat(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S))
        told.append((raised.value.code().name, raised.value.details()))
    server.stop(None).wait(TIMEOUT_S)
    assert noticing.seen == ["NOT_FOUND", None, "OUT_OF_RANGE"]
    assert told == [
        ("NOT_FOUND", "no such thing"),
        ("UNKNOWN", "Exception calling application: other"),
        ("OUT_OF_RANGE", "no more"),
    ]
