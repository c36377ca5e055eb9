"""Servicers whose handlers have the names of the RPCs, as Connect applications ask them for their handlers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

__all__ = [
    "ByEitherName",
    "ByRpcNames",
    "by_either_name",
    "by_kept_names",
    "is_registration",
    "kept_names",
    "named_after_rpc",
]

H = TypeVar("H", bound=Callable[..., Any])
_MARK = "__grpc2connect_named_after_rpc__"


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


def named_after_rpc(handler: H) -> H:
    """Mark a handler that has the name of its RPC, because its class has something else by the name of Connect's.

    Args:
        handler: a function of the class, or what a decorator has made of it.

    Native form: another name for the other attribute, and Connect's name for the handler.

    Source: generated servicers (grpcio-tools 1.85), whose handlers are called as the RPCs are.
    """
    setattr(getattr(handler, "__func__", handler), _MARK, True)
    return handler


def kept_names(servicer: Any) -> frozenset[str]:
    """Return the names of the handlers of a servicer, or of a class of such, that `named_after_rpc` has marked."""
    cls = servicer if isinstance(servicer, type) else type(servicer)
    return frozenset(
        name
        for base in cls.__mro__
        for name, value in vars(base).items()
        if getattr(getattr(value, "__func__", value), "__dict__", {}).get(_MARK, False)
    )


def by_kept_names(servicer: Any, handlers: Callable[[], Mapping[str, str]]) -> Any:
    """Return a servicer that answers to the names of Connect's handlers; itself if it has them all.

    A handler that its class looks up as it is asked for (`__getattr__`) is asked for by the name of the RPC, as
    generated code asked: such a class may answer to any name, and knows of no other.

    Args:
        servicer: any object.
        handlers: gives the names of Connect's handlers by those of the RPCs.
    """
    kept, asked = kept_names(servicer), _looks_names_up(type(servicer))
    if not kept and not asked:
        return servicer
    other = {
        handler: rpc
        for rpc, handler in handlers().items()
        if rpc in kept or (asked and rpc != handler and _is_looked_up(servicer, handler) and hasattr(servicer, rpc))
    }
    return ByEitherName(servicer, other) if other else servicer


def _looks_names_up(cls: type) -> bool:
    """Whether a class answers to names by a function of its own; a mock answers to all names alike."""
    if not hasattr(cls, "__getattr__") or issubclass(cls, _Renamed):
        return False
    return not any(base.__module__ == "unittest.mock" for base in cls.__mro__)


def _is_looked_up(servicer: Any, name: str) -> bool:
    return inspect.getattr_static(servicer, name, None) is None


def is_registration(value: Any) -> bool:
    """Whether this is a function like gRPC's `add_XServicer_to_server`, which takes a servicer and a server, no more.

    Applications are classes, and what makes one takes its settings by name.
    """
    if not inspect.isroutine(value):
        return False
    try:
        inspect.signature(value).bind(None, None)
    except (TypeError, ValueError):
        return False
    try:
        inspect.signature(value).bind(None, interceptors=(), read_max_bytes=None)
    except TypeError:
        return True
    return False
