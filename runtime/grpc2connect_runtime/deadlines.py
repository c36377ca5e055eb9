"""Timeouts: gRPC counts seconds in floats, Connect milliseconds in ints."""

from __future__ import annotations

import math

__all__ = ["timeout_ms"]

_LONGEST_MS = 9_999_999_999
"""The Connect protocol carries at most ten digits of milliseconds (some 115 days)."""


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
    if seconds <= 0:
        return 0
    return max(1, math.ceil(round(seconds * 1000, 6)))
