"""What a browser must be allowed so that a page of another origin can call a service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

__all__ = ["ConnectCors", "connect_cors"]

_METHODS = ("GET", "POST")
_REQUEST_HEADERS = (
    "content-type",
    "connect-protocol-version",
    "connect-timeout-ms",
    "grpc-timeout",
    "x-grpc-web",
    "x-user-agent",
)
_RESPONSE_HEADERS = ("grpc-status", "grpc-message", "grpc-status-details-bin")


class ConnectCors(TypedDict):
    """The lists that a CORS middleware is given, under the names that Starlette, FastAPI and Litestar give them.

    Native form: none; connectrpc leaves it to you to write them down.
    """

    allow_methods: list[str]
    allow_headers: list[str]
    expose_headers: list[str]


def connect_cors(
    *,
    request_headers: Iterable[str] = (),
    response_headers: Iterable[str] = (),
    response_trailers: Iterable[str] = (),
) -> ConnectCors:
    """Return what Connect and gRPC-Web need of CORS, for `CORSMiddleware(app, allow_origins=[...], **connect_cors())`.

    Args:
        request_headers: metadata that pages send, such as `authorization`.
        response_headers: initial metadata that pages read.
        response_trailers: trailing metadata that pages read; Connect sends it as `trailer-NAME` headers of unary
            answers, gRPC-Web under its own name where an answer has no body.

    GET is only used for methods without side effects, and only by clients that ask for it.

    Native form: the three lists, written down. connectrpc's documentation for Python has no list of headers to expose,
    without which pages read no metadata, and over gRPC-Web no status of answers without a body (unknown methods).

    Source: "Cross-Origin Resource Sharing" of the Connect documentation, "Configurations by protocol".
    """
    trailers = list(response_trailers)
    as_headers = [f"trailer-{name}" for name in trailers]
    return ConnectCors(
        allow_methods=list(_METHODS),
        allow_headers=_lower(_REQUEST_HEADERS, request_headers),
        expose_headers=_lower(_RESPONSE_HEADERS, response_headers, trailers, as_headers),
    )


def _lower(*parts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.lower() for names in parts for name in names))
