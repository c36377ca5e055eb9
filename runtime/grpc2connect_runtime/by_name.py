"""What code of moved services asks for by a name that shows only when it runs."""

from __future__ import annotations

import inspect
from functools import cache
from types import SimpleNamespace
from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.method import StreamType

from .multicallables import stream_stream, stream_unary, unary_stream, unary_unary

__all__ = ["generated_names", "stub_attribute"]

_KINDS = {
    StreamType.UNARY: unary_unary,
    StreamType.SERVER_STREAM: unary_stream,
    StreamType.CLIENT_STREAM: stream_unary,
    StreamType.BIDI_STREAM: stream_stream,
}
_CLIENTS = (ConnectClient, ConnectClientSync)


class _Found(Exception):
    """Answers which RPC a method of a client calls."""


def _answer(self: Any, *, method: Any, **_: Any) -> Any:
    raise _Found(method)


@cache
def _rpcs(client_class: type[Any]) -> dict[str, tuple[str, Any]]:
    """The RPCs of a generated client by their names: the client's method, and the RPC's kind."""
    names = ("execute_unary", "execute_client_stream", "execute_server_stream", "execute_bidi_stream")
    probe = type(client_class.__name__, (client_class,), dict.fromkeys(names, _answer))
    asked: Any = object.__new__(probe)
    found: dict[str, tuple[str, Any]] = {}
    own = {name for base in client_class.__mro__ if base not in _CLIENTS and base is not object for name in vars(base)}
    for name in sorted(own):
        if name.startswith("_") or name in names or not inspect.isfunction(getattr(client_class, name)):
            continue
        try:
            result = getattr(asked, name)(None)
            if inspect.iscoroutine(result):
                result.send(None)
        except _Found as answer:
            method = answer.args[0]
            found[method.name] = (name, method.stream_type)
        except Exception:
            continue  # a method of the program's own, in a class that derives from a client
    return found


def stub_attribute(stub: Any, name: str, *default: Any) -> Any:
    """Return `getattr(stub, name)`, where a client that a stub has become has the stub's names.

    Args:
        stub: a Connect client, or any other object.
        name: of an RPC, for which a client gives its method with gRPC's call signature; or of anything else.
        default: as of `getattr`.

    Raises:
        AttributeError: there is no such attribute, and no default.

    Native form: the client's method by its name in code. Go there where the names are few.

    Source: generated stubs (grpcio-tools 1.85), generated clients (protoc-gen-connectrpc 0.13).
    """
    kind_of: Any = type(stub)
    if isinstance(stub, _CLIENTS) and (rpc := _rpcs(kind_of).get(name)) is not None:
        method, kind = rpc
        return _KINDS[kind](getattr(stub, method))
    return getattr(stub, name, *default)


def generated_names(**names: Any) -> SimpleNamespace:
    """Return what stands in for a generated `*_pb2_grpc` module where that goes as a value.

    Args:
        names: for a name of that module what has become of it: of a stub what `stub_class` gives, of a registration the
            generated `XASGIApplication`.

    Its names are called as before: a stub's with a channel, a registration's with a servicer and a server.

    Native form: the `*_connect` module, and its own names where the value is used.

    Source: generated modules (grpcio-tools 1.85).
    """
    return SimpleNamespace(**names)
