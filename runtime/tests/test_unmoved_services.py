"""Services that stay on grpcio, on the runtime's servers: their clients must not see a difference."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import urllib.request
from concurrent import futures

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from servicers import AioEcho, Seen, SyncEcho, renamed
from serving import FLAVOURS, Loop, free_port
from test_reflection import look_up
from test_server_semantics import CASES, METADATA, observe_stream, observe_unary, same
from versions import channelz_of_this_grpcio, registered_handlers

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
MAKERS = ("grpcio", "runtime")


@contextlib.contextmanager
def serving(maker, flavour, add, **arguments):
    """Serve what `add(server)` adds; give the port."""
    if flavour == "sync":
        with futures.ThreadPoolExecutor(4) as pool:
            server = (grpc.server if maker == "grpcio" else runtime.Server)(pool, **arguments)
            add(server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                yield port
            finally:
                assert server.stop(None).wait(20)
        return
    with Loop() as loop:

        async def start():
            server = (grpc.aio.server if maker == "grpcio" else runtime.AioServer)(**arguments)
            add(server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            return server, port

        server, port = loop.run(start())
        try:
            yield port
        finally:
            loop.run(server.stop(None))


def servicer(gen, flavour, seen):
    made = (SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, seen)
    return type("Servicer", (type(made), gen.pb2_grpc.EchoServicer), {})(gen.pb2, seen)


@contextlib.contextmanager
def stubs(gen, flavour, add=None, **arguments):
    """Give the stub and `Seen` of either maker's server, one after the other."""
    found = []
    for maker in MAKERS:
        seen = Seen()

        def added(server, seen=seen):
            gen.pb2_grpc.add_EchoServicer_to_server(servicer(gen, flavour, seen), server)

        found.append((maker, seen, add or added))

    def each():
        for maker, seen, adding in found:
            running = serving(maker, flavour, adding, **arguments)
            with running as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                try:
                    yield gen.pb2_grpc.EchoStub(channel), seen
                finally:
                    seen.release.set()

    yield each()


def both(gen, flavour, act, add=None, **arguments):
    with stubs(gen, flavour, add, **arguments) as each:
        return [act(stub) for stub, _ in each]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_kinds(gen, flavour):
    def act(stub):
        asks = [gen.pb2.Ask(text=text) for text in "xyz"]
        result = {
            "join": observe_unary(stub.Join, iter(asks)),
            "empty": observe_unary(stub.Join, iter(())),
            "repeat": observe_stream(stub.Repeat(gen.pb2.Ask(text="a", count=5), timeout=TIMEOUT_S)),
            "chat": observe_stream(stub.Chat(iter(asks), timeout=TIMEOUT_S)),
        }
        for case in CASES[flavour]:
            ask = gen.pb2.Ask(text=case)
            result["say", case] = observe_unary(stub.Say, ask, metadata=METADATA)
            result["join", case] = observe_unary(stub.Join, iter([gen.pb2.Ask(text=f"case:{case}")]), metadata=METADATA)
            if case not in ("none", "wrong", "set none", "set code none", "metadata"):
                ask = gen.pb2.Ask(text=f"then:{case}", count=2)
                result["repeat", case] = observe_stream(stub.Repeat(ask, timeout=TIMEOUT_S))
        return result

    same(*both(gen, flavour, act))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_deadlines_and_cancellation_reach_the_handler(gen, flavour):
    with stubs(gen, flavour) as each:
        for stub, seen in each:
            with pytest.raises(grpc.RpcError) as caught:
                stub.Say(gen.pb2.Ask(text="hang"), timeout=0.5)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert seen.ended.wait(TIMEOUT_S)
            seen.ended.clear()
            call = stub.Repeat(gen.pb2.Ask(text="hang:"))
            assert next(call).text == "first"
            call.cancel()
            assert seen.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_methods_that_are_not_written_are_unimplemented(gen, flavour):
    def add(server):
        gen.pb2_grpc.add_EchoServicer_to_server(gen.pb2_grpc.EchoServicer(), server)

    def act(stub):
        return observe_unary(stub.Say, gen.pb2.Ask()), observe_unary(stub.Join, iter(()))

    # An aio server takes the sync methods of the generated class for sync handlers.
    same(*both(gen, flavour, act, add))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("order", ["registered twice", "generic twice", "generic, then registered"])
