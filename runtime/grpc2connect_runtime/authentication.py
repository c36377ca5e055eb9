"""Call credentials at work: the interceptors of a channel's clients have metadata added to each call."""

from __future__ import annotations

import asyncio
from concurrent import futures
from dataclasses import dataclass
from typing import Any

from connectrpc.code import Code
from connectrpc.request import RequestContext

from .call_credentials import AuthMetadataContext, CallCredentials
from .errors import AIO_FORM, CallError
from .outgoing_metadata import headers
from .transports import CallRecord

__all__ = ["Authentication"]

Context = RequestContext[Any, Any]
_HTTPS_PORT = ":443"
_INSECURE = "Established channel does not have a sufficient security level to transfer call credential."


@dataclass(frozen=True)
class Authentication:
    """How a channel authenticates its calls.

    Attributes:
        authority: `host:port` of the server as TLS knows it; None for a plaintext channel.
        credentials: those of all calls of the channel.
        by_grpcio: whether grpcio does all this, which carries the calls.
    """

    authority: str | None
    credentials: CallCredentials | None = None
    by_grpcio: bool = False

    def _plugins(self, record: CallRecord, form: str) -> tuple[Any, ...]:
        if self.by_grpcio:
            return ()
        of_channel = () if self.credentials is None else self.credentials.plugins
        of_call = () if record.credentials is None else record.credentials.plugins
        if record.credentials is not None and self.authority is None:
            raise CallError(Code.UNAUTHENTICATED, _INSECURE, form=form)
        return (*of_channel, *of_call)

    def _context(self, ctx: Context) -> AuthMetadataContext:
        authority = (self.authority or "").removesuffix(_HTTPS_PORT)
        return AuthMetadataContext(f"https://{authority}/{ctx.method.service_name}", ctx.method.name)

    def add(self, ctx: Context, record: CallRecord, form: str) -> None:
        """Add the metadata of all credentials to a call; block until their plugins have answered.

        Raises:
            CallError: UNAVAILABLE if a plugin fails, DEADLINE_EXCEEDED if it takes too long, CANCELLED if the call is
                cancelled meanwhile, UNAUTHENTICATED on a plaintext channel.
        """
        for plugin in self._plugins(record, form):
            answer = plugin.ask(self._context(ctx))
            record.wait_for(answer)
            try:
                found = answer.result(_seconds_left(ctx))
            except futures.CancelledError as error:
                raise CallError(Code.CANCELED, "Locally cancelled by application!", form=form) from error
            except TimeoutError as error:
                answer.cancel()
                raise CallError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded", form=form) from error
            _add(ctx, found, form)

    async def add_async(self, ctx: Context, record: CallRecord) -> None:
        """As `add`, without blocking the event loop; whoever cancels the task cancels the call."""
        for plugin in self._plugins(record, AIO_FORM):
            answer = plugin.ask(self._context(ctx))
            try:
                found = await asyncio.wait_for(asyncio.wrap_future(answer), _seconds_left(ctx))
            except TimeoutError as error:
                raise CallError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded", form=AIO_FORM) from error
            _add(ctx, found, AIO_FORM)


def _seconds_left(ctx: Context) -> float | None:
    left = ctx.timeout_ms
    return None if left is None else max(left / 1000, 0)


def _add(ctx: Context, answer: tuple[str | None, Any], form: str) -> None:
    error, metadata = answer
    if error is not None:
        raise CallError(Code.UNAVAILABLE, f"Getting metadata from plugin failed with error: {error}", form=form)
    try:
        made = headers(metadata)
    except (CallError, TypeError, ValueError) as bad:
        raise CallError(Code.UNAVAILABLE, "Illegal metadata", form=form) from bad
    for key, value in () if made is None else made.allitems():
        ctx.request_headers.add(key, value)
