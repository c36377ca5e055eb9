"""What a client call looks like: to moved code, or to code that stays on grpcio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .aio_metadata import Metadata
from .errors import CallError, FutureCancelledError, FutureTimeoutError
from .status import StatusCode
from .streams import EOF
from .unmoved import (
    aio_metadata,
    end_of_stream,
    future_cancelled_error,
    future_timeout_error,
    grpc_code,
    unmoved_error,
)

__all__ = ["MOVED", "UNMOVED", "Face"]


@dataclass(frozen=True)
class Face:
    """The kinds that a call shows.

    Attributes:
        code: makes what `code()` returns of a status.
        error: makes what the call raises of its error.
        aio_metadata: makes what the metadata methods of an aio call return of pairs.
        end_of_stream: what `read()` returns at the end.
        timed_out: makes what a wait for a future raises when it takes too long.
        cancelled: makes what a cancelled future raises.
    """

    code: Callable[[StatusCode], Any]
    error: Callable[[CallError], CallError]
    aio_metadata: Callable[[Any], Any]
    end_of_stream: Callable[[], Any]
    timed_out: Callable[[], Exception]
    cancelled: Callable[[], Exception]


MOVED = Face(
    code=lambda code: code,
    error=lambda error: error,
    aio_metadata=lambda pairs: Metadata(*pairs),
    end_of_stream=lambda: EOF,
    timed_out=FutureTimeoutError,
    cancelled=FutureCancelledError,
)
"""This package's own kinds."""

UNMOVED = Face(
    code=grpc_code,
    error=unmoved_error,
    aio_metadata=aio_metadata,
    end_of_stream=end_of_stream,
    timed_out=future_timeout_error,
    cancelled=future_cancelled_error,
)
"""grpcio's kinds, where the program has loaded grpcio."""
