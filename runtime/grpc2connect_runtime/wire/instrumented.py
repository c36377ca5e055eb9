"""Whether something has put its own in the place of what grpcio makes channels of, as tracers do to see each one."""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType
from typing import Any

__all__ = ["is_instrumented"]

_WAITING = ("ddtrace", "newrelic")
"""Agents that put theirs into grpcio when it is imported, which nothing in code that has moved may do."""
_CALLABLES = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")


def is_instrumented(*, aio: bool, secure: bool) -> bool:
    """Whether channels that `grpc.insecure_channel` and its kin would make are watched by something else.

    opentelemetry-instrumentation-grpc, ddtrace, Sentry's and Elastic's agents replace those functions by theirs,
    SkyWalking's the class of channels, and New Relic's methods of what calls are made by. A channel that is to be seen
    by such has to be made by what is there now.

    Args:
        aio: whether it is about `grpc.aio`.
        secure: whether it is about `secure_channel`.

    Source: opentelemetry-instrumentation-grpc 0.66b2, apache/skywalking-python `plugins/sw_grpc.py`,
    newrelic-python-agent `hooks/framework_grpc.py`, grpcio 1.85.
    """
    package = "grpc.aio" if aio else "grpc"
    module = sys.modules.get(package) or _awaited(package)
    function: Any = getattr(module, "secure_channel" if secure else "insecure_channel", None)
    if function is None:
        return False
    return not _is_grpcio_s(function) or _is_replaced_inside(sys.modules.get(f"{package}._channel"), aio=aio)


def _awaited(package: str) -> Any:
    """grpcio, if an agent is there that waits for it; None if it is not installed."""
    if not any(agent in sys.modules for agent in _WAITING):
        return None
    try:
        return import_module(package)
    except ImportError:
        return None


def _is_grpcio_s(function: Any) -> bool:
    return type(function) is FunctionType and str(function.__module__).partition(".")[0] == "grpc"


def _is_replaced_inside(module: Any, *, aio: bool) -> bool:
    """Whether the class of channels, or a method by which calls are made, is not grpcio's own any more."""
    channels: Any = getattr(module, "Channel", None)
    if channels is not None and not (isinstance(channels, type) and channels.__module__ == module.__name__):
        return True
    made = (getattr(module, f"{'' if aio else '_'}{kind}MultiCallable", None) for kind in _CALLABLES)
    calls = (vars(one).get("__call__") for one in made if isinstance(one, type))
    return not all(_is_grpcio_s(call) for call in calls if call is not None)
