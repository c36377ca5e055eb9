"""Handlers on a grpcio server that need what connectrpc's applications do around them.

Those behind Connect's interceptors, and async ones of a sync server: they run on an event loop, with a Connect context.
What they leave in it becomes grpcio's metadata and status.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote

import grpc
from connectrpc.errors import ConnectError
from connectrpc.method import MethodInfo
from connectrpc.request import Headers, RequestContext

from ..connections import current_auth_context
from ..exchange import Exchange, current_exchange
from ..metadata import metadata
from ..stream_kinds import streams_responses
from .server_context import AioWireContext, WireContext
from .server_status import native_status
from .threads import LoopThread

__all__ = ["aio_chain_behaviour", "sync_chain_behaviour"]

Call = Callable[[Any, Any], Any]


class _WireExchange(Exchange):
    """The exchange of a call on grpcio: early headers go to grpcio's context."""

    def __init__(self, send_initial_metadata: Callable[[Any], Any]) -> None:
        self._send_initial_metadata = send_initial_metadata
        self.started = False
        self.stopped = False

    def when_left(self, callback: Callable[[], object]) -> None:
        """Not needed: grpcio cancels the call itself."""

    @property
    def is_grpc(self) -> bool:
        return True

    @property
    def tells_deadline(self) -> bool:
        return False

    async def flush(self, response_headers: Headers) -> None:
        if self.started:
            return
        self.started = True
        sent = self._send_initial_metadata(metadata(response_headers))
        if sent is not None:
            await sent


class _Call:
    """One call: its Connect context, and what is handed over to grpcio's when it ends."""

    def __init__(self, context: Any, method: MethodInfo[Any, Any], *, aio: bool) -> None:
        self._grpc = context
        ours = (AioWireContext if aio else WireContext)(context, method)
        fields = Headers(list(ours.request_headers.allitems()))
        fields["content-type"] = "application/grpc"
        remaining = ours.timeout_ms
        self.raw: RequestContext[Any, Any] = RequestContext(
            method=method,
            http_method="POST",
            request_headers=fields,
            timeout_ms=None if remaining is None else int(remaining),
            client_address=ours.client_address,
        )
        self.exchange = _WireExchange(context.send_initial_metadata)

    async def send_headers(self) -> None:
        """Send the response headers before the first message, if there are any."""
        if self.raw.response_headers:
            await self.exchange.flush(self.raw.response_headers)

    def trailers(self, error: ConnectError | None) -> tuple[Any, Any, tuple[Any, ...]]:
        """Return code, details and trailing metadata of the end."""
        native = metadata(self.raw.response_trailers)
        if error is None:
            return None, unquote(self.raw.response_trailers.get("grpc-message") or ""), native
        code, message, details = native_status(error)
        return code, message, (*native, *details)

    @contextlib.contextmanager
    def current(self) -> Any:
        """Make this the exchange, and the connection's security, that the context of the handler finds."""
        token = current_exchange.set(self.exchange)
        security = current_auth_context.set(self._grpc.auth_context())
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # a generator may be closed from another context
                current_exchange.reset(token)
                current_auth_context.reset(security)


async def _collect(chain: Call, call: _Call, request: Any) -> Any:
    with call.current():
        response = await chain(request, call.raw)
    await call.send_headers()
    return response


async def _messages(chain: Call, call: _Call, request: Any) -> AsyncGenerator[Any]:
    with call.current():
        async with contextlib.aclosing(chain(request, call.raw)) as responses:
            async for message in responses:
                await call.send_headers()
                yield message
    await call.send_headers()


def aio_chain_behaviour(chain: Call, method: MethodInfo[Any, Any]) -> Call:
    """Return what `grpc.aio` calls for a handler behind interceptors."""

    async def end(call: _Call, context: Any, error: ConnectError | None) -> None:
        code, details, trailers = call.trailers(error)
        if error is not None:
            await call.send_headers()
            await context.abort(code, details, trailers)
        if details:
            context.set_details(details)
        context.set_trailing_metadata(trailers)

    async def serve(request: Any, context: Any) -> Any:
        call = _Call(context, method, aio=True)
        response: Any = None
        try:
            response = await _collect(chain, call, request)
        except ConnectError as error:
            await end(call, context, error)
        await end(call, context, None)
        return response

    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        call = _Call(context, method, aio=True)
        try:
            async with contextlib.aclosing(_messages(chain, call, request)) as responses:
                async for message in responses:
                    yield message
        except ConnectError as error:
            await end(call, context, error)
        await end(call, context, None)

    return stream if streams_responses(method.stream_type) else serve


def sync_chain_behaviour(chain: Call, method: MethodInfo[Any, Any], loop: LoopThread, *, streams_in: bool) -> Call:
    """Return what grpcio's sync server calls for a handler that runs on an event loop."""

    def end(call: _Call, context: Any, error: ConnectError | None) -> None:
        code, details, trailers = call.trailers(error)
        if error is not None:
            loop.wait(call.send_headers())
        context.set_trailing_metadata(trailers)
        if error is not None:
            context.abort(code, details)
        if details:
            context.set_details(details)

    def serve(request: Any, context: Any) -> Any:
        call = _Call(context, method, aio=False)
        argument = loop.iterated(request, grpc.RpcError) if streams_in else request
        response: Any = None
        try:
            response = loop.wait(_collect(chain, call, argument), context.add_callback)
        except ConnectError as error:
            end(call, context, error)
        end(call, context, None)
        return response

    def stream(request: Any, context: Any) -> Any:
        call = _Call(context, method, aio=False)
        argument = loop.iterated(request, grpc.RpcError) if streams_in else request
        try:
            yield from loop.drained(_messages(chain, call, argument), context.add_callback)
        except ConnectError as error:
            end(call, context, error)
        end(call, context, None)

    return stream if streams_responses(method.stream_type) else serve
