"""Why a connection failed, in the words of grpcio: programs look for them in `details()` to tell what to do next."""

from __future__ import annotations

import re

__all__ = ["in_words_of_grpc", "is_of_connection", "silence_in_words_of_grpc"]

_FAILED = re.compile(
    r"Request failed: error sending request for url \((https?)://([^/)]+)[^)]*\): "
    r"client error \((Connect|SendRequest)\): (.*)",
    re.S,
)
_REFUSED = re.compile(r"tcp connect error: (?:tcp connect error: )?(.*?)(?: \(os error \d+\))?$", re.S)
_DNS, _NO_RECORDS = "dns error: ", "no records found"
_CLOSED = "channel closed"
"""The other side has closed before a request could be sent: one with TLS that this side lacks, or whose certificate it
refuses, which TLS 1.3 says after this side has ended its handshake."""

_NO_CLIENT = "Failed to create client: builder error: "
"""What pyqwest says of TLS's own parts: of a key that is not that of the certificate."""

_IPV4 = re.compile(r"[\d.]+:\d+")


def in_words_of_grpc(message: str) -> str:
    """Return the message of a call whose connection could not be made; any other message as it is.

    Which words those are is known for connections that are refused, or closed at once, for names that are not found,
    and for TLS. What a library adds to them, its codes and names for a reason, is its own.

    Args:
        message: that of a `ConnectError`.

    Source: the texts of pyqwest 0.12 (hyper's and rustls's in them), and of grpcio 1.85 in the same places.
    """
    if message.startswith(_NO_CLIENT):
        reason = message.removeprefix(_NO_CLIENT)
        return (
            f"failed to connect to all addresses; last error: UNKNOWN: Failed to create security handshaker: {reason}"
        )
    found = _FAILED.match(message)
    if found is None:
        return message
    scheme, authority, phase, reason = found.groups()
    address = _shown(authority)
    if phase == "SendRequest":
        closed = f"failed to connect to all addresses; last error: UNAVAILABLE: {address}: Socket closed"
        return closed if reason == _CLOSED else message
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
    return f"failed to connect to all addresses; last error: UNKNOWN: {address}: {said}"


def silence_in_words_of_grpc(authority: str, *, secure: bool) -> str:
    """Return the message of a call to what accepts a connection and does not say a word.

    Args:
        authority: host and port.
        secure: whether TLS is spoken, which then comes first.

    Source: the texts of grpcio 1.85 after its limit to connecting.
    """
    why = (
        f"UNAVAILABLE: {_shown(authority)}: Handshake read failed (Endpoint closing)"
        if secure
        else f"UNKNOWN: {_shown(authority)}: connection attempt timed out before receiving SETTINGS frame"
    )
    return f"failed to connect to all addresses; last error: {why}"


def _shown(authority: str) -> str:
    return f"ipv4:{authority}" if _IPV4.fullmatch(authority) else authority


def is_of_connection(message: str) -> bool:
    """Whether a stream ended with its connection, which is UNAVAILABLE to grpcio: connectrpc goes by the reason alone.

    Args:
        message: of a `ConnectError` that was raised for a `StreamError` of pyqwest.

    Source: h2's texts in pyqwest 0.12; a stream that is reset has "stream error received".
    """
    return "connection error received" in message
