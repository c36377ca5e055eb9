"""HTTP headers and trailers of gRPC next to grpcio's metadata, timeouts and status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from pyqwest import Headers

from ..metadata import decoded, encoded

__all__ = ["compression_of", "request_metadata", "request_path", "response_headers", "status_trailers", "timeout_of"]

_OF_GRPCIO = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-timeout",
        "host",
        "te",
        "user-agent",
    }
)
"""What grpcio says by itself."""

_SECONDS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_IDENTITY = ("", "identity")


def request_path(url: str) -> str:
    """Return the path of a method, `/package.Service/Method`."""
    rest = url.partition("://")[2].partition("?")[0]
    return "/" + rest.partition("/")[2]


def timeout_of(headers: Headers) -> float | None:
    """Return the seconds that a request has, or None without a deadline.

    Source: gRPC over HTTP/2, "Timeout".
    """
    text = headers.get("grpc-timeout")
    return int(text[:-1]) * _SECONDS[text[-1]] if text else None


def compression_of(headers: Headers) -> str | None:
    """Return the name of the compression that a request asks for, None for none."""
    name = headers.get("grpc-encoding") or ""
    return None if name in _IDENTITY else name


def request_metadata(headers: Headers) -> tuple[tuple[str, str | bytes], ...]:
    """Return the headers of a request as the metadata that grpcio takes: bytes under `-bin` keys."""
    return tuple(pair for key, text in headers.items() if key not in _OF_GRPCIO for pair in _pairs(key, text))


def _pairs(key: str, text: str) -> Iterator[tuple[str, str | bytes]]:
    if key.endswith("-bin"):
        yield from ((key, value) for value in decoded(text))
    else:
        yield key, text


def response_headers(content_type: str, metadata: Iterable[Any] | None) -> Headers:
    """Return the headers of a response: grpcio's initial metadata, and what only the transport needs."""
    return Headers([("content-type", content_type), *_texts(metadata)])


def status_trailers(code: Any, details: str | None, metadata: Iterable[Any] | None) -> list[tuple[str, str]]:
    """Return the trailers that say how a call ended.

    Args:
        code: a `grpc.StatusCode`.
        details: its message.
        metadata: grpcio's trailing metadata.
    """
    trailers = [("grpc-status", str(code.value[0]))]
    if details:
        trailers.append(("grpc-message", quote(details, safe="")))
    return [*trailers, *_texts(metadata)]


def _texts(metadata: Iterable[Any] | None) -> Iterator[tuple[str, str]]:
    for key, value in metadata or ():
        if isinstance(value, bytes):
            yield key, encoded(value) if key.endswith("-bin") else value.decode("utf-8", "replace")
        else:
            yield key, value
