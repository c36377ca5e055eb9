"""OpenTelemetry's instrumentors of grpcio, whose functions the runtime's channels and servers go through."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import grpc
import pytest
from servicers import Seen
from serving import FLAVOURS, grpcio_server, runtime_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime.wire.client_generators import call_of
from grpc2connect_runtime.wire.instrumented import is_instrumented

KINDS = ("Say", "Repeat", "Join", "Chat")


@pytest.fixture
def told(monkeypatch):
    """What instruments with a provider of its own, and the finished spans."""
    pytest.importorskip("opentelemetry.instrumentation.grpc")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The sync client's instrumentor takes no provider: it asks for that of the process, which is set but once.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    active = []

    def instrument(instrumentor):
        instrumentor.instrument(tracer_provider=provider)
        active.append(instrumentor)

    yield instrument, exporter.get_finished_spans
    for instrumentor in reversed(active):
        instrumentor.uninstrument()


def names(spans, kind):
    return sorted(span.name for span in spans() if span.kind.name == kind)


def each_call(client, ask):
    assert client.say(ask).text
    assert list(client.repeat(ask))
    assert client.join(iter([ask])).text
    assert list(client.chat(iter([ask])))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_channel_that_is_made_after_the_instrumentor_has_its_spans(gen, flavour, told):
    from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient

    instrument, spans = told
    ask = gen.pb2.Ask(text="x", count=1)
    with grpcio_server(gen, flavour, Seen()) as port:
        instrument(GrpcInstrumentorClient())
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.wire == "grpcio"
            each_call(channel.client(gen.connect.EchoClientSync), ask)
    assert set(names(spans, "CLIENT")) == {f"/tests.v1.Echo/{kind}" for kind in KINDS}


def test_an_async_channel_has_its_spans(gen, told):
    from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorClient

    instrument, spans = told
    ask = gen.pb2.Ask(text="x", count=1)

    async def use(port):
        async def asks():
            yield ask

        async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.wire == "grpcio"
            client = channel.client(gen.connect.EchoClient)
            assert (await client.say(ask)).text
            assert [answer async for answer in client.repeat(ask)]
            assert (await client.join(asks())).text
            assert [answer async for answer in client.chat(asks())]

    with grpcio_server(gen, "aio", Seen()) as port:
        instrument(GrpcAioInstrumentorClient())
        asyncio.run(use(port))
    assert set(names(spans, "CLIENT")) == {f"/tests.v1.Echo/{kind}" for kind in KINDS}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_server_on_grpcio_s_wire_has_its_spans(gen, flavour, told, monkeypatch):
    from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorServer, GrpcInstrumentorServer

    instrument, spans = told
    instrument(GrpcInstrumentorServer() if flavour == "sync" else GrpcAioInstrumentorServer())
    monkeypatch.setenv("G2C_WIRE", "grpcio")
    ask = gen.pb2.Ask(text="x", count=1)
    with runtime_server(gen, flavour, Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        if flavour == "sync":
            each_call(client, ask)
        else:  # of async handlers with a stream of responses it understands those that are generators
            assert client.say(ask).text
            assert list(client.repeat(ask))
    found = names(spans, "SERVER")
    assert found == sorted(f"/tests.v1.Echo/{kind}" for kind in (KINDS if flavour == "sync" else KINDS[:2]))


def test_the_deployment_s_choice_goes_before_it(gen, told, monkeypatch):
    from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient

    instrument, spans = told
    instrument(GrpcInstrumentorClient())
    monkeypatch.setenv("G2C_WIRE", "connect")
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.wire == "connect"
        each_call(channel.client(gen.connect.EchoClientSync), gen.pb2.Ask(text="x", count=1))
    assert not [name for name in names(spans, "CLIENT") if "Echo" in name]


def test_only_what_is_replaced_is_instrumented(monkeypatch):
    assert not any(is_instrumented(aio=aio, secure=secure) for aio in (False, True) for secure in (False, True))
    monkeypatch.setattr(grpc.aio, "secure_channel", lambda *_, **__: None)
    assert is_instrumented(aio=True, secure=True)
    assert not is_instrumented(aio=True, secure=False)
    assert not is_instrumented(aio=False, secure=True)


def test_what_is_replaced_inside_of_grpcio_counts(monkeypatch):
    """SkyWalking's agent replaces the class of channels, New Relic's methods of what makes calls."""
    from grpc import _channel
    from grpc.aio import _channel as aio_channel

    assert not any(is_instrumented(aio=aio, secure=secure) for aio in (False, True) for secure in (False, True))
    with monkeypatch.context() as patch:
        patch.setattr(_channel, "Channel", lambda *given: grpc.intercept_channel(own(*given)))
        own = aio_channel.Channel
        assert is_instrumented(aio=False, secure=False)
        assert not is_instrumented(aio=True, secure=False)
        patch.setattr(aio_channel, "Channel", lambda *given: own(*given))
        assert is_instrumented(aio=True, secure=True)
    with monkeypatch.context() as patch:
        call = _channel._UnaryUnaryMultiCallable.__call__
        patch.setattr(_channel._UnaryUnaryMultiCallable, "__call__", lambda *given, **named: call(*given, **named))
        assert is_instrumented(aio=False, secure=True)
    assert not is_instrumented(aio=False, secure=False)


WAITS = """
import importlib.util, sys, types

