"""grpcio, imported when a channel needs it and not before."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["grpcio", "grpcio_aio", "is_installed"]


def grpcio() -> Any:
    """Return the module `grpc`.

    Raises:
        ImportError: grpcio is not installed.
    """
    return _imported("grpc")


def grpcio_aio() -> Any:
    """Return the module `grpc.aio`; as `grpcio`."""
    return _imported("grpc.aio")


def is_installed() -> bool:
    """Whether grpcio can be imported."""
    try:
        grpcio()
    except ImportError:
        return False
    return True


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            "this channel's calls are carried by grpcio, which is not installed: "
            "pip install 'grpc2connect-runtime[grpc]', or grpcio beside a vendored runtime"
        ) from error
