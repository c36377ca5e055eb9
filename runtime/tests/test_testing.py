"""The helpers for tests: servers, contexts, RPCs by descriptors, pytest's fixtures."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from serving import FLAVOURS, Loop

import grpc2connect_runtime as runtime
from grpc2connect_runtime import testing

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


def servicers(gen):
    """A sync and an aio servicer of the same behaviour."""
    pb2 = gen.pb2

    class Sync(gen.connect.EchoSync):
        def say(self, request, context):
            if request.text == "abort":
                context.abort(runtime.StatusCode.NOT_FOUND, "gone")
            if request.text == "raise":
                raise ConnectError(Code.ALREADY_EXISTS, "there")
            context.send_initial_metadata((("first", "1"),))
            context.set_trailing_metadata((("last", dict(context.invocation_metadata()).get("user", "nobody")),))
            return pb2.Answer(text=request.text)

        def repeat(self, request, context):
            for number in range(request.count):
                yield pb2.Answer(text=str(number))

        def join(self, requests, context):
            return pb2.Answer(text=",".join(request.text for request in requests))

        def chat(self, requests, context):
            for request in requests:
                yield pb2.Answer(text=request.text)

    class Aio(gen.connect.Echo):
        async def say(self, request, context):
            if request.text == "abort":
                await context.abort(runtime.StatusCode.NOT_FOUND, "gone")
            if request.text == "raise":
                raise ConnectError(Code.ALREADY_EXISTS, "there")
            await context.send_initial_metadata((("first", "1"),))
            context.set_trailing_metadata((("last", dict(context.invocation_metadata()).get("user", "nobody")),))
            return pb2.Answer(text=request.text)

        async def repeat(self, request, context):
            for number in range(request.count):
                yield pb2.Answer(text=str(number))

        async def join(self, requests, context):
            return pb2.Answer(text=",".join([request.text async for request in requests]))

        async def chat(self, requests, context):
            async for request in requests:
                yield pb2.Answer(text=request.text)

    return {"sync": Sync(), "aio": Aio()}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_serving(gen, flavour):
    with testing.serving(gen.connect.EchoASGIApplication, servicers(gen)[flavour]) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        assert client.say(gen.pb2.Ask(text="x")).text == "x"
        assert [answer.text for answer in client.repeat(gen.pb2.Ask(count=2))] == ["0", "1"]
        with pytest.raises(ConnectError):
            client.say(gen.pb2.Ask(text="abort"))
    with pytest.raises(ValueError, match="closed channel"):
        client.say(gen.pb2.Ask(text="x"))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_aio_serving(gen, flavour):
    async def ask():
        async with testing.aio_serving(gen.connect.EchoASGIApplication, servicers(gen)[flavour]) as channel:
            client = channel.client(gen.connect.EchoClient)
            assert (await client.say(gen.pb2.Ask(text="x"))).text == "x"
            return [answer.text async for answer in client.repeat(gen.pb2.Ask(count=2))]

    with Loop() as loop:
        assert loop.run(ask()) == ["0", "1"]


def test_a_server_of_ones_own(gen):
    server = runtime.Server(maximum_concurrent_rpcs=5)
    server.add_service(gen.connect.EchoASGIApplication, servicers(gen)["sync"])
    with testing.running(server) as channel:
        assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text == "x"


def test_a_context_for_sync_handlers(gen):
    servicer = servicers(gen)["sync"]
    context = testing.FakeServicerContext(
        [("user", "ada"), ("token-bin", b"\x00\xff")], timeout=60, auth_context={"x509_common_name": [b"ada"]}
    )
    assert context.sent_initial_metadata is None
    assert servicer.say(gen.pb2.Ask(text="x"), context).text == "x"
    assert context.sent_initial_metadata == (("first", "1"),)
    assert context.trailing_metadata() == (("last", "ada"),)
    assert ("token-bin", b"\x00\xff") in context.invocation_metadata()
    assert 50 < context.time_remaining() <= 60
    assert context.peer() == "ipv4:127.0.0.1:50000"
    assert (context.peer_identity_key(), context.peer_identities()) == ("x509_common_name", [b"ada"])
    assert context.code() is None and not context.aborted
    with pytest.raises(testing.Aborted) as caught:
        servicer.say(gen.pb2.Ask(text="abort"), context)
    assert (caught.value.code, caught.value.details) == (runtime.StatusCode.NOT_FOUND, "gone")
    assert context.aborted
    assert (context.code(), context.details()) == (runtime.StatusCode.NOT_FOUND, b"gone")


def test_a_context_for_async_handlers(gen):
    servicer = servicers(gen)["aio"]
    context = testing.FakeAioServicerContext([("user", "ada")], requests=[1, 2])

    async def handle():
        assert (await servicer.say(gen.pb2.Ask(text="x"), context)).text == "x"
        assert [await context.read() for _ in range(3)] == [1, 2, runtime.EOF]
        await context.write(3)
        with pytest.raises(runtime.AbortError):
            await servicer.say(gen.pb2.Ask(text="abort"), context)
        with pytest.raises(runtime.AbortError):
            await context.write(4)

    with Loop() as loop:
        loop.run(handle())
    assert context.written == [3]
    assert context.trailing_metadata() == (("last", "ada"),)
    assert context.aborted and context.code() == runtime.StatusCode.NOT_FOUND and context.details() == "gone"
    assert context.time_remaining() is None


@pytest.mark.parametrize("make", [testing.FakeServicerContext, testing.FakeAioServicerContext])
def test_a_context_ends(make):
    context, ended = make(), []
    assert context.add_callback(lambda: ended.append("callback"))
    if isinstance(context, runtime.AioServicerContext):
        context.add_done_callback(lambda given: ended.append(given is context))
    assert context.is_active()
    context.end()
    assert not context.is_active()
    assert ended[0] == "callback" and all(ended)
    assert not context.add_callback(print)
    context = make()
    context.cancel()
    assert not context.is_active()


def play(gen, server):
    """What a test sees of RPCs that it plays the client of."""
    methods = gen.pb2.DESCRIPTOR.services_by_name["Echo"].methods_by_name
    seen = []

    def ended(rpc):
        *response, trailing, code, details = rpc.termination()
        texts = [None if one is None else one.text for one in response]
        seen.append((texts, dict(trailing or ()).get("last"), code, details))

    for text in ("x", "abort"):
        rpc = server.invoke_unary_unary(methods["Say"], (("user", "ada"),), gen.pb2.Ask(text=text), TIMEOUT_S)
        if text == "x":
            seen.append(dict(rpc.initial_metadata())["first"])
        ended(rpc)
    rpc = server.invoke_unary_stream(methods["Repeat"], (), gen.pb2.Ask(count=3), None)
    seen.append([rpc.take_response().text for _ in range(3)])
    ended(rpc)
    rpc = server.invoke_stream_unary(methods["Join"], (), None)
    for text in ("a", "b"):
        rpc.send_request(gen.pb2.Ask(text=text))
    rpc.requests_closed()
    ended(rpc)
    rpc = server.invoke_stream_stream(methods["Chat"], (), None)
    for text in ("a", "b"):
        rpc.send_request(gen.pb2.Ask(text=text))
        seen.append(rpc.take_response().text)
    rpc.requests_closed()
    ended(rpc)
    return seen


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_rpcs_by_descriptors(gen, flavour):
    service = gen.pb2.DESCRIPTOR.services_by_name["Echo"]
    server = testing.server_from_dictionary({service: servicers(gen)[flavour]})
    assert play(gen, server) == [
        "1",
        (["x"], "ada", grpc.StatusCode.OK, ""),
        ([None], None, grpc.StatusCode.NOT_FOUND, "gone"),
        ["0", "1", "2"],
        ([], None, grpc.StatusCode.OK, ""),
        (["a,b"], None, grpc.StatusCode.OK, ""),
        "a",
        "b",
        ([], None, grpc.StatusCode.OK, ""),
    ]
    rpc = server.invoke_unary_unary(service.methods_by_name["Say"], (), gen.pb2.Ask(text="raise"), TIMEOUT_S)
    assert rpc.termination()[2:] == (grpc.StatusCode.ALREADY_EXISTS, "there")
    rpc = server.invoke_unary_stream(service.methods_by_name["Repeat"], (), gen.pb2.Ask(), TIMEOUT_S)
    with pytest.raises(ValueError, match="No more responses!"):
        rpc.take_response()
    rpc = server.invoke_stream_unary(service.methods_by_name["Join"], (), None)
    rpc.cancel()
    assert rpc.termination()[2] == grpc.StatusCode.CANCELLED
    server.close()


def test_a_handler_goes_on_while_what_it_sent_is_not_taken(gen):
    """As in grpc_testing, where a handler waits for nobody; more is sent than any window holds."""
    through = threading.Event()

    class Servicer(gen.connect.EchoSync):
        def repeat(self, request, context):
            for number in range(request.count):
                yield gen.pb2.Answer(text=str(number), data=bytes(1 << 20))
            through.set()

    service = gen.pb2.DESCRIPTOR.services_by_name["Echo"]
    server = testing.server_from_dictionary({service: Servicer()})
    rpc = server.invoke_unary_stream(service.methods_by_name["Repeat"], (), gen.pb2.Ask(count=8), TIMEOUT_S)
    assert through.wait(TIMEOUT_S)
    assert [rpc.take_response().text for _ in range(8)] == [str(number) for number in range(8)]
    assert rpc.termination()[1] == runtime.StatusCode.OK
    server.close()


def test_a_response_that_its_handler_changes_and_sends_again(gen):
    class Servicer(gen.connect.EchoSync):
        def repeat(self, request, context):
            answer = gen.pb2.Answer()
            for number in range(request.count):
                answer.text = str(number)
                yield answer

    service = gen.pb2.DESCRIPTOR.services_by_name["Echo"]
    server = testing.server_from_dictionary({service: Servicer()}, testing.strict_real_time())
    rpc = server.invoke_unary_stream(service.methods_by_name["Repeat"], (), gen.pb2.Ask(count=5), None)
    assert [rpc.take_response().text for _ in range(5)] == ["0", "1", "2", "3", "4"]
    rpc.termination()
    server.close()


def test_what_grpc_testing_has_besides(gen):
    """The codes are those asked for; a response of another kind than declared is the one that the handler made."""
    pb2, service = gen.pb2, gen.pb2.DESCRIPTOR.services_by_name["Echo"]

    class Servicer:
        def Say(self, request, context):
            return pb2.Ask(text=request.text, count=2) if request.count else pb2.Answer(text=request.text)

        Repeat = Join = Chat = Say

    server = testing.server_from_dictionary({service: Servicer()}, testing.strict_real_time(), codes=grpc.StatusCode)
    say = service.methods_by_name["Say"]
    response, _, code, _ = server.invoke_unary_unary(say, {}, pb2.Ask(text="x", count=1), TIMEOUT_S).termination()
    assert (response, code) == (pb2.Ask(text="x", count=2), grpc.StatusCode.OK)
    assert type(code) is grpc.StatusCode
    response, *_ = server.invoke_unary_unary(say, {}, pb2.Ask(text="x"), TIMEOUT_S).termination()
    assert response == pb2.Answer(text="x")
    server.close()


def played(gen, channel, call, take, play):
    """What a client sees of an RPC whose server the test plays, and what that has taken."""
    methods = gen.pb2.DESCRIPTOR.services_by_name["Echo"].methods_by_name
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(call)
        metadata, *request, rpc = take(methods)
        play(rpc)
        try:
            return dict(metadata).get("user"), request, future.result(TIMEOUT_S)
        except grpc.RpcError as error:
            return dict(metadata).get("user"), request, (error.code(), error.details())


def test_a_channel_whose_server_the_test_plays(gen):
    pb2, ok = gen.pb2, grpc.StatusCode.OK
    channel = testing.channel(pb2.DESCRIPTOR.services_by_name.values(), testing.strict_real_time())
    stub, client = gen.pb2_grpc.EchoStub(channel), channel.client(gen.connect.EchoClientSync)
    answer = pb2.Answer(text="x")

    def say():
        response, call = stub.Say.with_call(pb2.Ask(text="a"), metadata=(("user", "ada"),), timeout=TIMEOUT_S)
        return response.text, dict(call.initial_metadata())["first"], dict(call.trailing_metadata())["last"]

    def answers(rpc):
        rpc.send_initial_metadata((("first", "1"),))
        rpc.terminate(answer, (("last", "2"),), ok, "")

    seen = played(gen, channel, say, lambda methods: channel.take_unary_unary(methods["Say"]), answers)
    assert seen == ("ada", [pb2.Ask(text="a")], ("x", "1", "2"))

    seen = played(
        gen, channel, lambda: client.say(pb2.Ask()).text, lambda methods: channel.take_unary_unary(methods["Say"]),
        lambda rpc: rpc.terminate(answer, (), runtime.StatusCode.OK, ""),
    )  # fmt: skip
    assert seen == (None, [pb2.Ask()], "x")

    seen = played(
        gen, channel, lambda: stub.Say(pb2.Ask()), lambda methods: channel.take_unary_unary(methods["Say"]),
        lambda rpc: rpc.terminate(None, (), grpc.StatusCode.NOT_FOUND, "gone"),
    )  # fmt: skip
    assert seen[2] == (grpc.StatusCode.NOT_FOUND, "gone")

    def sends(rpc):
        rpc.send_response(answer)
        rpc.send_response(answer)
        rpc.terminate((), ok, "")

    seen = played(
        gen, channel, lambda: [one.text for one in client.repeat(pb2.Ask(count=2))],
        lambda methods: channel.take_unary_stream(methods["Repeat"]), sends,
    )  # fmt: skip
    assert seen == (None, [pb2.Ask(count=2)], ["x", "x"])

    def joins(rpc):
        assert [rpc.take_request().text for _ in range(2)] == ["a", "b"]
        rpc.requests_closed()
        with pytest.raises(ValueError, match="no more requests"):
            rpc.take_request()
        rpc.terminate(answer, (), ok, "")

    seen = played(
        gen, channel, lambda: client.join(iter([pb2.Ask(text="a"), pb2.Ask(text="b")])).text,
        lambda methods: channel.take_stream_unary(methods["Join"]), joins,
    )  # fmt: skip
    assert seen == (None, [], "x")

    def chats(rpc):
        rpc.take_request()
        rpc.send_response(answer)
        rpc.terminate((), ok, "")

    seen = played(
        gen, channel, lambda: [one.text for one in client.chat(iter([pb2.Ask(text="a")]))],
        lambda methods: channel.take_stream_stream(methods["Chat"]), chats,
    )  # fmt: skip
    assert seen == (None, [], ["x"])

    call = stub.Say.future(pb2.Ask())
    *_, rpc = channel.take_unary_unary(pb2.DESCRIPTOR.services_by_name["Echo"].methods_by_name["Say"])
    call.cancel()
    rpc.cancelled()
    channel.close()


def test_real_time():
    """It goes by itself, and calls back."""
    time, called = testing.strict_real_time(), threading.Event()
    begin = time.time()
    time.call_in(called.set, 0)
    assert called.wait(TIMEOUT_S)
    called.clear()
    time.call_at(called.set, begin)
    assert called.wait(TIMEOUT_S)
    time.sleep_for(0)
    time.sleep_until(begin)
    assert time.time() >= begin
    never = time.call_in(called.clear, 1000)
    never.cancel()
    never.join(TIMEOUT_S)
    assert called.is_set()


def test_handlers_under_grpcs_names_and_those_that_are_missing(gen):
    class Servicer:
        def Say(self, request, context):
            return gen.pb2.Answer(text="Say")

    service = gen.pb2.DESCRIPTOR.services_by_name["Other"]
    with pytest.raises(AttributeError, match="Servicer has no handler for Ping"):
        testing.server_from_dictionary({service: Servicer()})


PLUGIN_TEST = """
    import pytest
    from connectrpc.errors import ConnectError
    from echopkg import echo_connect, echo_pb2, echo_pb2_grpc

    pytest_plugins = ["grpc2connect_runtime.testing.pytest_plugin"]
    grpc_max_workers = 3

    class Servicer(echo_connect.EchoSync):
        def say(self, request, context):
            return echo_pb2.Answer(text=request.text)

        Say = say

    @pytest.fixture(scope="module")
    def grpc_servicer():
        return Servicer()

    def test_the_channel(grpc_channel, grpc_addr, grpc_server, grpc_create_channel):
        stub = echo_pb2_grpc.EchoStub(grpc_channel)
        assert stub.Say(echo_pb2.Ask(text="x"), timeout=10).text == "x"
        with grpc_create_channel() as other:
            assert other.client(echo_connect.EchoClientSync).say(echo_pb2.Ask(text="y")).text == "y"
        assert grpc_addr.startswith("127.0.0.1:")
