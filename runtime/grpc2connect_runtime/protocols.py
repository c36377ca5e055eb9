"""The protocols that a port takes."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["PROTOCOLS", "checked_protocols", "protocol_of"]

PROTOCOLS = frozenset({"connect", "grpc", "grpc-web"})


def protocol_of(content_type: str) -> str:
    """Return the protocol of a request: gRPC's by their content types, everything else is Connect's to answer.

    Source: gRPC over HTTP/2 and gRPC-Web, "Content-Type".
    """
    if content_type.startswith("application/grpc-web"):
        return "grpc-web"
    return "grpc" if content_type.startswith("application/grpc") else "connect"


def checked_protocols(protocols: Iterable[str] | None) -> frozenset[str]:
    """Return the protocols that are asked for; None means all.

    Raises:
        ValueError: one is unknown, or there are none.
    """
    if protocols is None:
        return PROTOCOLS
    found = frozenset([protocols] if isinstance(protocols, str) else protocols)
    if not found or not found <= PROTOCOLS:
        raise ValueError(f"protocols must be some of {', '.join(sorted(PROTOCOLS))}, not {sorted(found)}")
    return found
