"""Runs gRPC-shaped handlers, sync or async, inside a Connect ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import RequestContext

from .aio_context import AioServicerContext
from .call_state import CallState
from .context import ServicerContext
from .errors import AIO_FORM, STREAM_FORM, CallError
from .exchange import ServerStops, current_exchange
from .messages import HandlerMessages, Messages, NativeMessages, UnmovedMessages
from .outcome import BadResponse, HandlerError, IterationError, error_of, final_error
from .sending_limits import excess
from .streams import AsyncRequests, CallbackSender, Outbox, RequestFeed, SyncRequests
from .unmoved import unmoved_error

__all__ = ["HandlerInterceptor"]

Handler = Callable[[Any, Any], Any]


def is_async(handler: Handler) -> bool:
    """Whether calling the handler gives a coroutine or an async generator."""
    candidates = (handler, getattr(handler, "__call__", None))  # noqa: B004
    return any(inspect.iscoroutinefunction(c) or inspect.isasyncgenfunction(c) for c in candidates)


class _Pool:
    """The executor for sync handlers, made when it is first needed."""

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor

    def get(self) -> Executor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(thread_name_prefix="rpc-handler")
        return self._executor


class HandlerInterceptor:
    """The interceptor that gives handlers a gRPC context and reports their failures as grpcio does.

    `Server` and `AioServer` install it. To mount an application elsewhere:
    `XASGIApplication(servicer, interceptors=[HandlerInterceptor(pool)])`; it must be the last interceptor.

    Args:
        thread_pool: where sync handlers run; by default a `ThreadPoolExecutor()` of its own.
        aio: whether failures are worded as by `grpc.aio.server`; async handlers always are.
        send_max_bytes: how large responses may be; by default of any size.

    Native form: none is needed once handlers are async, take a `RequestContext` and fail by `raise ConnectError(...)`.

    Source: grpcio 1.85 `_server.py` and `_cygrpc/aio/server.pyx.pxi`.
    """

    def __init__(
        self, thread_pool: Executor | None = None, *, aio: bool = False, send_max_bytes: int | None = None
    ) -> None:
        """Make one for any number of applications."""
        self._send_max_bytes = send_max_bytes
        self._pool = _Pool(thread_pool)
        self._aio = aio
        self._messages: Messages = NativeMessages()
        self._single = False

    def of_unmoved(self) -> HandlerInterceptor:
        """Return one that shares this one's threads, for handlers that are written for grpcio."""
        other = HandlerInterceptor(aio=self._aio, send_max_bytes=self._send_max_bytes)
        other._pool = self._pool
        other._messages = UnmovedMessages()
        return other

    def of_handler(self, handler: Any, *, single: bool) -> HandlerInterceptor:
        """Return one that shares this one's threads and serves messages in bytes as an `RpcMethodHandler` says.

        Args:
            handler: the method handler.
            single: whether the handler takes one request, though the endpoint has a stream of them.
        """
        other = HandlerInterceptor(aio=self._aio, send_max_bytes=self._send_max_bytes)
        other._pool = self._pool
        other._single = single
        other._messages = HandlerMessages(handler)
        return other

    async def intercept_unary(
        self, call_next: Callable[[Any, Any], Awaitable[Any]], request: Any, ctx: RequestContext[Any, Any]
    ) -> Any:
        """Run a unary handler."""
        return await self._respond(call_next, request, ctx, streaming=False)

    async def intercept_client_stream(
        self,
        call_next: Callable[[AsyncIterator[Any], Any], Awaitable[Any]],
        request: AsyncIterator[Any],
        ctx: RequestContext[Any, Any],
    ) -> Any:
        """Run a client-streaming handler."""
        return await self._respond(call_next, request, ctx, streaming=True)

    async def intercept_server_stream(
        self, call_next: Callable[[Any, Any], AsyncIterator[Any]], request: Any, ctx: RequestContext[Any, Any]
    ) -> AsyncIterator[Any]:
        """Run a server-streaming handler."""
        async with contextlib.aclosing(self._stream(call_next, request, ctx, streaming=False)) as messages:
            async for message in messages:
                yield message

    async def intercept_bidi_stream(
        self,
        call_next: Callable[[AsyncIterator[Any], Any], AsyncIterator[Any]],
        request: AsyncIterator[Any],
        ctx: RequestContext[Any, Any],
    ) -> AsyncIterator[Any]:
        """Run a bidirectional handler."""
        async with contextlib.aclosing(self._stream(call_next, request, ctx, streaming=True)) as messages:
            async for message in messages:
                yield message

    async def _respond(self, handler: Handler, request: Any, ctx: RequestContext[Any, Any], *, streaming: bool) -> Any:
        aio = self._aio or is_async(handler)
        response: Any = None
        async with self._call(ctx, request, streaming, aio) as (state, feed):
            try:
                argument = await self._argument(handler, request, state, feed, aio=aio)
                if is_async(handler):
                    response = await handler(argument, AioServicerContext(state, feed))
                else:
                    response = await self._in_pool(handler, _uncancelled, handler, argument, ServicerContext(state))
                    if inspect.isawaitable(response):
                        response = await response
                error = final_error(state) if aio else None
                if error is None:
                    response = self._messages.response(state, response, aio=aio)
                    error = final_error(state) or self._too_large(response)
            except Exception as raised:
                error = error_of(state, raised, aio=aio)
            if (error := state.conclude(error)) is not None:
                raise error
            return response

    async def _stream(
        self, handler: Handler, request: Any, ctx: RequestContext[Any, Any], *, streaming: bool
    ) -> AsyncGenerator[Any]:
        aio = self._aio or is_async(handler)
        async with self._call(ctx, request, streaming, aio) as (state, feed):
            outbox = Outbox()
            driver = asyncio.create_task(self._drive(handler, request, state, feed, outbox, aio=aio))
            driver.add_done_callback(lambda _: outbox.finish())
            error: ConnectError | None
            try:
                async with contextlib.aclosing(outbox.messages()) as messages:
                    async for message in messages:
                        response = self._messages.response(state, message, aio=aio)
                        if (error := self._too_large(response)) is not None:
                            raise BadResponse(error)
                        yield response
                await driver
                error = final_error(state)
            except Exception as raised:
                error = error_of(state, raised, aio=aio)
            finally:
                outbox.close()
                if not driver.done():
                    driver.cancel()
                    await asyncio.wait([driver])
                if not driver.cancelled():
                    driver.exception()
            if (error := state.conclude(error)) is not None:
                raise error

    def _too_large(self, response: Any) -> ConnectError | None:
        said = excess(response, self._send_max_bytes)
        return None if said is None else ConnectError(Code.RESOURCE_EXHAUSTED, f"SERVER: {said}")

    def _in_pool(self, handler: Handler, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Run a function in the thread pool, or in the one that the handler brings along."""
        own = getattr(handler, "experimental_thread_pool", None)
        pool = own if isinstance(own, ThreadPoolExecutor) else self._pool.get()
        return asyncio.wrap_future(pool.submit(contextvars.copy_context().run, function, *arguments))

    async def _argument(
        self, handler: Handler, request: Any, state: CallState, feed: RequestFeed | None, *, aio: bool
    ) -> Any:
        """Return what the handler takes: a request, or an iterator of its colour."""
        if feed is None:
            return self._messages.request(request, aio=aio)
        if self._single:
            return await feed.only(state.raw.method.name)
        return AsyncRequests(feed) if is_async(handler) else SyncRequests(feed, state.loop)

    async def _drive(
        self, handler: Handler, request: Any, state: CallState, feed: RequestFeed | None, outbox: Outbox, *, aio: bool
    ) -> None:
        argument = await self._argument(handler, request, state, feed, aio=aio)
        if is_async(handler):
            await _write_all(handler(argument, AioServicerContext(state, feed, outbox)), outbox, state)
            return
        context = ServicerContext(state)
        if getattr(handler, "experimental_non_blocking", False):
            sender = CallbackSender(state.loop)
            await self._in_pool(handler, handler, argument, context, sender)
            await sender.write_all(outbox)
            return
        rest = await self._in_pool(handler, _pump, handler, argument, context, outbox, state)
        if rest is not None:
            await _write_all(rest, outbox)

    @contextlib.asynccontextmanager
    async def _call(
        self, ctx: RequestContext[Any, Any], request: Any, streaming: bool, aio: bool
    ) -> AsyncIterator[tuple[CallState, RequestFeed | None]]:
        """Keep the state of an RPC from its start to its end."""
        state = CallState(ctx, current_exchange.get())
        state.unmoved = self._messages.unmoved

        def on_error(error: ConnectError) -> ConnectError:
            code = error.code
            if state.unmoved:
                error = unmoved_error(CallError(code, error.message, form=AIO_FORM if aio else STREAM_FORM))
            state.request_error = error
            if code is Code.CANCELED:
                state.cancel()
            return error

        def show(error: CallError) -> CallError:
            return unmoved_error(error) if state.unmoved else error

        def decode(data: Any) -> Any:
            return self._messages.request(data, aio=aio)

        feed = RequestFeed(request, on_error, decode, show) if streaming else None
        if feed is not None and state.exchange is not None:
            state.exchange.when_left(feed.client_left)
        try:
            yield state, feed
        except (asyncio.CancelledError, GeneratorExit) as error:
            state.cancelled = True
            if isinstance(error, asyncio.CancelledError) and state.stopped:
                raise ServerStops from error
            if isinstance(error, asyncio.CancelledError) and state.cancelled_by_handler:
                raise ConnectError(Code.CANCELED, "CANCELLED") from error
            if isinstance(error, asyncio.CancelledError) and state.deadline_passed:
                raise ConnectError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded") from error
            raise
        finally:
            state.end()
            if feed is not None:
                await feed.close()


def _uncancelled(handler: Handler, argument: Any, context: ServicerContext) -> Any:
    """Run a sync handler in its thread.

    What it raises is never taken for the cancellation of the RPC; a StopIteration no future could hold at all.
    """
    try:
        return handler(argument, context)
    except (CancelledError, StopIteration) as error:
        raise HandlerError(*error.args) from error


def _pump(handler: Handler, argument: Any, context: ServicerContext, outbox: Outbox, state: CallState) -> Any:
    """Run a sync handler in its thread, handing out one response after the other.

    Returns what is to be continued on the event loop: a coroutine or an async iterator, from a decorated handler.
    """
    responses = _uncancelled(handler, argument, context)
    if inspect.isawaitable(responses) or hasattr(responses, "__aiter__"):
        return responses
    try:
        while True:
            try:
                message = next(responses)
            except StopIteration:
                return None
            except Exception as error:
                raise IterationError from error
            if message is None or not state.active:
                return None
            try:
                asyncio.run_coroutine_threadsafe(outbox.write(message), state.loop).result()
            except ConnectError:
                return None
    finally:
        close = getattr(responses, "close", None)
        if close is not None and inspect.isgenerator(responses):
            close()


async def _write_all(result: Any, outbox: Outbox, state: CallState | None = None) -> None:
    """Write the responses of an async handler: a generator, or a coroutine that may return an iterator."""
    if inspect.isawaitable(result):
        result = await result
    if result is None:
        return
    if hasattr(result, "__aiter__"):
        try:
            async for message in result:
                if state is not None and state.aborted is not None:
                    raise state.aborted
                await outbox.write(message)
        finally:
            close = getattr(result, "aclose", None)
            if close is not None:
                await close()
        return
    for message in result:
        await outbox.write(message)
