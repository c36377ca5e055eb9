"""Timeouts: gRPC counts seconds in floats, Connect milliseconds in ints."""

from __future__ import annotations

import math

__all__ = ["seconds_of", "timeout_ms"]

_LONGEST_MS = 9_999_999_999
"""The Connect protocol carries at most ten digits of milliseconds (some 115 days)."""


class _Milliseconds(int):
    """A timeout, and the seconds of which it was made: interceptors are shown those, as in grpcio."""

    given: float


def timeout_ms(seconds: float | None) -> int | None:
    """Return the `timeout_ms=` argument of a Connect call for the `timeout=` of a gRPC call.

    Args:
        seconds: the timeout in seconds, or None for none. Zero and less mean that the deadline has passed: the result
            is then 0, for which connectrpc 0.13 sends nothing, and fails with DEADLINE_EXCEEDED. More than 115 days (as
            `time_remaining()` says where there is no deadline) mean no timeout.

    Raises:
        ValueError: `seconds` is not a number.

    Native form: `timeout_ms=5000` for `timeout=5`. Go there where the timeout is a literal.

    Source: `timeout_ms` must be an int (connectrpc 0.13 answers INVALID_ARGUMENT otherwise), at most ten digits
    (Connect protocol, "Connect-Timeout-Ms").
    """
    if seconds is None:
        return None
    if math.isnan(seconds):
        raise ValueError("a timeout cannot be NaN")
    if seconds * 1000 > _LONGEST_MS:
        return None
    result = _Milliseconds(0 if seconds <= 0 else max(1, math.ceil(round(seconds * 1000, 6))))
    result.given = seconds
    return result


def seconds_of(timeout_ms: int | None) -> float | None:
    """Return the `timeout=` argument of a gRPC call, in seconds, for the `timeout_ms=` of a Connect call.

    Args:
        timeout_ms: the timeout in milliseconds, or None for none. One that `timeout_ms()` made knows them;
            whole seconds are an int, as they are mostly written.
    """
    if timeout_ms is None:
        return None
    if isinstance(timeout_ms, _Milliseconds):
        return timeout_ms.given
    whole, rest = divmod(timeout_ms, 1000)
    return timeout_ms / 1000 if rest else whole
