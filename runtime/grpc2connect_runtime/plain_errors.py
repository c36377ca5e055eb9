"""Exceptions that are no failed calls: a handler is left, a call is used as it cannot be, a wait ends."""

from __future__ import annotations

from concurrent import futures

__all__ = ["AbortError", "FutureCancelledError", "FutureTimeoutError", "UsageError"]


class AbortError(Exception):
    """What an async `context.abort()` raises to leave a handler; a sync one raises a bare `Exception`, as in grpcio.

    It is no `ConnectError`, so that `except ConnectError` around a client call in a handler does not start to catch the
    handler's own abort.

    Native form: `raise ConnectError(code, message)`. Go there where no `try` between the abort and the end of the
    handler could swallow it.

    Source: `grpc.aio.AbortError`; `grpc.ServicerContext.abort` raises a bare `Exception` (grpcio 1.85).
    """


class UsageError(Exception):
    """A call or channel of `grpc.aio` is used as it cannot be.

    Native form: none is needed; connectrpc raises ValueError and TypeError.

    Source: `grpc.aio.UsageError`, grpcio 1.85.
    """


class FutureCancelledError(futures.CancelledError):
    """A future that was waited for has been cancelled.

    Native form: `concurrent.futures.CancelledError`, which it is.

    Source: `grpc.FutureCancelledError`, grpcio 1.85.
    """


class FutureTimeoutError(Exception):
    """A wait for a future took longer than its timeout.

    Native form: `TimeoutError` of `asyncio.timeout` or `concurrent.futures`.

    Source: `grpc.FutureTimeoutError`, grpcio 1.85.
    """
