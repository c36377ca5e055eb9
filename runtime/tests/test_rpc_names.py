"""What looks at the names of stubs and servicers finds gRPC's; attributes of a program's own stay."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from test_stand_ins import RPCS, application

import grpc2connect_runtime as runtime
from grpc2connect_runtime import testing

pytestmark = pytest.mark.usefixtures("each_wire")


def public(names):
    return [name for name in names if not name.startswith("_")]


def test_a_client_has_what_a_stub_has(gen):
    stub = gen.pb2_grpc.EchoStub(grpc.insecure_channel("localhost:1"))
    with testing.serving(*application(gen)) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        view = runtime.rpcs_by_name(client)
        assert public(dir(view)) == public(dir(stub)) and list(vars(view)) == list(vars(stub))
        client.label = stub.label = "mine"
        client.Say = fake = mock.Mock()
        assert vars(view)["Say"] is view.Say is fake
        assert public(dir(view)) == public(dir(stub)) and list(vars(view)) == list(vars(stub))
        assert [name for name, _ in inspect.getmembers(view) if name[0] != "_"] == public(dir(stub))
        assert [answer.text for answer in vars(view)["Repeat"](gen.pb2.Ask(count=2))] == ["0", "1"]
        with pytest.raises(AttributeError):
            view.say  # noqa: B018
    assert runtime.rpcs_by_name("other") == "other"


def servicers(gen):
    app, _ = application(gen)

    class Moved(gen.connect.EchoSync):
        helped = 1

        def say(self, request, context):
            return 1

    class Before(gen.pb2_grpc.EchoServicer):
        helped = 1

        def Say(self, request, context):
            return 1

    return app, Moved, Before


def test_a_servicer_answers_to_the_names_of_rpcs(gen):
    app, moved, before = servicers(gen)
    for new, old in ((moved, before), (moved(), before())):
        view = runtime.handlers_by_name(new, app)
        assert public(dir(view)) == public(dir(old))
        assert public(vars(view)) == public(vars(old))
        names = [name for name, _ in inspect.getmembers(view) if name[0] != "_"]
        assert names == [name for name, _ in inspect.getmembers(old) if name[0] != "_"]
        assert view.helped == 1 and view.Say == new.say and callable(view.Repeat)
        assert view.__class__ is new.__class__
        for name in ("say", "nothing"):
            assert not hasattr(view, name)
    asked = runtime.handlers_by_name(servicer := moved(), app)
    asked.Say = "fake"
    assert servicer.say == "fake"
    del asked.Say
    with mock.patch.object(runtime.handlers_by_name(moved, app), "Say", 3), pytest.raises(TypeError):
        servicer.say(None, None)
    with mock.patch.object(runtime.handlers_by_name(moved, app), "Chat", 3):
        assert servicer.chat == 3
    assert servicer.say(None, None) == 1 and servicer.chat != 3


def test_a_fake_is_asked_by_the_names_that_it_has(gen):
    app, _, _ = servicers(gen)

    class Fake:
        Say = 1

    assert runtime.handlers_by_name(Fake(), app).Say == 1


@pytest.mark.parametrize("base", [lambda service: service, runtime.servicer_base])
def test_the_class_of_servicers(gen, base):
    app, _, before = servicers(gen)
    made = runtime.servicer_class(app, gen.connect.Echo, gen.connect.EchoSync)
    assert public(dir(made)) == RPCS == public(dir(gen.pb2_grpc.EchoServicer))
    assert all(inspect.isfunction(getattr(made, name)) for name in RPCS)
    assert made is runtime.servicer_class(app, gen.connect.Echo, gen.connect.EchoSync)
    for service in (gen.connect.Echo, gen.connect.EchoSync):
        cls = type("Servicer", (base(service),), {})
        assert issubclass(cls, made) and isinstance(cls(), made)
        assert isinstance(mock.Mock(spec=cls), made)
    assert not isinstance(before(), made) and not issubclass(int, made) and issubclass(made, made)
    context = mock.Mock()
    with pytest.raises(NotImplementedError, match="Method not implemented!"):
        made().Say(None, context)
    context.set_code.assert_called_once_with(runtime.StatusCode.UNIMPLEMENTED)


def test_an_object_of_the_class_of_servicers_takes_handlers_by_the_names_of_rpcs(gen):
    app, _, _ = servicers(gen)
    servicer = runtime.servicer_class(app, gen.connect.Echo, gen.connect.EchoSync)()
    with mock.patch.object(servicer, "Say", spec=True) as said:
        said.return_value = gen.pb2.Answer(text="replaced")
        with testing.serving(app, servicer) as channel:
            client = channel.client(gen.connect.EchoClientSync)
            assert client.say(gen.pb2.Ask(text="a"), timeout_ms=9000).text == "replaced"
            assert said.call_args[0][0] == gen.pb2.Ask(text="a")
            with pytest.raises(ConnectError) as caught:
                list(client.repeat(gen.pb2.Ask(), timeout_ms=9000))
    assert (caught.value.code, caught.value.message) == (Code.UNIMPLEMENTED, "Method not implemented!")


class Users(grpc.ServerInterceptor):
    """Puts an attribute into contexts, and reads one that the handler has put there."""

    def __init__(self):
        self.seen = []

    def intercept_service(self, continuation, details):
        handler = continuation(details)

        def behaviour(request, context):
            context.user = "root"
            response = handler.unary_unary(request, context)
            self.seen.append(context.answered)
            return response

        return grpc.unary_unary_rpc_method_handler(behaviour, handler.request_deserializer, handler.response_serializer)


def test_attributes_of_contexts_and_servers(gen):
    class Echo(gen.connect.EchoSync):
        def say(self, request, context):
            assert not hasattr(context, "nothing")
            context.answered = f"{request.text} {context.user}"
            return gen.pb2.Answer(text=context.answered)

    users = Users()
    server = runtime.Server(interceptors=[users])
    server.add_service(gen.connect.EchoASGIApplication, Echo())
    server.bound_address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with runtime.insecure_channel(server.bound_address) as channel:
        channel.label = "mine"
        assert channel.label == "mine"
        assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="a"), timeout_ms=9000).text == "a root"
    server.stop(None).wait(9)
    assert users.seen == ["a root"]


def test_a_servicer_that_nothing_has_told_to_be_one_may_have_the_names_of_rpcs(gen):
    app, _ = application(gen)

    class Duck:
        def Say(self, request, context):
            context.set_trailing_metadata((("by", "Say"),))
            return gen.pb2.Answer(text=request.text)

        def repeat(self, request, context):
            yield gen.pb2.Answer(text="1")

        def Join(self, requests, context):
            return gen.pb2.Answer(text=str(len(list(requests))))

        def Chat(self, requests, context):
            yield from (gen.pb2.Answer(text=one.text) for one in requests)

    with testing.serving(app, Duck()) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        assert client.say(gen.pb2.Ask(text="a")).text == "a"
        assert [one.text for one in client.repeat(gen.pb2.Ask())] == ["1"]
        assert [one.text for one in client.chat(iter([gen.pb2.Ask(text="b")]))] == ["b"]
    with pytest.raises((AttributeError, RuntimeError), match="has no attribute 'say'"), testing.serving(app, object()):
        pass


@pytest.mark.parametrize("on_grpcio", [False, True])
def test_a_handler_may_keep_its_name_beside_a_helper_of_the_new_one(gen, on_grpcio):
    class Echo(gen.connect.EchoSync):
        def say(self, text):
            return gen.pb2.Answer(text=text.upper())

        @runtime.named_after_rpc
        def Say(self, request, context):
            return self.say(request.text)

        @runtime.named_after_rpc
        def Repeat(self, request, context):
            raise NotImplementedError

        repeat = None

    class Louder(Echo):
        def Say(self, request, context):
            answer = super().Say(request, context)
            return gen.pb2.Answer(text=answer.text + "!")

        def Repeat(self, request, context):
            yield self.Say(request, context)

    app, _ = application(gen)
    server = grpc.server(ThreadPoolExecutor(2)) if on_grpcio else runtime.Server(ThreadPoolExecutor(2))
    runtime.add_service_to(server, app, Louder())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "A!"
            assert [one.text for one in stub.Repeat(gen.pb2.Ask(text="b"), timeout=10)] == ["B!"]
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="c"), timeout_ms=10_000).text == "C!"
    finally:
        server.stop(None)
    view = runtime.handlers_by_name(Louder(), app)
    assert view.Say(gen.pb2.Ask(text="d"), None).text == "D!"
    assert view.say("d").text == "D"
