"""One body, two libraries: what grpcio's own calls, channels and servers answer, the runtime's answer, too.

Calls are by path, to a server of grpcio's.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from concurrent import futures
from typing import NamedTuple

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import status_pb2
from grpc_status import rpc_status

import grpc2connect_runtime as runtime
from grpc2connect_runtime import background
from grpc2connect_runtime.errors import CallError
from grpc2connect_runtime.foreign_channels import ForeignChannel

pytestmark = pytest.mark.usefixtures("each_wire")
LIMIT_S = 20
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
SYNC = pytest.mark.parametrize("insecure", [grpc.insecure_channel, runtime.insecure_channel], ids=["grpcio", "runtime"])
AIO = pytest.mark.parametrize(
    "insecure", [grpc.aio.insecure_channel, runtime.aio_insecure_channel], ids=["grpcio", "runtime"]
)


class Handlers(grpc.GenericRpcHandler):
    """Echoes; what `/wait` is in its path waits for a gate first."""

    def __init__(self):
        self.gate = threading.Event()

    def service(self, details):
        kind = details.method.rpartition("/")[2]
        waits = details.method.startswith("/wait")

        def before(context):
            if waits:
                context.add_callback(self.gate.set)  # so that no thread is left behind
                self.gate.wait(LIMIT_S)

        def unary(request, context):
            before(context)
            return request if isinstance(request, bytes) else b"".join(request)

        def stream(request, context):
            before(context)
            yield from [request] * 3 if isinstance(request, bytes) else request

        make = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(stream if kind.endswith("stream") else unary)


@contextlib.contextmanager
def served(handlers=None, **settings):
    server = grpc.server(futures.ThreadPoolExecutor(40), **settings)
    server.add_generic_rpc_handlers((handlers or Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait(LIMIT_S)


def run(main):
    async def limited():
        return await asyncio.wait_for(main(), LIMIT_S)

    return asyncio.run(limited())


def begin(channel, kind, path="/wait"):
    method = getattr(channel, kind)(f"{path}/{kind}")
    argument = iter([b"a"]) if kind.startswith("stream") else b"a"
    return method(argument) if kind.endswith("stream") else method.future(argument)


@pytest.mark.parametrize("kind", KINDS)
@SYNC
def test_a_call_ends_with_its_channel_however_early(insecure, kind):
    with served() as target:
        channel = insecure(target)
        call = begin(channel, kind)
        channel.close()
        assert call.code() is grpc.StatusCode.CANCELLED
        assert not call.cancel()


@pytest.mark.parametrize("kind", KINDS)
@AIO
def test_an_aio_call_has_ended_once_its_channel_is_closed(insecure, kind):
    async def main():
        channel = insecure(target)
        method = getattr(channel, kind)(f"/wait/{kind}")
        call = method() if kind.startswith("stream") else method(b"a")
        await channel.close()
        assert call.cancelled() and call.done()
        assert await call.code() is grpc.StatusCode.CANCELLED

    with served() as target:
        run(main)


@AIO
def test_a_call_that_has_just_begun_has_its_grace(insecure, each_wire):
    if each_wire == "grpcio" and insecure is runtime.aio_insecure_channel:
        pytest.skip("grpcio's channel refuses it: it begins when the event loop gets to it")

    async def main():
        channel = insecure(target)
        call = channel.unary_unary("/now/unary_unary")(b"a")
        await channel.close(grace=LIMIT_S)
        assert await call == b"a"

    with served() as target:
        run(main)


@pytest.mark.parametrize("kind", KINDS)
@AIO
def test_a_cancelled_aio_call_has_ended_at_once(insecure, kind):
    async def main():
        async with insecure(target) as channel:
            method = getattr(channel, kind)(f"/wait/{kind}")
            call = method() if kind.startswith("stream") else method(b"a")
            assert not call.done()
            assert call.cancel()
            assert call.cancelled() and call.done()
            assert not call.cancel()
            if kind.startswith("stream"):
                with pytest.raises(asyncio.InvalidStateError):
                    await call.write(b"b")
                await call.done_writing()
            with pytest.raises(asyncio.CancelledError):
                await (call.read() if kind.endswith("stream") else call)
            assert await call.code() is grpc.StatusCode.CANCELLED

    with served() as target:
        run(main)


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
@AIO
def test_who_waits_for_a_connection_need_not_have_written(insecure, kind):
    async def main():
        async with insecure(target) as channel:
            call = getattr(channel, kind)(f"/now/{kind}")()
            await call.wait_for_connection()
            await call.write(b"a")
            await call.done_writing()
            assert await (call.read() if kind == "stream_stream" else call) == b"a"

    with served() as target:
        run(main)


@pytest.mark.parametrize("kind", KINDS)
@AIO
def test_who_waits_for_a_connection_that_is_refused_is_told(insecure, kind):
    async def main():
        async with insecure("127.0.0.1:1") as channel:
            method = getattr(channel, kind)(f"/now/{kind}")
            call = method() if kind.startswith("stream") else method(b"a")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.wait_for_connection()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

    run(main)


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
@SYNC
def test_requests_that_are_none_end_the_call(insecure, kind):
    with served() as target, insecure(target) as channel:
        method = getattr(channel, kind)(f"/now/{kind}")
        call = method(object()) if kind == "stream_stream" else method.future(object())
        with pytest.raises(grpc.RpcError) as caught:
            next(call) if kind == "stream_stream" else call.result()
        assert caught.value.code() is grpc.StatusCode.UNKNOWN
        assert caught.value.details() == "Exception iterating requests!"


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
@pytest.mark.parametrize("of", ["plain", "async", "none"])
@AIO
def test_requests_that_fail_cancel_an_aio_call(insecure, of, kind):
    def plain():
        yield b"a"
        raise ValueError("mine")

    async def asynchronous():
        yield b"a"
        raise ValueError("mine")

    async def main():
        async with insecure(target) as channel:
            requests = {"plain": plain, "async": asynchronous, "none": object}[of]()
            call = getattr(channel, kind)(f"/now/{kind}")(requests)
            with pytest.raises(asyncio.CancelledError):
                if kind == "stream_unary":
                    await call
                async for _ in call:
                    pass
            assert call.cancelled()
            assert await call.code() is grpc.StatusCode.CANCELLED
            assert await call.details() == "Locally cancelled by application!"

    with served() as target:
        run(main)


@pytest.mark.parametrize("kind", KINDS)
@AIO
def test_who_asks_to_be_told_is_told_before_who_waits(insecure, kind):
    async def main():
        async with insecure(target) as channel:
            seen = []
            call = getattr(channel, kind)(f"/now/{kind}")(iter([b"a"]) if kind.startswith("stream") else b"a")
            call.add_done_callback(lambda one: seen.append(one.done()))
            if kind.endswith("stream"):
                async for _ in call:
                    pass
            await call.code()
            seen.append("waited")
            call.add_done_callback(lambda one: seen.append(one.done()))
            seen.append("told at once")
            assert seen == [True, "waited", True, "told at once"]

            waiting = getattr(channel, kind)(f"/wait/{kind}")(iter([b"a"]) if kind.startswith("stream") else b"a")
            await asyncio.sleep(0)
            waiting.add_done_callback(lambda one: seen.append(one.cancelled()))
            assert waiting.cancel()
            assert seen[4:] == [True]

    with served() as target:
        run(main)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("request_", [None, "text", 7, Empty], ids=["none", "text", "number", "class"])
@AIO
def test_what_is_no_message_is_an_empty_one_to_grpc_aio(insecure, request_, kind):
    async def main():
        async with insecure(target) as channel:
            method = getattr(channel, kind)(f"/now/{kind}", request_serializer=StringValue.SerializeToString)
            call = method([request_] if kind.startswith("stream") else request_)
            assert await (call.read() if kind.endswith("stream") else call) == b""

    with served() as target:
        run(main)


def test_what_is_no_message_is_an_empty_one_to_an_async_client(gen, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")

    async def main():
        async with runtime.aio_insecure_channel(target) as channel:
            client = channel.client(gen.connect.EchoClient)
            assert await client.say(None) == gen.pb2.Answer(text="0")
            assert await client.join(requests()) == gen.pb2.Answer(text="0")

    async def requests():
        yield gen.pb2.Ask

    def answer(request, context):
        messages = [request] if isinstance(request, bytes) else request
        return gen.pb2.Answer(text=str(sum(map(len, messages)))).SerializeToString()

    methods = {
        "Say": grpc.unary_unary_rpc_method_handler(answer),
        "Join": grpc.stream_unary_rpc_method_handler(answer),
    }
    with served(grpc.method_handlers_generic_handler("tests.v1.Echo", methods)) as target:
        run(main)


class Failing(grpc.GenericRpcHandler):
    def service(self, details):
        kind = details.method.rpartition("/")[2]

        def fail(_, context):
            context.send_initial_metadata((("first", "1"),))
            context.set_trailing_metadata((("last", "2"),))
            context.abort(grpc.StatusCode.NOT_FOUND, "gone")
            yield b""

        def fail_at_once(_, context):
            next(fail(_, context))

        return getattr(grpc, f"{kind}_rpc_method_handler")(fail if kind.endswith("stream") else fail_at_once)


def made_of(error):
    return [(one.code, one.details, [tuple(pair) for pair in one.trailing_metadata]) for one in error.args]


@pytest.mark.parametrize("kind", KINDS)
@SYNC
def test_what_an_error_is_made_of(insecure, kind):
    with served(Failing()) as target, insecure(target) as channel:
        method = getattr(channel, kind)(f"/now/{kind}")
        argument = iter([b"a"]) if kind.startswith("stream") else b"a"
        with pytest.raises(grpc.RpcError) as caught:
            answer = method(argument)
            next(answer)
        state = [(grpc.StatusCode.NOT_FOUND, "gone", [("last", "2")])]
        assert made_of(caught.value) == ([] if kind.endswith("stream") else state)
        caught.value.args = ("more", *caught.value.args)
        assert caught.value.args[0] == "more"
        assert len(caught.value.args) == (1 if kind.endswith("stream") else 2)


@AIO
def test_what_an_aio_error_is_made_of(insecure):
    async def main():
        async with insecure(target) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                await channel.unary_unary("/now/unary_unary")(b"a")
            assert caught.value.args == ()

    with served(Failing()) as target:
        run(main)


@pytest.mark.parametrize("metadata", [((42, "a"),), (("a", 42),)])
@SYNC
def test_metadata_of_no_text_is_refused(insecure, metadata):
    with insecure("127.0.0.1:1") as channel, pytest.raises(TypeError, match="Expected str"):
        channel.unary_unary("/now/unary_unary")(b"", metadata=metadata)


class Tells(grpc.GenericRpcHandler):
    """Answers with the values of the key `token` that a call has, and sends metadata that is None."""

    def service(self, details):
        def tell(request, context):
            context.send_initial_metadata((("first", None),))
            context.set_trailing_metadata((("last", None),))
            return repr([value for key, value in context.invocation_metadata() if key == "token"]).encode()

        return grpc.unary_unary_rpc_method_handler(tell)


@pytest.mark.parametrize("make", [grpc.server, runtime.Server], ids=["grpcio's server", "ours"])
@SYNC
def test_metadata_that_is_none_is_empty(insecure, make):
    server = make(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Tells(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with insecure(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary("/a/b")
        answer, call = method.with_call(b"", metadata=(("token", None),), timeout=LIMIT_S)
        with pytest.raises(TypeError, match="expected bytes"):
            method(b"", metadata=(("token-bin", None),), timeout=LIMIT_S)
    server.stop(None).wait(LIMIT_S)
    assert answer == b"['']"
    assert dict(call.initial_metadata())["first"] == dict(call.trailing_metadata())["last"] == ""


class Fields(NamedTuple):
    method: object
    timeout: object
    metadata: object
    credentials: object
    wait_for_ready: object


@pytest.mark.parametrize("library", [grpc.aio, runtime], ids=["grpcio", "runtime"])
def test_details_of_a_call_of_aio_have_five_fields(library):
    name = "" if library is grpc.aio else "Aio"
    base = getattr(library, f"{name}UnaryUnaryClientInterceptor")
    own = type("Details", (Fields, getattr(library, f"{name}ClientCallDetails")), {})

    class Adds(base):
        async def intercept_unary_unary(self, continuation, details, request):
            method, timeout, _, *others = details
            assert len(others) == 2
            return await continuation(own(method, timeout, library.Metadata(("token", "a")), *others), request)

    async def main():
        insecure = getattr(library, "insecure_channel" if library is grpc.aio else "aio_insecure_channel")
        async with insecure(target, interceptors=[Adds()]) as channel:
            return await channel.unary_unary("/a/b")(b"", timeout=LIMIT_S)

    with served(Tells()) as target:
        assert run(main) == b"['a']"


class Breaks(grpc.GenericRpcHandler):
    """Streams one response; then waits until the call is cancelled, or says by itself that it is."""

    def service(self, details):
        def stream(request, context):
            yield request
            if details.method.startswith("/server"):
                context.abort(grpc.StatusCode.CANCELLED, "by the server")
            ended = threading.Event()
            if context.add_callback(ended.set):
                ended.wait(LIMIT_S)

        return grpc.unary_stream_rpc_method_handler(stream)


@pytest.mark.parametrize(("by", "cancelled"), [("client", True), ("server", False)])
@SYNC
def test_the_error_of_a_stream_knows_who_has_cancelled_it(insecure, by, cancelled):
    with served(Breaks()) as target, insecure(target) as channel:
        call = channel.unary_stream(f"/{by}/a")(b"a", timeout=LIMIT_S)
        assert next(call) == b"a"
        if by == "client":
            assert call.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            next(call)
    error = runtime.rpc_error(caught.value)
    assert error.code().name == "CANCELLED"
    assert error.cancelled() is caught.value.cancelled() is call.cancelled() is cancelled
    assert str(error).startswith("<_MultiThreadedRendezvous of RPC")


def test_the_error_of_a_stream_of_grpcio_s_knows_it_too():
    with served(Breaks()) as target, grpc.insecure_channel(target) as channel:
        call = ForeignChannel(channel, aio=False).unary_stream("/client/a")(b"a", timeout=LIMIT_S)
        assert next(call) == b"a"
        call.cancel()
        with pytest.raises(CallError) as caught:
            next(call)
    assert caught.value.cancelled() and runtime.rpc_error(caught.value).cancelled()


@SYNC
def test_a_failed_future_has_a_traceback(insecure):
    with insecure("127.0.0.1:1") as channel:
        future = channel.unary_unary("/now/unary_unary").future(b"")
        assert future.exception(LIMIT_S).code() is grpc.StatusCode.UNAVAILABLE
        assert future.traceback(LIMIT_S) is not None


class Ends(grpc.GenericRpcHandler):
    """Ends calls with one status, and says another one in the details."""

    def __init__(self, inner):
        self.inner = inner

    def service(self, details):
        def fail(request, context):
            context.set_trailing_metadata((("grpc-status-details-bin", self.inner.SerializeToString()),))
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")

        return grpc.unary_unary_rpc_method_handler(fail)


@SYNC
def test_an_error_has_the_status_that_was_sent(insecure):
    inner = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message="something else")
    with served(Ends(inner)) as target, insecure(target) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/a/b")(b"")
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, "no such thing")
        with pytest.raises(ValueError, match="Code"):
            rpc_status.from_call(caught.value)


@SYNC
def test_responses_may_be_deflated(insecure):
    with served(compression=grpc.Compression.Deflate) as target, insecure(target) as channel:
        request = b"same" * 10_000
        assert channel.unary_unary("/now/unary_unary")(request) == request


@SYNC
def test_a_response_that_is_too_large_is_refused_deflated_or_not(insecure):
    options = (("grpc.max_receive_message_length", 1000),)
    with served(compression=grpc.Compression.Deflate) as target, insecure(target, options=options) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/now/unary_unary")(b"same" * 10_000)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@SYNC
def test_a_call_that_waits_for_its_server_says_how_it_goes(insecure):
    seen: list[str] = []
    failed = threading.Event()

    def note(state):
        seen.append(state.name)
        if state.name == "TRANSIENT_FAILURE":
            failed.set()

    with insecure("127.0.0.1:1") as channel:
        channel.subscribe(note)
        call = channel.unary_unary("/now/unary_unary").future(b"", wait_for_ready=True, timeout=LIMIT_S)
        assert failed.wait(LIMIT_S), seen
        call.cancel()


@AIO
def test_a_closed_channel_has_no_changes_to_wait_for(insecure):
    async def main():
        channel = insecure("127.0.0.1:1")
        await channel.close()
        with pytest.raises(grpc.aio.UsageError):
            await channel.wait_for_state_change(grpc.ChannelConnectivity.SHUTDOWN)

    run(main)


@pytest.mark.parametrize("server_class", [grpc.server, runtime.Server], ids=["grpcio", "runtime"])
def test_the_stages_of_a_server(server_class):
    handlers = Handlers()
    server = server_class(futures.ThreadPoolExecutor(4))
    stage = grpc._server._ServerStage
    assert runtime.server_stage(server) is stage.STOPPED
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert runtime.server_stage(server) is stage.STARTED
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_stream("/wait/unary_stream")(b"a")
        call_ends = threading.Timer(0.5, handlers.gate.set)
        call_ends.start()
        deadline = time.monotonic() + LIMIT_S
        while not server_has_a_call(call) and time.monotonic() < deadline:
            time.sleep(0.01)
        ended = server.stop(LIMIT_S)
        assert runtime.server_stage(server) is (stage.STOPPED if ended.is_set() else stage.GRACE)
        assert ended.wait(LIMIT_S)
    assert runtime.server_stage(server) is stage.STOPPED
    call_ends.join()


def server_has_a_call(call):
    return call.is_active()


@pytest.mark.parametrize("server_class", [grpc.server, runtime.Server], ids=["grpcio", "runtime"])
def test_a_server_ends_when_it_is_told_that_nobody_has_it(server_class):
    server = server_class(futures.ThreadPoolExecutor(4))
    server.add_insecure_port("127.0.0.1:0")
    server.start()
    server.__del__()
    assert not server.wait_for_termination(timeout=LIMIT_S)


def test_first_calls_of_many_threads_share_an_event_loop():
    background._made_loop.cache_clear()
    together = threading.Barrier(16)
    found = []

    def first():
        together.wait(LIMIT_S)
        found.append(background._loop())

    threads = [threading.Thread(target=first) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert len(found) == 16 and len(set(found)) == 1


def test_metadata_of_both_libraries_are_equal():
    pairs = (("a", "1"), ("b", "2"), ("a", "3"))
    assert grpc.aio.Metadata(*pairs) == runtime.Metadata(*pairs)
    assert runtime.Metadata(*pairs) == grpc.aio.Metadata(*pairs)
    assert runtime.Metadata(*pairs) != grpc.aio.Metadata(*pairs[:2])


def test_a_code_is_a_member_of_the_enumeration_that_is_asked_for():
    async def later():
        return runtime.StatusCode.CANCELLED

    assert runtime.code_in(grpc.StatusCode, runtime.StatusCode.CANCELLED) is grpc.StatusCode.CANCELLED
    assert asyncio.run(runtime.code_in(grpc.StatusCode, later())) is grpc.StatusCode.CANCELLED
    assert runtime.code_in(grpc.StatusCode, grpc.StatusCode.OK) is grpc.StatusCode.OK


def test_a_method_without_a_slash_is_told_of(caplog):
    with served() as target, runtime.insecure_channel(target) as channel:
        assert channel.unary_unary("unary_unary")(b"a") == b"a"
    assert "as /unary_unary here" in caplog.text
