"""Whether something has put its own function in the place of one of grpcio's, as tracers do to see each channel."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

__all__ = ["is_instrumented"]


def is_instrumented(*, aio: bool, secure: bool) -> bool:
    """Whether channels that `grpc.insecure_channel` and its kin would make are watched by something else.

    opentelemetry-instrumentation-grpc and ddtrace replace those functions by theirs. A channel that is to be seen by
    such has to be made by what is there now.

    Args:
        aio: whether it is about `grpc.aio`.
        secure: whether it is about `secure_channel`.

    Source: opentelemetry-instrumentation-grpc 0.66b2, grpcio 1.85.
    """
    module = sys.modules.get("grpc.aio" if aio else "grpc")
    function: Any = getattr(module, "secure_channel" if secure else "insecure_channel", None)
    if function is None:
        return False
    own = type(function) is FunctionType and str(function.__module__).partition(".")[0] == "grpc"
    return not own
