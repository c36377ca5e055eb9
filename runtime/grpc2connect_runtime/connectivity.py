"""The state of a channel's connection, as far as it can be known.

pyqwest connects on the first call and says nothing of its connections. So the state is that of the last attempt: a call
that got a response, or a TCP connection made to find out. A connection that is lost without a call is not noticed.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Any

from .unmoved import grpc_module

__all__ = ["ChannelConnectivity", "Connectivity", "shown"]


class ChannelConnectivity(enum.Enum):
    """The states of a channel, comparable with `grpc.ChannelConnectivity`.

    Native form: none; a readiness check is a call to the health service.

    Source: `grpc.ChannelConnectivity`, grpcio 1.85.
    """

    IDLE = (0, "idle")
    CONNECTING = (1, "connecting")
    READY = (2, "ready")
    TRANSIENT_FAILURE = (3, "transient failure")
    SHUTDOWN = (4, "shutdown")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, enum.Enum) and type(other).__name__ == "ChannelConnectivity":
            return self.name == other.name
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)


def shown(state: Any, callback: Callable[[Any], Any]) -> Any:
    """Return the state as a callback takes it: those of grpcio (`channel_ready_future`) ask by `is` for its members.

    Args:
        state: a member of either enumeration.
        callback: a function or method.
    """
    grpc = grpc_module()
    is_theirs = str(getattr(callback, "__module__", "")).partition(".")[0] == "grpc"
    members = ChannelConnectivity if grpc is None or not is_theirs else grpc.ChannelConnectivity
    return members[state.name]


class Connectivity:
    """The state of one channel, and who is told of it. Its methods may be called from any thread."""

    def __init__(self) -> None:
        """Begin idle."""
        self._lock = threading.RLock()
        self._state = ChannelConnectivity.IDLE
        self._observers: list[Callable[[ChannelConnectivity], Any]] = []

    @property
    def state(self) -> ChannelConnectivity:
        """The state now."""
        return self._state

    def become(self, state: ChannelConnectivity) -> None:
        """Note a state; a channel that was closed stays so."""
        with self._lock:
            if state is self._state or self._state is ChannelConnectivity.SHUTDOWN:
                return
            self._state = state
            observers = list(self._observers)
        for observer in observers:
            observer(state)

    def observe(self, observer: Callable[[ChannelConnectivity], Any]) -> None:
        """Call `observer(state)` at each change, in the thread that notes it."""
        with self._lock:
            self._observers.append(observer)

    def forget(self, observer: Callable[[ChannelConnectivity], Any]) -> None:
        """Call it no more."""
        with self._lock:
            if observer in self._observers:
                self._observers.remove(observer)

    @property
    def observed(self) -> bool:
        """Whether anybody is told."""
        return bool(self._observers)