class Agent:
    # As ddtrace and newrelic do it: what is imported later is changed when that happens.
    def find_spec(self, name, path=None, target=None):
        if name != "grpc":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            own = module.insecure_channel
            module.insecure_channel = lambda *given, **named: own(*given, **named)

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Agent())
if len(sys.argv) > 1:
    sys.modules[sys.argv[1]] = types.ModuleType(sys.argv[1])
from grpc2connect_runtime import insecure_channel
assert "grpc" not in sys.modules
with insecure_channel("127.0.0.1:1") as channel:
    print(channel.wire)
"""


@pytest.mark.parametrize(("agent", "wire"), [(["ddtrace"], "grpcio"), (["newrelic"], "grpcio"), ([], "connect")])
def test_an_agent_that_waits_for_grpcio_gets_it(agent, wire):
    done = subprocess.run([sys.executable, "-c", WAITS, *agent], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [wire], done.stderr


class Watching(grpc.UnaryUnaryClientInterceptor):
    def __init__(self):
        self.seen = []

    def intercept_unary_unary(self, continuation, details, request):
        self.seen.append(details.method)
        return continuation(details, request)


def test_a_channel_of_a_class_that_an_agent_has_put_in_is_watched(gen, monkeypatch):
    from grpc import _channel

    watching, own = Watching(), _channel.Channel
    with grpcio_server(gen, FLAVOURS[0], Seen()) as port:
        monkeypatch.setattr(_channel, "Channel", lambda *given: grpc.intercept_channel(own(*given), watching))
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.wire == "grpcio"
            assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x", count=1)).text
    assert watching.seen == ["/tests.v1.Echo/Say"]


def test_a_server_that_an_agent_makes_is_watched(gen, monkeypatch):
    """`grpc.server = ...`, as agents have it: the runtime asks for it each time."""
    seen, own = [], grpc.server

    class Guard(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            seen.append(details.method)
            return continuation(details)

    def server(thread_pool=None, handlers=None, interceptors=None, *others, **named):
        return own(thread_pool, handlers, [Guard(), *(interceptors or ())], *others, **named)

    monkeypatch.setattr(grpc, "server", server)
    monkeypatch.setenv("G2C_WIRE", "grpcio")
    with runtime_server(gen, FLAVOURS[0], Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x", count=1)).text
    assert "/tests.v1.Echo/Say" in seen


@pytest.mark.parametrize("answers", [2, 0])
def test_a_generator_in_the_place_of_a_call_tells_its_status_by_what_it_raises(gen, answers):
    text = "then:abort" if answers == 0 else "x"
    with grpcio_server(gen, "sync", Seen()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        call = call_of(one for one in stub.Repeat(gen.pb2.Ask(text=text, count=answers)))
        assert call.initial_metadata() is None
        if answers:
            assert len(list(call)) == answers
            assert (call.code(), call.details(), call.trailing_metadata()) == (grpc.StatusCode.OK, "", None)
        else:
            with pytest.raises(grpc.RpcError):
                list(call)
            assert (call.code(), call.details()) == (grpc.StatusCode.NOT_FOUND, "no such thing é")
            assert call.trailing_metadata() is not None
        call.cancel()
        whole = stub.Repeat(gen.pb2.Ask(text="x", count=1))
        assert call_of(whole) is whole
        list(whole)


def test_a_call_whose_span_goes_on_can_be_left(gen, told):
    from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient

    instrument, spans = told
    instrument(GrpcInstrumentorClient())
    with grpcio_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = channel.client(gen.connect.EchoClientSync)
        with pytest.raises(runtime.RpcError, match="no such thing"):
            list(client.repeat(gen.pb2.Ask(text="then:abort")))
        answers = runtime.unary_stream(client.repeat)(gen.pb2.Ask(text="x", count=3))
        assert next(answers).text == "x0"
        answers.cancel()
        with pytest.raises(runtime.RpcError):
            client.say(gen.pb2.Ask(text="abort"))
    until = time.monotonic() + 10
    # grpcio tells of the end of a call that was cancelled in a thread of its own.
    while len(names(spans, "CLIENT")) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(names(spans, "CLIENT")) == 3
