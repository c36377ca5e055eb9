"""Contexts that a program makes itself: what has to be defined, what is not there, and a wrapper behind a server."""

from __future__ import annotations

from typing import TypeVar, get_args

import grpc
import pytest

import grpc2connect_runtime as runtime
from grpc2connect_runtime import testing

TIMEOUT_S = 10
KINDS = [
    (runtime.CustomServicerContext, grpc.ServicerContext, runtime.ServicerContext),
    (runtime.CustomAioServicerContext, grpc.aio.ServicerContext, runtime.AioServicerContext),
]


def whole(base, *others, **more):
    """A class with all methods that it has to have."""
    methods = {name: lambda self, *args, **kwargs: "own" for name in base.__abstractmethods__}
    return type("Own", (base, *others), {**methods, **more})


def public(cls):
    """The names that a class has for others."""
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.mark.parametrize(("custom", "original", "real"), KINDS)
def test_what_has_to_be_defined_is_what_had_to_be(custom, original, real):
    assert custom.__abstractmethods__ == original.__abstractmethods__
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (custom,), {})()
    context = whole(custom)()
    assert isinstance(context, real)
    assert context.peer() == "own"
    for name in public(original) - original.__abstractmethods__:
        arguments = [None] if name in ("add_done_callback", "set_compression") else []
        with pytest.raises(NotImplementedError):
            getattr(context, name)(*arguments)


@pytest.mark.parametrize(("custom", "original", "real"), KINDS)
def test_nothing_of_an_rpc_is_there(custom, original, real):
    context = whole(custom)()
    for name in public(custom) - public(original):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(context, name)
        setattr(context, name, "set")
        assert getattr(context, name) == "set"
    delegating = whole(custom, __getattr__=lambda self, name: f"other's {name}")()
    assert delegating.request_headers == "other's request_headers"
    assert custom[int, str] is not None


@pytest.mark.parametrize(("custom", "original", "real"), KINDS)
def test_any_constructor(custom, original, real):
    class Named:
        def __init__(self, name):
            self.name = name

    assert whole(custom, Named)("ada").name == "ada"
    assert whole(custom, __init__=lambda self, inner: setattr(self, "inner", inner))(1).inner == 1


class Wrapper(runtime.CustomServicerContext):
    """A context that passes everything on, and keeps what the handler has set."""

    def __init__(self, inner):
        super().__init__()
        self._inner = inner
        self.seen = []

    def abort(self, code, details):
        self.seen.append(code)
        return self._inner.abort(code, details)

    def invocation_metadata(self):
        return (*self._inner.invocation_metadata(), ("added", "1"))


for _name in Wrapper.__abstractmethods__:
    setattr(Wrapper, _name, lambda self, *args, _name=_name: getattr(self._inner, _name)(*args))
Wrapper.__abstractmethods__ = frozenset()


@pytest.mark.usefixtures("each_wire")
def test_a_wrapper_in_an_interceptor(gen):
    made = []

    class Wrapping(runtime.ServerInterceptor):
        def intercept_service(self, continuation, details):
            handler = continuation(details)

            def behaviour(request, context):
                made.append(Wrapper(context))
                return handler.unary_unary(request, made[-1])

            return runtime.unary_unary_rpc_method_handler(
                behaviour, handler.request_deserializer, handler.response_serializer
            )

    class Servicer(gen.connect.EchoSync):
        def say(self, request, context):
            assert isinstance(context, runtime.ServicerContext)
            if request.text == "abort":
                context.abort(runtime.StatusCode.NOT_FOUND, "gone")
            context.set_trailing_metadata((("last", "1"),))
            return gen.pb2.Answer(text=dict(context.invocation_metadata())["added"])

    with testing.serving(gen.connect.EchoASGIApplication, Servicer(), interceptors=[Wrapping()]) as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        answer, call = stub.Say.with_call(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S)
        assert answer.text == "1"
        assert ("last", "1") in call.trailing_metadata()
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(gen.pb2.Ask(text="abort"), timeout=TIMEOUT_S)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, "gone")
    assert [context.seen for context in made] == [[], [runtime.StatusCode.NOT_FOUND]]


@pytest.mark.usefixtures("each_wire")
def test_an_interceptor_that_hands_on_a_list_of_requests(gen):
    class Listing(runtime.ServerInterceptor):
        def intercept_service(self, continuation, details):
            handler = continuation(details)

            def behaviour(requests, context):
                for request in requests:
                    yield from handler.stream_stream([request], Wrapper(context))

            return runtime.stream_stream_rpc_method_handler(
                behaviour, handler.request_deserializer, handler.response_serializer
            )

    class Servicer(gen.connect.EchoSync):
        def chat(self, requests, context):
            for request in requests:
                yield gen.pb2.Answer(text=request.text)

    with testing.serving(gen.connect.EchoASGIApplication, Servicer(), interceptors=[Listing()]) as channel:
        asked = iter([gen.pb2.Ask(text="a"), gen.pb2.Ask(text="b")])
        assert [answer.text for answer in channel.client(gen.connect.EchoClientSync).chat(asked)] == ["a", "b"]


@pytest.mark.parametrize("context", [runtime.AioServicerContext, runtime.CustomAioServicerContext])
def test_a_context_names_the_types_of_its_messages(context):
    request, response = TypeVar("request"), TypeVar("response")
    assert get_args(context[int, str]) == (int, str)
    assert get_args(dict[request, context[request, response]][int, str])[1] == context[int, str]
