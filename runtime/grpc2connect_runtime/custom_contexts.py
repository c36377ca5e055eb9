"""Bases for contexts that a program makes itself: wrappers in interceptors, fakes in tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from connectrpc.request import RequestContext

from .aio_context import AioServicerContext
from .context import ServicerContext
from .type_parameters import Request, Response

__all__ = ["CustomAioServicerContext", "CustomServicerContext"]


class _Absent:
    """An attribute that the program may set, or find elsewhere (`__getattr__`); else there is none.

    It hides a property of `RequestContext`, which reads what only a running RPC has.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"'{type(instance).__name__}' object has no attribute '{self._name}'")


class _Custom(ABC):
    """What both kinds have: nothing of a running RPC."""

    method: Any = _Absent()
    http_method: Any = _Absent()
    request_headers: Any = _Absent()
    response_headers: Any = _Absent()
    response_trailers: Any = _Absent()
    timeout_ms: Any = _Absent()
    server_address: Any = _Absent()
    client_address: Any = _Absent()
    _state: Any = _Absent()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Pass on to what else a class derives from."""
        super(RequestContext, self).__init__(*args, **kwargs)  # type: ignore[misc]

    @abstractmethod
    def invocation_metadata(self) -> Any:
        """Return the metadata of the request."""
        raise NotImplementedError

    @abstractmethod
    def peer(self) -> str:
        """Return the address of the client."""
        raise NotImplementedError

    @abstractmethod
    def peer_identities(self) -> Sequence[bytes] | None:
        """Return the names in the client's certificate, or None."""
        raise NotImplementedError

    @abstractmethod
    def peer_identity_key(self) -> str | None:
        """Return which names `peer_identities` returns, or None."""
        raise NotImplementedError

    @abstractmethod
    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """Return the security of the connection."""
        raise NotImplementedError

    @abstractmethod
    def send_initial_metadata(self, initial_metadata: Any) -> Any:
        """Send the initial metadata."""
        raise NotImplementedError

    @abstractmethod
    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Replace the trailing metadata."""
        raise NotImplementedError

    @abstractmethod
    def set_code(self, code: Any) -> None:
        """Set the status that the RPC ends with."""
        raise NotImplementedError

    @abstractmethod
    def set_details(self, details: str) -> None:
        """Set the message that the RPC ends with."""
        raise NotImplementedError

    def trailing_metadata(self) -> Any:
        """Return the trailing metadata set so far."""
        raise NotImplementedError

    def code(self) -> Any:
        """Return the code set so far."""
        raise NotImplementedError

    def details(self) -> Any:
        """Return the details set so far."""
        raise NotImplementedError


class CustomServicerContext(_Custom, ServicerContext[Request, Response]):
    """The base of a context that a program makes itself, for sync handlers; it has no RPC behind it.

    A class that derives from it has to have the methods that one deriving from `grpc.ServicerContext` has to have; the
    others raise `NotImplementedError`, as there. What `RequestContext` has (`request_headers`) is not there unless it
    is set, or `__getattr__` finds it.

    Native form: an interceptor that wraps the handler; in tests, `testing.FakeServicerContext`.

    Source: `grpc.ServicerContext`, grpcio 1.85.
    """

    @abstractmethod
    def abort(self, code: Any, details: str) -> NoReturn:
        """End the RPC with a status."""
        raise NotImplementedError

    @abstractmethod
    def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a status object."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> float:
        """Return the seconds left until the deadline."""
        raise NotImplementedError

    @abstractmethod
    def is_active(self) -> bool:
        """Whether the RPC is neither ended nor cancelled."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> None:
        """Cancel the RPC."""
        raise NotImplementedError

    @abstractmethod
    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the RPC ends."""
        raise NotImplementedError

    def set_compression(self, compression: Any) -> None:
        """Set how responses are compressed."""
        raise NotImplementedError

    def disable_next_message_compression(self) -> None:
        """Send the next response as it is."""
        raise NotImplementedError


class CustomAioServicerContext(_Custom, AioServicerContext[Request, Response]):
    """The base of a context that a program makes itself, for async handlers; like `CustomServicerContext`.

    Native form: an interceptor that wraps the handler; in tests, `testing.FakeAioServicerContext`.

    Source: `grpc.aio.ServicerContext`, grpcio 1.85.
    """

    is_active: Any = _Absent()
    cancel: Any = _Absent()
    add_callback: Any = _Absent()

    @abstractmethod
    async def read(self) -> Any:
        """Return the next request message."""
        raise NotImplementedError

    @abstractmethod
    async def write(self, message: Any) -> None:
        """Send a response message."""
        raise NotImplementedError

    @abstractmethod
    async def abort(self, code: Any, details: str = "", trailing_metadata: Any = ()) -> NoReturn:
        """End the RPC with a status."""
        raise NotImplementedError

    @abstractmethod
    async def abort_with_status(self, status: Any) -> NoReturn:
        """End the RPC with a status object."""
        raise NotImplementedError

    @abstractmethod
    async def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the initial metadata."""
        raise NotImplementedError

    @abstractmethod
    def set_compression(self, compression: Any) -> None:
        """Set how responses are compressed."""
        raise NotImplementedError

    @abstractmethod
    def disable_next_message_compression(self) -> None:
        """Send the next response as it is."""
        raise NotImplementedError

    def time_remaining(self) -> float | Any:
        """Return the seconds left until the deadline."""
        raise NotImplementedError

    def cancelled(self) -> bool:
        """Whether the RPC has been cancelled."""
        raise NotImplementedError

    def done(self) -> bool:
        """Whether the RPC has ended or been cancelled."""
        raise NotImplementedError

    def add_done_callback(self, callback: Callable[[AioServicerContext], Any]) -> None:
        """Call `callback(context)` when the RPC ends."""
        raise NotImplementedError
