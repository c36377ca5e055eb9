"""Contexts for handlers that a unit test calls itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast

from connectrpc.method import StreamType
from connectrpc.request import Headers, RequestContext

from ..aio_context import AioServicerContext
from ..applications import raw_method
from ..auth_context import auth_context_of
from ..call_state import CallState, run_all
from ..context import ContextBase, ServicerContext
from ..metadata import Metadatum, metadata
from ..outgoing_metadata import headers
from ..streams import EOF

__all__ = ["Aborted", "FakeAioServicerContext", "FakeServicerContext"]


class Aborted(Exception):
    """What `abort` of a `FakeServicerContext` raises: an `Exception`, as that of a real one.

    Attributes:
        code: the status.
        details: its message.

    Native form: `ConnectError`, which a native handler raises.
    """

    def __init__(self, code: Any, details: str) -> None:
        """Make one from its parts."""
        super().__init__(code, details)
        self.code = code
        self.details = details


class _AtOnce:
    """What stands for an event loop where none need be running: it calls what it is given at once."""

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        callback(*args)

    def call_soon_threadsafe(self, callback: Callable[..., Any], *args: Any) -> None:
        callback(*args)


class _Fake(ContextBase):
    """What both fakes have for the test."""

    @staticmethod
    def _made(
        metadata: Any,
        timeout: float | None,
        peer: str | None,
        auth_context: Mapping[str, Sequence[bytes]] | None,
        method: str,
    ) -> CallState:
        raw: RequestContext[Any, Any] = RequestContext(
            method=raw_method(method, StreamType.UNARY),
            http_method="POST",
            request_headers=headers(metadata) or Headers(),
            timeout_ms=None if timeout is None else int(timeout * 1000),
            server_address="127.0.0.1:50051",
            client_address=peer,
        )
        state = CallState(raw, None, cast(asyncio.AbstractEventLoop, _AtOnce()))
        known = auth_context_of(None) if auth_context is None else auth_context
        state.auth_context = {key: list(values) for key, values in known.items()}
        return state

    @property
    def aborted(self) -> bool:
        """Whether `abort` has been called (and, of an async context, awaited)."""
        return self._state.aborted is not None

    @property
    def sent_initial_metadata(self) -> tuple[Metadatum, ...] | None:
        """What the handler has given to `send_initial_metadata`; None if it has not called it."""
        return metadata(self.response_headers) if self._state.headers_sent else None

    def end(self) -> None:
        """End the RPC: callbacks are called, and it is no longer active."""
        run_all(self._state.ending())


class FakeServicerContext(_Fake, ServicerContext):
    """A `ServicerContext` without an RPC, to call sync handlers with.

    It is the real class: `code()`, `details()`, `trailing_metadata()` say what the handler has set, `cancel()` makes it
    inactive, `abort` raises.

    Args:
        metadata: the metadata of the request, pairs of key and value (bytes for `-bin` keys).
        timeout: the seconds until the deadline, None without one.
        peer: the address of the client, `host:port`.
        auth_context: what `auth_context()` returns; by default that of a plaintext connection.
        method: the path of the method.

    Native form: `connectrpc.request.RequestContext(...)`, for handlers that use nothing else.
    """

    def __init__(
        self,
        metadata: Any = (),
        *,
        timeout: float | None = None,
        peer: str | None = "127.0.0.1:50000",
        auth_context: Mapping[str, Sequence[bytes]] | None = None,
        method: str = "/testing.Service/Method",
    ) -> None:
        """Make one for one call of a handler."""
        super().__init__(self._made(metadata, timeout, peer, auth_context, method))

    def abort(self, code: Any, details: str) -> NoReturn:
        """End the RPC with a status.

        Raises:
            Aborted: always.
        """
        try:
            super().abort(code, details)
        except Exception:
            self._state.aborted = Aborted(self._state.code, self._state.details)
            raise self._state.aborted from None


class FakeAioServicerContext(_Fake, AioServicerContext):
    """An `AioServicerContext` without an RPC, to call async handlers with; like `FakeServicerContext`.

    Its `abort` raises `AbortError`, as that of a real one. No event loop is needed to make it.

    Args:
        metadata: the metadata of the request, pairs of key and value (bytes for `-bin` keys).
        requests: what `read()` returns, before `EOF`.
        timeout: the seconds until the deadline, None without one.
        peer: the address of the client, `host:port`.
        auth_context: what `auth_context()` returns; by default that of a plaintext connection.
        method: the path of the method.

    Attributes:
        written: what the handler has given to `write`.

    Native form: `connectrpc.request.RequestContext(...)`, for handlers that use nothing else.
    """

    def __init__(
        self,
        metadata: Any = (),
        *,
        requests: Iterable[Any] = (),
        timeout: float | None = None,
        peer: str | None = "127.0.0.1:50000",
        auth_context: Mapping[str, Sequence[bytes]] | None = None,
        method: str = "/testing.Service/Method",
    ) -> None:
        """Make one for one call of a handler."""
        super().__init__(self._made(metadata, timeout, peer, auth_context, method))
        self._requests = iter(requests)
        self.written: list[Any] = []

    async def read(self) -> Any:
        """Return the next of `requests`, then `EOF`."""
        return next(self._requests, EOF)

    async def write(self, message: Any) -> None:
        """Keep a message in `written`.

        Raises:
            AbortError: the RPC has been aborted.
        """
        if self._state.aborted is not None:
            raise self._state.aborted
        self.written.append(message)
