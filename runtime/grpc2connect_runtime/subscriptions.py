"""Callbacks for the state of a sync channel."""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

from .channel_base import ChannelBase
from .connectivity import ChannelConnectivity, shown

__all__ = ["Subscriptions"]

_log = logging.getLogger(__name__)
_ATTEMPT_S = 1.0
_PAUSE_S = 0.2


class Subscriptions:
    """Those who want to know the state of a channel; told, in order, by a daemon thread that lives while there are any.

    Until the target has accepted a TCP connection, or a call got a response, the thread tries to connect, if one asked
    for it.
    """

    def __init__(self, channel: ChannelBase) -> None:
        """Serve a channel; no thread is started."""
        self._channel = channel
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[Any], Any]] = []
        self._connects = False
        self._news: queue.SimpleQueue[tuple[Callable[[Any], Any] | None, ChannelConnectivity]] = queue.SimpleQueue()
        self._running = False

    def add(self, callback: Callable[[Any], Any], try_to_connect: bool) -> None:
        """Tell `callback` the state now, and each change."""
        with self._lock:
            self._callbacks.append(callback)
            self._connects = self._connects or try_to_connect
            self._news.put((callback, self._channel.connectivity.state))
            if not self._running:
                self._running = True
                self._channel.connectivity.observe(self._changed)
                threading.Thread(target=self._run, name="channel-state", daemon=True).start()

    def remove(self, callback: Callable[[Any], Any]) -> None:
        """Tell `callback` no more."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def _changed(self, state: ChannelConnectivity) -> None:
        self._news.put((None, state))

    def _run(self) -> None:
        while True:
            try:
                self._tell(*self._news.get(timeout=_PAUSE_S))
                continue
            except queue.Empty:
                pass
            with self._lock:
                if not self._callbacks or self._channel.is_closed():
                    self._running = self._connects = False
                    self._channel.connectivity.forget(self._changed)
                    return
                connects = self._connects
            if connects and self._channel.connectivity.state is not ChannelConnectivity.READY:
                self._connect()

    def _connect(self) -> None:
        connectivity, target = self._channel.connectivity, self._channel.target
        connectivity.become(ChannelConnectivity.CONNECTING)
        try:
            socket.create_connection((target.host, target.port), timeout=_ATTEMPT_S).close()
        except OSError:
            connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
        else:
            connectivity.become(ChannelConnectivity.READY)

    def _tell(self, only: Callable[[Any], Any] | None, state: ChannelConnectivity) -> None:
        with self._lock:
            told = [callback for callback in self._callbacks if only is None or callback == only]
        for callback in told:
            try:
                callback(shown(state, callback))
            except Exception:
                _log.exception("Connectivity callback failed")
