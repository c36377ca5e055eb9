"""Which library carries the bytes: `G2C_WIRE`; and where Connect is served beside grpcio: `G2C_CONNECT_ADDRESS`."""

from __future__ import annotations

import os

__all__ = ["CONNECT", "GRPCIO", "chosen_wire", "connect_addresses"]

CONNECT = "connect"
GRPCIO = "grpcio"


def chosen_wire(default: str) -> str:
    """Return the wire of a channel or a server: what `G2C_WIRE` says (`connect` or `grpcio`), else `default`.

    Args:
        default: `CONNECT` or `GRPCIO`, for where the variable is unset or empty.

    Raises:
        ValueError: the variable names no wire.
    """
    name = os.environ.get("G2C_WIRE", "").strip().lower() or default
    if name not in (CONNECT, GRPCIO):
        raise ValueError(f"G2C_WIRE must be {CONNECT} or {GRPCIO}, not {name!r}")
    return name


def connect_addresses() -> list[str]:
    """Return the addresses of `G2C_CONNECT_ADDRESS`: where servers on the grpcio wire serve Connect clients."""
    return [address for part in os.environ.get("G2C_CONNECT_ADDRESS", "").split(",") if (address := part.strip())]
