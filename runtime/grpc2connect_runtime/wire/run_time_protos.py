"""What grpcio-tools makes of a proto when the program runs."""

from __future__ import annotations

from types import ModuleType

import grpc

__all__ = ["messages"]


def messages(path: str) -> ModuleType:
    """Return the module of messages of a proto; see `proto_messages`."""
    found: ModuleType = grpc.protos(path)
    return found
