"""Client addresses in gRPC's form."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote


def peer_uri(address: str | None) -> str:
    """Return `ipv4:1.2.3.4:5` or `ipv6:%5B::1%5D:5` for connectrpc's `1.2.3.4:5` and `::1:5`.

    The brackets are escaped because grpcio escapes them (tried with 1.85).
    IPv4 addresses that came in through a dual-stack socket are given as IPv4, as gRPC does. Without an address (a unix
    socket) the result is `unix:`.
    """
    if not address:
        return "unix:"
    host, _, port = address.rpartition(":")
    try:
        parsed = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return f"ipv6:%5B{parsed}%5D:{port}"
        parsed = parsed.ipv4_mapped
    return f"ipv4:{parsed}:{port}"


def client_address(peer: str) -> str | None:
    """Return Connect's `1.2.3.4:5` or `[::1]:5` for grpcio's `ipv4:1.2.3.4:5` or `ipv6:%5B::1%5D:5`; else None."""
    kind, _, place = peer.partition(":")
    return unquote(place) if kind in ("ipv4", "ipv6") else None
