"""Waiting for the response to a request, whose stream is reset if nobody is left to read it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pyqwest import Response

__all__ = ["answer_to"]


async def answer_to(
    request: Awaitable[Response], wait: Callable[[asyncio.Future[Response]], Awaitable[Response]] | None = None
) -> Response:
    """Wait for what pyqwest's async transport answers; if who waits is cancelled, the server is told.

    A task may be cancelled when its response has come and has not been handed to it: the future is done then, so that
    pyqwest 0.12 aborts nothing, and resets the stream only when the response is forgotten, which a traceback or the
    record of the call may put off without end.

    Args:
        request: what `HTTPTransport.execute` returned.
        wait: waits for the answer, and cancels it where it is cancelled itself; None for `await`.
    """
    answer = asyncio.ensure_future(request)
    try:
        return await (answer if wait is None else wait(answer))
    except asyncio.CancelledError:
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            await answer.result().aclose()
        raise