def test_of_two_handlers_the_one_of_grpcio_serves(gen, flavour, order):
    def handlers(name):
        handler = grpc.unary_unary_rpc_method_handler(
            lambda request, context: gen.pb2.Answer(text=name),
            request_deserializer=gen.pb2.Ask.FromString,
            response_serializer=gen.pb2.Answer.SerializeToString,
        )
        return {"Say": handler}

    def add(server):
        for name in ("first", "second"):
            generic = grpc.method_handlers_generic_handler("tests.v1.Echo", handlers(name))
            if order != "registered twice" and (order == "generic twice" or name == "first"):
                server.add_generic_rpc_handlers((generic,))
            else:
                server.add_registered_method_handlers("tests.v1.Echo", handlers(name))

    same(*both(gen, flavour, lambda stub: stub.Say(gen.pb2.Ask(), timeout=TIMEOUT_S).text, add))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_bytes_bad_messages_and_handlers_that_choose(gen, flavour):
    class Choosing(grpc.GenericRpcHandler):
        def service(self, handler_call_details):
            name = handler_call_details.method.rpartition("/")[2]
            wanted = dict(handler_call_details.invocation_metadata).get("k")
            if name == "Bytes":
                return grpc.unary_unary_rpc_method_handler(lambda request, context: request + b"!")
            if name == "Request":
                return grpc.unary_unary_rpc_method_handler(lambda request, context: b"", request_deserializer=int)
            if name == "Response":
                return grpc.unary_unary_rpc_method_handler(lambda request, context: 1, response_serializer=bytes.strip)
            if name == "Boom":
                raise ValueError("boom")
            return grpc.unary_unary_rpc_method_handler(lambda request, context: wanted.encode()) if wanted else None

    results = []
    for maker in MAKERS:
        running = serving(maker, flavour, lambda server: server.add_generic_rpc_handlers((Choosing(),)))
        with running as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            found = {}
            for name in ("Bytes", "Request", "Response", "Boom", "Nope"):
                found[name] = observe_unary(channel.unary_unary(f"/x.Y/{name}"), b"q")
            found["chosen"] = observe_unary(channel.unary_unary("/x.Y/Z"), b"q", metadata=(("k", "v"),))
            results.append(found)
    same(*results)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_moved_and_an_unmoved_service_on_one_server(gen, flavour, each_wire, monkeypatch):
    connect = free_port()
    monkeypatch.setenv("G2C_CONNECT_ADDRESS", f"127.0.0.1:{connect}")

    class Other(gen.pb2_grpc.OtherServicer):
        def Ping(self, request, context):
            context.set_code(grpc.StatusCode.DATA_LOSS)
            if flavour == "sync":  # the context of a sync handler of grpc.aio has neither
                assert isinstance(context, grpc.ServicerContext)
                assert context.code() is grpc.StatusCode.DATA_LOSS
            context.set_code(grpc.StatusCode.OK)
            return gen.pb2.Answer(text=f"pong {request.text}")

    moved = renamed((SyncEcho if flavour == "sync" else AioEcho)(gen.pb2, Seen()))

    def add(server):
        server.add_service(gen.connect.EchoASGIApplication, moved)
        gen.pb2_grpc.add_OtherServicer_to_server(Other(), server)
        assert flavour == "aio" or isinstance(server, grpc.Server)

    with serving("runtime", flavour, add) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ask = gen.pb2.Ask(text="x")
        assert gen.pb2_grpc.EchoStub(channel).Say(ask, timeout=TIMEOUT_S).text == "x"
        assert gen.pb2_grpc.OtherStub(channel).Ping(ask, timeout=TIMEOUT_S).text == "pong x"
        request = urllib.request.Request(
            f"http://127.0.0.1:{connect if each_wire == 'grpcio' else port}/tests.v1.Other/Ping",
            data=ask.SerializeToString(),
            headers={"Content-Type": "application/proto"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            assert gen.pb2.Answer.FromString(response.read()).text == "pong x"


@registered_handlers
def test_what_was_added_last_serves_moved_or_not(gen):
    class Unmoved(gen.pb2_grpc.EchoServicer):
        def Say(self, request, context):
            return gen.pb2.Answer(text="unmoved")

    moved = renamed(SyncEcho(gen.pb2, Seen()))
    for last in ("moved", "unmoved"):

        def add(server, last=last):
            steps = [
                lambda: server.add_service(gen.connect.EchoASGIApplication, moved),
                lambda: gen.pb2_grpc.add_EchoServicer_to_server(Unmoved(), server),
            ]
            for step in steps if last == "unmoved" else reversed(steps):
                step()

        with serving("runtime", "sync", add) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="moved"), timeout=TIMEOUT_S)
            assert answer.text == last


