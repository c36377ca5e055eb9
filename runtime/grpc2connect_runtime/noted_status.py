"""A handler's own status where interceptors of gRPC's form look for it: in the context, while the error passes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from connectrpc.errors import ConnectError

from .call_state import CallState
from .outcome import is_downstream
from .status import status_code

__all__ = ["noting_status"]


def noting_status(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a sync handler that leaves the status of its `ConnectError` in the context; an async one as it is.

    grpcio's `context.abort` sets the context's code before it raises, and metrics read `context._state.code` there.
    """
    candidates = (handler, getattr(handler, "__call__", None))  # noqa: B004
    if any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in candidates):
        return handler

    @functools.wraps(handler)
    def noting(request: Any, context: Any, *more: Any) -> Any:
        try:
            response = handler(request, context, *more)
        except ConnectError as error:
            _note(error, context)
            raise
        return _responses(response, context) if inspect.isgenerator(response) else response

    return noting


def _responses(responses: Iterator[Any], context: Any) -> Iterator[Any]:
    try:
        yield from responses
    except ConnectError as error:
        _note(error, context)
        raise


def _note(error: ConnectError, context: Any) -> None:
    state = getattr(context, "_state", None)
    if isinstance(state, CallState) and state.code is None and not is_downstream(error):
        state.code, state.details = status_code(error.code), error.message
