"""Clients where code, mostly of tests, asks for RPCs by gRPC's names, or puts something else in a stub's place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from connectrpc.method import MethodInfo, StreamType

from .multicallables import stream_stream, stream_unary, unary_stream, unary_unary
from .stream_kinds import METHOD_NAMES
from .stub_classes import CLIENTS, StubClass, is_client_class, of_colour, stub_class
from .unmoved import aio_module, grpc_module

__all__ = ["by_rpc_names", "stub_in", "stub_method", "stub_on"]

_KINDS: dict[StreamType, Callable[[Any], Any]] = {
    StreamType.UNARY: unary_unary,
    StreamType.SERVER_STREAM: unary_stream,
    StreamType.CLIENT_STREAM: stream_unary,
    StreamType.BIDI_STREAM: stream_stream,
}


def stub_method(stub: Any, name: str, native: str, kind: Callable[[Any], Any]) -> Any:
    """Return a method with gRPC's call signature: of a Connect client, or of whatever stands in for a stub.

    A proxy of a client, which asks it for what it is asked for itself, is one too.

    Args:
        stub: a Connect client, or an object with a method of the RPC's name: a fake, a mock, a servicer in process.
        name: the name of the RPC, which a stand-in has; a client too, where it was assigned: `client.SayHello = fake`.
        native: the name of the client's method.
        kind: `unary_unary`, `unary_stream`, `stream_unary` or `stream_stream`.

    Native form: `client.say_hello(...)`. Go there once the stand-ins have the client's methods and signature.

    Source: generated stubs (grpcio-tools 1.85), generated clients (protoc-gen-connectrpc 0.13).
    """
    if is_client(stub):
        assigned = vars(stub).get(name)
        return kind(getattr(stub, native)) if assigned is None else assigned
    try:
        return getattr(stub, name)
    except AttributeError:
        # A proxy that passes on what it is asked for has what its client has.
        method = getattr(stub, native, None)
        if not is_client(getattr(method, "__self__", None)):
            raise
    return kind(method)


def stub_on(client_class: Callable[..., Any], *arguments: Any, **names: Any) -> Any:
    """Return a client on a channel, where either may be a test's own.

    Args:
        client_class: a generated client, or what `stub_class` makes of two; or what a test has instead, which is called
            with the channel.
        arguments: a channel of this package, or one of grpcio, as for `client_on`; or what a test has instead, whose
            `unary_unary` and so on are called as by a gRPC stub.
        names: `channel`, where it is given by its name.

    Returns:
        A client that has the names of its RPCs as well, as of `by_rpc_names`; or what was made of a test's own class.

    Native form: `channel.client(client_class)`.

    Source: generated stubs (grpcio-tools 1.85).
    """
    chosen: Any = client_class
    if not is_client_class(chosen) and not isinstance(chosen, StubClass):
        return client_class(*arguments, **names)
    channel = arguments[0] if arguments else names["channel"]
    if isinstance(chosen, StubClass):
        from .foreign_channels import is_aio_channel

        chosen = of_colour(chosen, aio=is_aio_channel(channel))
    if hasattr(type(channel), "client"):
        return by_rpc_names(channel.client(chosen))
    if is_grpcio_s(channel):
        from .foreign_channels import client_on

        return by_rpc_names(client_on(channel, chosen))
    made = chosen.__new__(chosen)
    for method, _ in _rpcs(chosen):
        make = getattr(channel, METHOD_NAMES[method.stream_type])
        vars(made)[method.name] = make(
            f"/{method.service_name}/{method.name}",
            request_serializer=getattr(method.input, "SerializeToString", None) or method.input.to_binary,
            response_deserializer=getattr(method.output, "FromString", None) or method.output.from_binary,
        )
    return made


def is_grpcio_s(channel: Any) -> bool:
    """Whether a channel is one of grpcio, and no mock that says so."""
    theirs = (getattr(module, "Channel", None) for module in (grpc_module(), aio_module()))
    return any(kind is not None and issubclass(type(channel), kind) for kind in theirs)


def stub_in(module: Any, name: str, *natives: str) -> Any:
    """Return the class of a client, where a test may have replaced the generated module that has it.

    Args:
        module: the generated `*_connect` module; or what a test has instead, which is asked for the class of the stub.
        name: the name of the stub's class.
        natives: the names of the generated client, or of the sync and the async one where either may be meant.

    Returns:
        What `stub_on` takes.

    Native form: the client's class, and a test that replaces that one.

    Source: generated modules (grpcio-tools 1.85, protoc-gen-connectrpc 0.13).
    """
    # By its type: a mock with a module for its `spec` says that it is one.
    if not issubclass(type(module), ModuleType) or not hasattr(module, natives[0]):
        return getattr(module, name)
    found = [getattr(module, native) for native in natives]
    return found[0] if len(found) == 1 else stub_class(*found)


def by_rpc_names(stub: Any) -> Any:
    """Give a Connect client attributes with the names of its RPCs, as a gRPC stub has them, and return it.

    Args:
        stub: a Connect client, or what stands in for a stub, which is returned as it is.

    Returns:
        The client. Its new attributes have gRPC's call signature, and can be asked for, replaced and deleted.

    Native form: `client.say_hello`, where the method is known.

    Source: generated stubs (grpcio-tools 1.85).
    """
    cls: Any = type(stub)
    if is_client(stub) and not all(method.name in vars(stub) for method, _ in _rpcs(cls)):
        for name, method in rpc_methods(stub).items():
            vars(stub).setdefault(name, method)
    return stub


def is_client(value: Any) -> bool:
    """Whether an object is a generated client, and nothing that says so."""
    # By its type: a mock with a client for its `spec` says that it is an instance.
    return issubclass(type(value), CLIENTS)


def rpc_methods(client: Any) -> dict[str, Any]:
    """The methods of a client under the names of their RPCs, with gRPC's call signature."""
    cls: Any = type(client)
    rpcs = _rpcs(cls)
    return {method.name: _KINDS[method.stream_type](getattr(client, native)) for method, native in rpcs}


def rpc_names(client_class: Any) -> list[str]:
    """The names of the RPCs that a generated client has methods for."""
    return [method.name for method, _ in _rpcs(client_class)]


def takes_a_channel(value: Any) -> bool:
    """Whether this is a class or a function that is no generated client, and takes a channel, as gRPC's stubs do."""
    return (isinstance(value, type) or inspect.isroutine(value)) and not is_client_class(value)


class _Found(BaseException):
    """Answers which RPC a method of a generated client calls."""


class _Asked:
    """Takes the place of a client, and calls nothing."""

    def _answer(self, *, method: MethodInfo[Any, Any], **arguments: Any) -> Any:
        raise _Found(method)

    execute_unary = execute_client_stream = execute_server_stream = execute_bidi_stream = _answer


@cache
def _rpcs(client_class: Any) -> tuple[tuple[MethodInfo[Any, Any], str], ...]:
    """The RPCs of a generated client, each with the name of its method."""
    names = {
        name: function
        for cls in reversed(client_class.__mro__)
        if cls not in (*CLIENTS, object)
        for name, function in vars(cls).items()
        if callable(function) and not name.startswith("_") and name not in vars(_Asked)
    }
    found = ((_rpc(function), name) for name, function in names.items())
    return tuple((method, name) for method, name in found if method is not None)


def _rpc(function: Callable[..., Any]) -> MethodInfo[Any, Any] | None:
    try:
        begun = function(_Asked(), None)
        if hasattr(begun, "send"):
            begun.send(None)
    except _Found as found:
        method: MethodInfo[Any, Any] = found.args[0]
        return method
    except Exception:
        return None
    return None
