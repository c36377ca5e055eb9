"""Servicers of gRPC's own, as Connect applications ask them for their handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ByRpcNames"]


class ByRpcNames:
    """A servicer whose handlers have the names of the RPCs, and are written for grpcio: for its codes and contexts.

    Each is looked up when it is asked for: what derives from the servicer, or a test, may have put another in place.
    """

    def __init__(self, servicer: Any, names: Mapping[str, str]) -> None:
        """Wrap a servicer; `names` are those of the RPCs by those of Connect's handlers."""
        self._servicer = servicer
        self._names = names

    def __getattr__(self, name: str) -> Any:
        names = object.__getattribute__(self, "_names")
        return getattr(object.__getattribute__(self, "_servicer"), names.get(name, name))
