"""Classes that derive from a stub's class: one body, with gRPC's class and with what takes its place."""

from __future__ import annotations

import abc
import asyncio
import contextlib
from types import SimpleNamespace

import grpc
import pytest
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import grpcio_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime import StubOf

pytestmark = pytest.mark.usefixtures("each_wire")
WAYS = ["grpcio", "runtime", "runtime, both", "runtime on grpcio"]
ERRORS = (grpc.RpcError, ConnectError)


def bases(gen, way, *, aio=False):
    """The classes to derive from, and what makes the channel."""
    theirs, ours = (
        (grpc.aio.insecure_channel, runtime.aio_insecure_channel)
        if aio
        else (grpc.insecure_channel, runtime.insecure_channel)
    )
    if way == "grpcio":
        return SimpleNamespace(echo=gen.pb2_grpc.EchoStub, other=gen.pb2_grpc.OtherStub, channel=theirs)
    names = gen.connect
    echo = StubOf[names.EchoClient if aio else names.EchoClientSync]
    other = StubOf[names.OtherClient if aio else names.OtherClientSync]
    if way == "runtime, both":
        echo, other = StubOf[names.EchoClientSync | names.EchoClient], StubOf[names.OtherClientSync | names.OtherClient]
    return SimpleNamespace(echo=echo, other=other, channel=theirs if "on grpcio" in way else ours)


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@contextlib.contextmanager
def served(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        yield f"localhost:{port}"


def test_its_methods_call_rpcs_by_their_names(gen, way):
    made, ask = bases(gen, way), gen.pb2.Ask

    class Client(made.echo):
        def __init__(self, address):
            self.channel = made.channel(address)
            super().__init__(self.channel)

        def say(self, text):  # as the client's own method is called
            return self.Say(ask(text=text), timeout=9, metadata=(("k", "v"),)).text

        def repeat(self, text, count):
            return [answer.text for answer in self.Repeat(ask(text=text, count=count))]

        def close(self):
            self.channel.close()

    with served(gen) as address:
        client = Client(address)
        assert client.say("a") == "a"
        assert client.repeat("b", 2) == ["b0", "b1"]
        assert client.Join(iter([ask(text="a"), ask(text="b")])).text == "a+b"
        assert [answer.text for answer in client.Chat(iter([ask(text="c")]))] == ["C"]
        reply, call = client.Say.with_call(ask(text="d"))
        assert (reply.text, call.code().name) == ("d", "OK")
        assert client.Say.future(ask(text="e")).result(9).text == "e"
        with pytest.raises(ERRORS) as caught:
            client.say("abort")
        assert runtime.rpc_error(caught.value).code().name == "NOT_FOUND"
        assert sorted(vars(client)) == ["Chat", "Join", "Repeat", "Say", "channel"]
        assert not hasattr(client, "join")
        assert [cls.__name__ for cls in Client.__mro__] == ["Client", "EchoStub", "object"]
        client.close()


def test_a_class_of_several_stubs_beside_an_abstract_one(gen, way):
    made = bases(gen, way)

    class Talks(abc.ABC):
        @abc.abstractmethod
        def talk(self): ...

    class Client(Talks, made.echo, made.other):
        def __init__(self, channel):
            made.echo.__init__(self, channel)
            made.other.__init__(self, channel=channel)

        def talk(self):
            return self.Say(gen.pb2.Ask(text="a")).text

    class Quieter(Client):
        def talk(self):
            return super().talk().lower()

    with served(gen) as address, made.channel(address) as channel:
        client = Quieter(channel)
        assert client.talk() == "a"
        assert sorted(vars(client)) == ["Chat", "Join", "Ping", "Repeat", "Say"]
        assert isinstance(client, made.other) and issubclass(Quieter, made.echo)


def test_what_the_class_puts_in_an_rpc_s_place_is_called(gen, way):
    made, ask = bases(gen, way), gen.pb2.Ask

    class Client(made.echo):
        def __init__(self, channel):
            super(made.echo, self).__init__()
            super().__init__(channel)
            plain = self.Say
            self.Say = lambda request, **settings: plain(ask(text=f"{request.text}!"), **settings)

        def Repeat(self, request):
            raise AssertionError("a stub's own attribute comes first")

    class Fake(made.echo):
        def __init__(self):
            pass

        def Say(self, request):
            return request

    with served(gen) as address, made.channel(address) as channel:
        client = Client(channel)
        assert client.Say(ask(text="a"), timeout=9).text == "a!"
        assert [answer.text for answer in client.Repeat(ask(text="b", count=1))] == ["b0"]
        assert Fake().Say("c") == "c" and vars(Fake()) == {}


def test_aio(gen, way):
    made, ask = bases(gen, way, aio=True), gen.pb2.Ask

    class Client(made.echo):
        async def say(self, text):
            return (await self.Say(ask(text=text), timeout=9)).text

        async def repeat(self, text, count):
            return [answer.text async for answer in self.Repeat(ask(text=text, count=count))]

    async def main(address):
        async with made.channel(address) as channel:
            client = Client(channel)
            assert await client.say("a") == "a"
            assert await client.repeat("b", 2) == ["b0", "b1"]
            call = client.Say(ask(text="abort"))
            with pytest.raises(ERRORS):
                await call
            assert (await call.code()).name == "NOT_FOUND"
            chat = client.Chat()
            await chat.write(ask(text="c"))
            assert (await chat.read()).text == "C"
            await chat.done_writing()

    with served(gen) as address:
        asyncio.run(asyncio.wait_for(main(address), 60))


def test_interceptors_see_its_calls(gen, way):
    made, seen = bases(gen, way), []

    class Notes(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            seen.append(details.method)
            return continuation(details, request)

    class Client(made.echo):
        pass

    intercept = grpc.intercept_channel if made.channel is grpc.insecure_channel else runtime.intercept_channel
    with served(gen) as address, made.channel(address) as channel:
        assert Client(intercept(channel, Notes())).Say(gen.pb2.Ask(text="a")).text == "a"
    assert seen == ["/tests.v1.Echo/Say"]


def test_a_channel_that_a_test_brings(gen, way):
    made, asked = bases(gen, way), []

    class Channel:
        def __getattr__(self, kind):
            def make(path, **settings):
                asked.append((kind, path))
                return lambda request: (path, request)

            return make

    class Client(made.echo):
        pass

    assert Client(Channel()).Say("a") == ("/tests.v1.Echo/Say", "a")
    assert sorted(path for _, path in asked) == [f"/tests.v1.Echo/{name}" for name in ("Chat", "Join", "Repeat", "Say")]


def test_it_is_one_class_for_a_client_and_of_clients_only(gen):
    assert StubOf[gen.connect.EchoClientSync] is StubOf[gen.connect.EchoClientSync]
    both = StubOf[gen.connect.EchoClientSync | gen.connect.EchoClient]
    assert both is StubOf[gen.connect.EchoClientSync | gen.connect.EchoClient]
    assert both.__module__ == gen.connect.__name__
    with pytest.raises(TypeError, match="not a generated Connect client"):
        StubOf[gen.pb2_grpc.EchoStub]
