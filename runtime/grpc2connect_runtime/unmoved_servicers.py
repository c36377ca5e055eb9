"""Servicers of gRPC's own, as Connect applications ask them for their handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ByEitherName", "ByRpcNames", "by_either_name"]


class _Renamed:
    """A servicer whose handlers are asked for by other names than they have.

    Each is looked up when it is asked for: what derives from the servicer, or a test, may have put another in place.
    """

    def __init__(self, servicer: Any, names: Mapping[str, str]) -> None:
        """Wrap a servicer; `names` are those of the RPCs by those of Connect's handlers."""
        self._servicer = servicer
        self._names = names

    def __getattr__(self, name: str) -> Any:
        names = object.__getattribute__(self, "_names")
        return getattr(object.__getattribute__(self, "_servicer"), names.get(name, name))


class ByRpcNames(_Renamed):
    """A servicer whose handlers have the names of the RPCs, and are written for grpcio: for its codes and contexts."""


class ByEitherName(_Renamed):
    """A servicer of which some handlers have the names of the RPCs, since nothing has said that it is one."""


def by_either_name(servicer: Any, handlers: Mapping[str, str]) -> Any:
    """Return a servicer that answers to the names of Connect's handlers; itself if it does so anyhow.

    Args:
        servicer: any object; it need not derive from a generated class.
        handlers: the names of Connect's handlers by those of the RPCs.
    """
    other = {
        handler: rpc for rpc, handler in handlers.items() if not hasattr(servicer, handler) and hasattr(servicer, rpc)
    }
    return ByEitherName(servicer, other) if other else servicer
