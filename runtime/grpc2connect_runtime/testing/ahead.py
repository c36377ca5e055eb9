"""Handlers that go on while their test has not yet taken what they have sent."""

from __future__ import annotations

import contextvars
import copy
import inspect
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

__all__ = ["running_ahead"]

_END = object()


def running_ahead(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler with a stream of responses that does not wait until one has been sent.

    `grpc_testing` sends nothing, and so lets a handler run to its next response at once; a test that changes what the
    handler reads, as soon as it has a response, is seldom quicker. A real server lets the handler wait. As there, each
    response is copied: a handler may change one message, and send it again.

    Args:
        function: the handler; an async one is returned as it is.

    Source: grpcio-testing 1.85.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return function

    def handler(request: Any, context: Any) -> Any:
        responses = function(request, context)
        if inspect.isawaitable(responses) or hasattr(responses, "__aiter__"):
            return responses
        return _ahead(responses)

    return handler


def _ahead(responses: Any) -> Iterator[Any]:
    ready: SimpleQueue[Any] = SimpleQueue()
    unwanted = Event()

    def run() -> None:
        try:
            for response in responses:
                ready.put((copy.deepcopy(response), None))
                if unwanted.is_set():
                    break
            ready.put((_END, None))
        except BaseException as error:
            ready.put((_END, error))

    Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    try:
        while (found := ready.get())[0] is not _END:
            yield found[0]
        if found[1] is not None:
            raise found[1]
    finally:
        unwanted.set()
