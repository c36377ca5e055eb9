"""Calls by path, `channel.unary_unary("/pkg.Service/Method", ...)`, with the kinds of moved code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from connectrpc.method import StreamType

from .channel_methods import ChannelMethods
from .errors import OF_FORM, CallError
from .faces import MOVED, Face
from .status import status_code
from .unmoved import CallableCode

__all__ = ["calls_on"]


class _Code(CallableCode):
    """A `Code` that, called, is the `StatusCode`."""

    __slots__ = ()

    def __call__(self) -> Any:
        return status_code(self._code)


class _ByPath(CallError):
    """A `CallError` whose `code` may be called, too: no migration sees all places where such an error goes."""

    @property
    def code(self) -> Any:
        return _Code(super().code)

    def __reduce__(self) -> tuple[Any, ...]:
        make, (_, *others) = super().__reduce__()
        return _rebuild, (make, (super().code, *others))


@cache
def _class_by_path(kind: Any) -> Any:
    return type(kind.__name__, (_ByPath, kind), {"__module__": __name__, "__doc__": _ByPath.__doc__})


def _rebuild(make: Any, arguments: tuple[Any, ...]) -> CallError:
    return _by_path(make(*arguments))


def _by_path(error: CallError) -> CallError:
    kind: Any = type(error)
    if kind in OF_FORM.values():
        error.__class__ = _class_by_path(kind)
    return error


_FACE = replace(MOVED, error=_by_path)


class _Calls(ChannelMethods):
    """A channel of this package, but for what its calls show."""

    def __init__(self, channel: ChannelMethods) -> None:
        self._channel = channel

    def multicallable(self, kind: StreamType, method: str, transforms: Any, face: Face) -> Any:
        return self._channel.multicallable(kind, method, transforms, _FACE)


def calls_on(channel: Any) -> Any:
    """Return what makes multi-callables by path on a channel, for code that has moved.

    Args:
        channel: a channel of this package; anything else is returned as it is.

    Returns:
        An object with `unary_unary`, `unary_stream`, `stream_unary` and `stream_stream`, as a channel of grpcio has
        them: `(method, request_serializer=None, response_deserializer=None)`. Their calls raise `CallError`, which is a
        `ConnectError`, and have this package's codes, metadata and end of stream, whether or not the program has loaded
        grpcio. `code` of such an error equals Connect's `Code`; called, it gives the `StatusCode`.

    Native form: a generated client; `ConnectClientSync.execute_unary` and its kin where there is none.

    Source: `grpc.Channel.unary_unary`, `grpc.aio.Channel.unary_unary`, grpcio 1.85.
    """
    return _Calls(channel) if isinstance(channel, ChannelMethods) else channel
