"""Calls with a stream of responses of which an interceptor below has left nothing but the responses.

The sync client interceptor of opentelemetry-instrumentation-grpc gives a generator in the place of such a call: it
begins when it is first asked, and has no metadata, status or `cancel`. What it raises tells how the call ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .client_library import grpcio

__all__ = ["call_of"]


def call_of(answer: Any) -> Any:
    """Return what a multi-callable with a stream of responses has given, as a call."""
    return answer if hasattr(answer, "initial_metadata") else _Generated(answer)


class _Generated(Iterator[bytes]):
    """A call without initial metadata, whose status is known by what it raised."""

    def __init__(self, responses: Any) -> None:
        self._responses = responses
        self._error: Any = None

    def __next__(self) -> bytes:
        try:
            response: bytes = next(self._responses)
        except grpcio().RpcError as error:
            self._error = error
            raise
        return response

    def initial_metadata(self) -> None:
        """Nothing: it is not known, and to wait for it would begin the call."""
        return

    def code(self) -> Any:
        return grpcio().StatusCode.OK if self._error is None else self._error.code()

    def details(self) -> Any:
        return "" if self._error is None else self._error.details()

    def trailing_metadata(self) -> Any:
        return None if self._error is None else self._error.trailing_metadata()

    def cancel(self) -> None:
        """End it if nobody waits for its next response; who does so waits on, as with grpcio alone."""
        try:
            self._responses.close()
        except (AttributeError, ValueError):  # no generator; or it runs
            return