def watch(channel, set_status):
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S).status == 1
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nope"), timeout=TIMEOUT_S)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    call = stub.Watch(health_pb2.HealthCheckRequest(service="x"), timeout=TIMEOUT_S)
    seen = [next(call).status]
    for status in (1, 2, 1):
        set_status("x", status)
        seen.append(next(call).status)
    call.cancel()
    assert seen == [3, 1, 2, 1]


def test_health_of_grpcio(gen):
    servicer = health.HealthServicer()

    def add(server):
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)

    for maker in MAKERS:
        with serving(maker, "sync", add) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            watch(channel, servicer.set)
            servicer._server_status.pop("x")


def test_watchers_of_grpcio_s_health_hold_no_threads(gen):
    servicer = health.HealthServicer()
    server = runtime.Server(futures.ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        calls = [stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S) for _ in range(5)]
        assert [next(call).status for call in calls] == [1] * 5
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S).status == 1
        for call in calls:
            call.cancel()
    assert server.stop(None).wait(20)


def test_health_of_grpc_aio(gen):
    for maker in MAKERS:
        servicer = health.aio.HealthServicer()
        loops = []

        def add(server, servicer=servicer, loops=loops):
            loops.append(asyncio.get_running_loop())
            health_pb2_grpc.add_HealthServicer_to_server(servicer, server)

        def set_status(service, status, servicer=servicer, loops=loops):
            asyncio.run_coroutine_threadsafe(servicer.set(service, status), loops[0]).result(TIMEOUT_S)

        with serving(maker, "aio", add) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            watch(channel, set_status)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_reflection_of_grpcio(gen, flavour):
    names = ("tests.v1.Echo", reflection.SERVICE_NAME)

    def add(server):
        reflection.enable_server_reflection(names, server)

    with serving("runtime", flavour, add) as port:
        look_up(port)


@channelz_of_this_grpcio
def test_channelz_of_grpcio(gen):
    from grpc_channelz.v1 import channelz, channelz_pb2, channelz_pb2_grpc

    for flavour in FLAVOURS:
        running = serving("runtime", flavour, channelz.add_channelz_servicer)
        with running as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = channelz_pb2_grpc.ChannelzStub(channel)
            assert stub.GetTopChannels(channelz_pb2.GetTopChannelsRequest(), timeout=TIMEOUT_S).channel


def test_aio_handlers_get_what_they_expect_of_grpc_aio(gen):
    seen = threading.Event()

    class Servicer(gen.pb2_grpc.EchoServicer):
        async def Chat(self, request_iterator, context):
            while (request := await context.read()) is not grpc.aio.EOF:
                await context.write(gen.pb2.Answer(text=request.text))
            try:
                await context.abort(grpc.StatusCode.ABORTED, "done")
            except grpc.aio.AbortError:
                seen.set()
                raise

    def add(server):
        gen.pb2_grpc.add_EchoServicer_to_server(Servicer(), server)

    def act(stub):
        return observe_stream(stub.Chat(iter([gen.pb2.Ask(text="a")]), timeout=TIMEOUT_S))

    same(*both(gen, "aio", act, add))
    assert seen.is_set()


@pytest.mark.connect_wire
def test_a_sync_handler_catches_what_grpcio_raises_when_its_client_leaves(gen):
    # Not compared: grpcio's own server sometimes takes a client that leaves for one that has sent all.
    started, caught, gone = threading.Event(), threading.Event(), threading.Event()

    class Servicer(gen.pb2_grpc.EchoServicer):
        def Join(self, request_iterator, context):
            try:
                for _ in request_iterator:
                    started.set()
            except grpc.RpcError:
                caught.set()
                raise

    def add(server):
        gen.pb2_grpc.add_EchoServicer_to_server(Servicer(), server)

    def requests():
        yield gen.pb2.Ask(text="a")
        gone.wait(TIMEOUT_S)

    with serving("runtime", "sync", add) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = gen.pb2_grpc.EchoStub(channel).Join.future(requests())
        assert started.wait(TIMEOUT_S)
        call.cancel()
        assert caught.wait(TIMEOUT_S)
        gone.set()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_too_large_a_request_is_refused(gen, flavour):
    options = [("grpc.max_receive_message_length", 100)]

    def act(stub):
        large = gen.pb2.Ask(data=b"x" * 1000)
        calls = [observe_unary(stub.Say, large), observe_unary(stub.Join, iter([large]))]
        return [status[0] for _, status, _ in calls]

    same(*both(gen, flavour, act, options=options))
