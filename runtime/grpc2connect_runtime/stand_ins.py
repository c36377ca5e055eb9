"""Calls of what is a Connect client in production, and in a test some object of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectrpc.client import ConnectClient, ConnectClientSync

__all__ = ["stub_method"]


def stub_method(stub: Any, name: str, native: str, kind: Callable[[Any], Any]) -> Any:
    """Return a method with gRPC's call signature: of a Connect client, or of whatever stands in for a stub.

    A proxy of a client, which asks it for what it is asked for itself, is one too.

    Args:
        stub: a Connect client, or an object with a method of the RPC's name: a fake, an implementation in process.
        name: the name of the RPC, which a stand-in has.
        native: the name of the client's method.
        kind: `unary_unary`, `unary_stream`, `stream_unary` or `stream_stream`.

    Native form: `client.say_hello(...)`. Go there once the stand-ins have the client's methods and signature.

    Source: generated stubs (grpcio-tools 1.85), generated clients (protoc-gen-connectrpc 0.13).
    """
    if isinstance(stub, ConnectClient | ConnectClientSync):
        return kind(getattr(stub, native))
    try:
        return getattr(stub, name)
    except AttributeError:
        # A proxy that passes on what it is asked for has what its client has.
        method = getattr(stub, native, None)
        if not isinstance(getattr(method, "__self__", None), ConnectClient | ConnectClientSync):
            raise
    return kind(method)
