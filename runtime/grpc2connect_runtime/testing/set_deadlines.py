"""Deadlines of RPCs by a time that the test sets.

The server that runs the handlers knows only the time that goes by, so it is told of no deadline. The handler's context
gets the time left from here, and an RPC that outlives its deadline is cancelled.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from .times import Time

__all__ = ["Deadline", "SetDeadlines"]

_HEADER = "grpc2connect-testing-rpc"


class Deadline:
    """When an RPC is to have ended, and whether its handler has."""

    def __init__(self, time: Time, timeout: float) -> None:
        """Begin an RPC with a timeout in seconds."""
        self._time = time
        self._at = time.time() + timeout
        self.handler_ended = False

    def remaining_ms(self) -> float:
        """Return the milliseconds left; none are when it has passed."""
        return max(0.0, self._at - self._time.time()) * 1000

    def then(self, expire: Callable[[], Any]) -> None:
        """Call `expire()` when it passes, unless the handler has ended by then."""
        self._time.call_at(lambda: None if self.handler_ended else expire(), self._at)


@functools.cache
def _timed(kind: type[Any]) -> type[Any]:
    """Return a class of contexts whose time left is that of a `Deadline`, and which know nothing of its header."""

    class Timed(kind):  # type: ignore[misc]
        @property
        def timeout_ms(self) -> float:
            left: float = self.grpc2connect_deadline.remaining_ms()
            return left

        def time_remaining(self) -> float:
            return self.timeout_ms / 1000

        def invocation_metadata(self) -> Any:
            found = super().invocation_metadata()
            own = [pair for pair in found if pair[0] == _HEADER]
            return tuple(pair for pair in found if pair[0] != _HEADER) if own else found

    Timed.__name__, Timed.__qualname__ = kind.__name__, kind.__qualname__
    return Timed


class SetDeadlines:
    """The deadlines of a server's RPCs, from their beginning to their handlers."""

    def __init__(self, time: Time) -> None:
        """Take the time from what the test sets."""
        self._time = time
        self._numbers = itertools.count()
        self._begun: dict[str, Deadline] = {}

    def begin(self, metadata: Iterable[Any], timeout: float) -> tuple[list[Any], Deadline]:
        """Return the metadata with which an RPC finds its deadline, and the deadline.

        Args:
            metadata: the test's own.
            timeout: in seconds.
        """
        number, deadline = str(next(self._numbers)), Deadline(self._time, timeout)
        self._begun[number] = deadline
        return [*metadata, (_HEADER, number)], deadline

    def watching(self, function: Any) -> Any:
        """Return a handler that knows the time left, and whose end is noted."""

        def begun(context: Any) -> Deadline | None:
            deadline = self._begun.pop(context.request_headers.pop(_HEADER, ""), None)
            if deadline is not None:
                context.__class__ = _timed(type(context))  # type: ignore[arg-type]  # a class can be hashed
                context.grpc2connect_deadline = deadline
            return deadline

        if inspect.isasyncgenfunction(function):

            async def yields_later(request: Any, context: Any) -> Any:
                deadline = begun(context)
                try:
                    async for response in function(request, context):
                        yield response
                finally:
                    _end(deadline)

            return yields_later
        if inspect.iscoroutinefunction(function):

            async def later(request: Any, context: Any) -> Any:
                deadline = begun(context)
                try:
                    return await function(request, context)
                finally:
                    _end(deadline)

            return later

        def now(request: Any, context: Any) -> Any:
            deadline = begun(context)
            try:
                found = function(request, context)
            except BaseException:
                _end(deadline)
                raise
            if hasattr(found, "__next__"):
                return _noted(found, deadline)
            _end(deadline)
            return found

        return now


def _noted(responses: Any, deadline: Deadline | None) -> Any:
    try:
        yield from responses
    finally:
        _end(deadline)


def _end(deadline: Deadline | None) -> None:
    if deadline is not None:
        deadline.handler_ended = True
