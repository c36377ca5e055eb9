"""What `isinstance` is asked about calls: `grpc.Call` and `grpc.Future`, for objects of moved and of unmoved code."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import Any

from .errors import AIO_FORM, CallError, RpcErrorView
from .foreign_calls import ForeignCall
from .sync_calls import SyncCall
from .unmoved import grpc_module

__all__ = ["Call", "Future"]


class _Kind(ABCMeta):
    """Asks what an object is when it is asked, as errors are of one class for sync and aio calls."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        if cls not in (Call, Future):
            return False
        if isinstance(instance, RpcErrorView):
            instance = instance.error
        if isinstance(instance, CallError):
            return instance.form != AIO_FORM
        return isinstance(instance, SyncCall | ForeignCall | getattr(grpc_module(), cls.__name__, SyncCall))


class Call(metaclass=_Kind):
    """The type of a call, and of the error that a sync call raises.

    An error of an aio call is none, as in grpcio. An error of the program's own may derive from it, beside `RpcError`.

    Native form: `ConnectError` where an error is asked; connectrpc has no call objects.

    Source: `grpc.Call`, grpcio 1.85.
    """

    message: str
    """What an error has; a call has `details()`."""

    debug_error_string: Callable[[], Any]
    """Return a line for logs."""

    @abstractmethod
    def code(self) -> Any:
        """Return the status."""
        raise NotImplementedError

    @abstractmethod
    def details(self) -> Any:
        """Return the message of the status."""
        raise NotImplementedError

    @abstractmethod
    def initial_metadata(self) -> Any:
        """Return the response headers."""
        raise NotImplementedError

    @abstractmethod
    def trailing_metadata(self) -> Any:
        """Return the response trailers."""
        raise NotImplementedError

    @abstractmethod
    def is_active(self) -> bool:
        """Whether the call has not ended."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> Any:
        """Return the seconds left until the deadline."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> Any:
        """End the call."""
        raise NotImplementedError

    @abstractmethod
    def add_callback(self, callback: Any) -> Any:
        """Call `callback()` when the call ends."""
        raise NotImplementedError


class Future(metaclass=_Kind):
    """The type of a call that is a future, and of the error that a sync call raises; as `Call`.

    Native form: `concurrent.futures.Future` of an executor that calls the client.

    Source: `grpc.Future`, grpcio 1.85.
    """

    @abstractmethod
    def cancel(self) -> bool:
        """End the call."""
        raise NotImplementedError

    @abstractmethod
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        raise NotImplementedError

    @abstractmethod
    def running(self) -> bool:
        """Whether it has not ended."""
        raise NotImplementedError

    @abstractmethod
    def done(self) -> bool:
        """Whether it has ended."""
        raise NotImplementedError

    @abstractmethod
    def result(self, timeout: float | None = None) -> Any:
        """Wait for the end; return the response."""
        raise NotImplementedError

    @abstractmethod
    def exception(self, timeout: float | None = None) -> Any:
        """Wait for the end; return its error or None."""
        raise NotImplementedError

    @abstractmethod
    def traceback(self, timeout: float | None = None) -> Any:
        """Wait for the end; return the traceback of its error or None."""
        raise NotImplementedError

    @abstractmethod
    def add_done_callback(self, fn: Any) -> None:
        """Call `fn(self)` when it ends."""
        raise NotImplementedError
