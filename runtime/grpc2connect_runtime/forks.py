"""Processes that are forked after pyqwest was used: its threads are not there, and a call would wait for ever.

Source: tried with pyqwest 0.12 on Linux; grpcio 1.85 survives the same with its default settings.
"""

from __future__ import annotations

import os

__all__ = ["is_cut_off", "note_use"]

_first_used_in: int | None = None


def is_cut_off() -> bool:
    """Whether this process was forked from one that had used pyqwest."""
    return _first_used_in is not None and _first_used_in != os.getpid()


def note_use() -> None:
    """Note that pyqwest is used in this process.

    Raises:
        ConnectionError: it cannot be.
    """
    global _first_used_in
    if is_cut_off():
        raise ConnectionError(
            "this process was forked after calls had been made: make the channel after the fork with grpcio installed, "
            "set G2C_WIRE=grpcio, or start processes by 'spawn'"
        )
    _first_used_in = os.getpid()
