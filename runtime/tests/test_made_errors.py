"""Errors that a program makes of gRPC's classes, or derives from them: as grpcio's, side by side."""

from __future__ import annotations

import copy
import pickle
from typing import Any
from unittest import mock

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from grpc import _channel
from servicers import Seen
from serving import FLAVOURS, grpcio_server, runtime_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime.errors import AIO_FORM

METHODS = ("code", "details", "initial_metadata", "trailing_metadata", "debug_error_string", "message")
LIBRARIES = [pytest.param((grpc, grpc.aio), id="grpcio"), pytest.param((runtime, runtime), id="runtime")]


def test_a_code_is_the_status_that_it_means() -> None:
    error = runtime.AioRpcError(Code.NOT_FOUND, None, None, "gone")
    assert error.code() is runtime.StatusCode.NOT_FOUND
    assert str(error) == str(runtime.AioRpcError(runtime.StatusCode.NOT_FOUND, None, None, "gone"))


def told(error: Any) -> list[Any]:
    found: list[Any] = [str(error), [type(one).__name__.strip("_").lower() for one in error.args]]
    for name in METHODS:
        try:
            found.append(str(getattr(error, name)()))
        except Exception as problem:
            found.append((type(problem), str(problem).replace("_Inactive", "Inactive")))
    return found


def inactive(top: Any) -> list[Any]:
    """Errors of grpcio's private class."""
    if top is grpc:
        error, state = _channel._InactiveRpcError, _channel._RPCState
    else:
        error, state = runtime.InactiveRpcError, runtime.RpcState
    told_by_core = state(due=[], initial_metadata=None, trailing_metadata=(("a", "b"),), code=None, details=None)
    told_by_core.debug_error_string = b"core"
    return [
        error(state((), (), None, top.StatusCode.UNAVAILABLE, b"details")),
        error(state((), (), None, top.StatusCode.OK, "fine")),
        error(told_by_core),
        error("a text"),
        error(mock.Mock(code=1)),
    ]


def kinds(library: Any) -> list[Any]:
    """The same classes and errors, made from what grpcio or the runtime has."""
    top, aio = library

    class Fake(top.RpcError):
        def __init__(self, code: Any, details: str) -> None:
            self._code, self._details = code, details

        def code(self) -> Any:
            return self._code

        def details(self) -> str:
            return self._details

    class Both(top.RpcError, top.Call):
        def code(self) -> Any:
            return top.StatusCode.ABORTED

    class Own(Exception):
        def __init__(self, message: str) -> None:
            super().__init__(message)
            self.kept = message

        def details(self) -> str:
            return self.kept

    class Behind(top.RpcError, Own):
        pass

    class Before(Own, top.RpcError):
        pass

    class Failed(RuntimeError, top.RpcError):
        pass

    class Aio(aio.AioRpcError):
        def __init__(self, text: str) -> None:
            super().__init__(top.StatusCode.INTERNAL, (), None, details=text)

        def __str__(self) -> str:
            return f"own: {self.details()}"

    patched = top.RpcError()
    patched.code = lambda: top.StatusCode.NOT_FOUND
    patched.details = lambda: "gone"
    code = top.StatusCode.UNAVAILABLE
    return [
        top.RpcError(),
        top.RpcError("text"),
        top.RpcError(code, "text"),
        patched,
        Fake(code, "fake"),
        Both("x"),
        Behind("behind"),
        Before("before"),
        Failed(1, "failed"),
        aio.AioRpcError(code, None, None),
        aio.AioRpcError(code, (("a", "b"),), (), "details", "debug"),
        aio.AioRpcError(code=top.StatusCode.OK, initial_metadata=1, trailing_metadata=2, debug_error_string="x"),
        aio.AioRpcError("FakeStatus", None, None),
        Aio("aio"),
        *inactive(top),
    ]


def test_made_errors_answer_as_grpcio_s():
    theirs, ours = kinds((grpc, grpc.aio)), kinds((runtime, runtime))
    assert [told(error) for error in ours] == [told(error) for error in theirs]
    assert [runtime.rpc_error(error) is error for error in ours] == [True] * len(ours)
    assert [isinstance(error, grpc.Call) for error in theirs] == [isinstance(error, runtime.Call) for error in ours]
    assert [isinstance(error, grpc.aio.AioRpcError) for error in theirs] == [
        isinstance(error, runtime.AioRpcError) for error in ours
    ]
    for error in ours:
        with pytest.raises(ConnectError):
            raise error
        with pytest.raises(runtime.RpcError):
            raise error


