"""Processes in which gevent's greenlets take the place of threads: a call of pyqwest would hold all of them up.

Source: tried with gevent 26.9 and pyqwest 0.12; grpcio 1.85 lets other greenlets run during a call, and ends it where
its own is killed, after `grpc.experimental.gevent.init_gevent()`.
"""

from __future__ import annotations

import sys

__all__ = ["are_used"]


def are_used() -> bool:
    """Whether the program has asked gevent for greenlets, or grpcio for working with them."""
    monkey = sys.modules.get("gevent.monkey")
    patched = monkey is not None and bool(monkey.is_module_patched("threading"))
    return patched or "grpc.experimental.gevent" in sys.modules