"""
MOVED = """
    @pytest.fixture(scope="module")
    def grpc_application():
        return echo_connect.EchoASGIApplication

    @pytest.fixture(scope="module")
    def grpc_stub_cls():
        return echo_connect.EchoClientSync

    def test_the_stub(grpc_stub):
        assert grpc_stub.say(echo_pb2.Ask(text="x")).text == "x"
"""
UNMOVED = """
    @pytest.fixture(scope="module")
    def grpc_add_to_server():
        class Added(Servicer):
            repeat = Repeat = join = Join = chat = Chat = lambda self, request, context: None

        return lambda servicer, server: echo_pb2_grpc.add_EchoServicer_to_server(Added(), server)

    @pytest.fixture(scope="module")
    def grpc_stub_cls(grpc_channel):
        return echo_pb2_grpc.EchoStub

    def test_the_stub(grpc_stub):
        assert grpc_stub.Say(echo_pb2.Ask(text="x"), timeout=10).text == "x"
"""


def test_the_fixtures_of_pytest_grpc(gen, tmp_path):
    for name, more in {"moved": MOVED, "unmoved": UNMOVED}.items():
        (tmp_path / f"test_{name}.py").write_text(textwrap.dedent(PLUGIN_TEST) + textwrap.dedent(more))
    paths = [str(Path(gen.pb2.__file__).parents[1]), str(Path(runtime.__file__).parents[1])]
    program = f"import sys; sys.path[:0] = {paths!r}; import pytest; sys.exit(pytest.main())"
    command = [sys.executable, "-c", program.replace("main()", "main(['-q', '-p', 'no:cacheprovider', '--rootdir=.'])")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