@pytest.mark.parametrize("library", LIBRARIES)
def test_wrong_arguments_are_refused(library):
    with pytest.raises(TypeError):
        library[0].RpcError(text="x")
    with pytest.raises(TypeError):
        library[1].AioRpcError()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_call_that_is_no_error_needs_all_methods(library):
    class Half(library[0].Call):
        def code(self) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        Half()
    with pytest.raises(NotImplementedError):
        type("E", (library[0].RpcError, library[0].Call), {})().code()


def test_copies_and_pickles_are_the_same():
    both = zip(kinds((runtime, runtime))[9:13], kinds((grpc, grpc.aio))[9:13], strict=True)
    for error, theirs in [*both, (runtime.RpcError(1, "x"), grpc.RpcError(1, "x"))]:
        if isinstance(theirs, grpc.aio.AioRpcError) and theirs.code() is None:
            continue
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert type(again) is type(error)
            assert told(again) == told(error) == told(theirs)


def test_failed_calls_are_of_these_classes_too():
    sync, aio = runtime.CallError(Code.NOT_FOUND, "no"), runtime.CallError(Code.NOT_FOUND, "no", form=AIO_FORM)
    assert [isinstance(error, runtime.RpcError) for error in (sync, aio)] == [True, True]
    assert [isinstance(error, runtime.AioRpcError) for error in (sync, aio)] == [False, True]
    for error in (sync, aio, pickle.loads(pickle.dumps(aio)), copy.copy(aio)):
        assert (error.code, error.message, list(error.details)) == (Code.NOT_FOUND, "no", [])
        assert [state.details for state in error.args] == ["no"] * (error is sync)
        view = runtime.rpc_error(error)
        assert (view.code(), view.details()) == (runtime.StatusCode.NOT_FOUND, "no")
    assert not isinstance(ConnectError(Code.NOT_FOUND, "no"), runtime.RpcError)


@pytest.mark.parametrize("library", LIBRARIES)
def test_mocks_with_the_class_as_their_spec(library):
    error = mock.Mock(spec=library[0].RpcError)
    error.code = mock.Mock(return_value=library[0].StatusCode.NOT_FOUND)
    assert isinstance(error, library[0].RpcError)
    assert runtime.rpc_error(error).code() == library[0].StatusCode.NOT_FOUND
    raising = mock.Mock(side_effect=library[0].RpcError)
    with pytest.raises(library[0].RpcError):
        raising()


ERRORS = len(kinds((runtime, runtime)))


def ends(gen: Any, flavour: str, serve: Any, library: Any) -> list[Any]:
    """What a client is told of handlers that raise each of the errors, at once and amid a stream."""
    found: list[Any] = []
    left = iter([error for error in kinds(library) for _ in range(2)])

    def fail() -> None:
        raise next(left)

    with serve(gen, flavour, Seen(), downstream=fail) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        for _ in range(ERRORS):
            for call in (stub.Say, stub.Repeat):
                text = "downstream" if call is stub.Say else "then:downstream"
                with pytest.raises(grpc.RpcError) as caught:
                    answer = call(gen.pb2.Ask(text=text, count=1), timeout=10)
                    assert [message.text for message in answer] == ["0"]
                found.append((caught.value.code(), caught.value.details()))
    return found


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_handler_that_raises_one_ends_as_on_grpcio(gen, flavour):
    theirs = ends(gen, flavour, grpcio_server, (grpc, grpc.aio))
    assert {code for code, _ in theirs} == {grpc.StatusCode.UNKNOWN}
    assert ends(gen, flavour, runtime_server, (runtime, runtime)) == theirs


@pytest.mark.usefixtures("each_wire")
def test_an_error_made_by_an_iterator_of_requests_ends_the_call(gen):
    def requests() -> Any:
        yield gen.pb2.Ask(text="a")
        raise runtime.RpcError("mine")

    with runtime_server(gen, "sync", Seen()) as port, runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(runtime.RpcError) as caught:
            channel.client(gen.connect.EchoClientSync).join(requests())
        view = runtime.rpc_error(caught.value)
        assert (view.code(), view.details()) == (runtime.StatusCode.UNKNOWN, "Exception iterating requests!")
