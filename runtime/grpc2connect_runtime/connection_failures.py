"""Why a connection failed, in the words of grpcio: programs look for them in `details()` to tell what to do next."""

from __future__ import annotations

import re

__all__ = ["in_words_of_grpc", "is_of_connection"]

_FAILED = re.compile(
    r"Request failed: error sending request for url \((https?)://([^/)]+)[^)]*\): client error \(Connect\): (.*)", re.S
)
_REFUSED = re.compile(r"tcp connect error: (?:tcp connect error: )?(.*?)(?: \(os error \d+\))?$", re.S)
_DNS, _NO_RECORDS = "dns error: ", "no records found"
_IPV4 = re.compile(r"[\d.]+:\d+")


def in_words_of_grpc(message: str) -> str:
    """Return the message of a call whose connection could not be made; any other message as it is.

    Which words those are is known for connections that are refused, names that are not found, and TLS. What a library
    adds to them, its codes and names for a reason, is its own.

    Args:
        message: that of a `ConnectError`.

    Source: the texts of pyqwest 0.12 (hyper's and rustls's in them), and of grpcio 1.85 in the same places.
    """
    found = _FAILED.match(message)
    if found is None:
        return message
    scheme, authority, reason = found.groups()
    if reason.startswith(_DNS):
        why = "Domain name not found" if _NO_RECORDS in reason else reason.removeprefix(_DNS)
        lookup = f"address lookup failed for {authority}: {why}"
        return f"errors resolving {authority}: [field:hostname lookup error:{lookup}]"
    refused = _REFUSED.match(reason)
    if refused is not None:
        said = f"Failed to connect to remote host: {refused.group(1)}"
    elif scheme == "https":
        said = f"Tls handshake failed (TSI_PROTOCOL_FAILURE): {reason}"
    else:
        said = reason
    address = f"ipv4:{authority}" if _IPV4.fullmatch(authority) else authority
    return f"failed to connect to all addresses; last error: UNKNOWN: {address}: {said}"


def is_of_connection(message: str) -> bool:
    """Whether a stream ended with its connection, which is UNAVAILABLE to grpcio: connectrpc goes by the reason alone.

    Args:
        message: of a `ConnectError` that was raised for a `StreamError` of pyqwest.

    Source: h2's texts in pyqwest 0.12; a stream that is reset has "stream error received".
    """
    return "connection error received" in message
