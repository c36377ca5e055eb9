"""An HTTP request of connectrpc as the arguments of grpcio's multi-callables, and grpcio's status as a response."""

from __future__ import annotations

from typing import Any

from pyqwest import Headers

from ..transports import CallRecord
from .client_credentials import grpcio_call_credentials
from .client_headers import compression_of, request_metadata, status_trailers, timeout_of
from .client_library import grpcio

__all__ = ["UnsuitableRequest", "add_status", "call_arguments", "content_type_of"]

_CONTENT_TYPES = ("application/grpc", "application/grpc+proto")
_GZIP = "gzip"


class UnsuitableRequest(ValueError):
    """The request is one that grpcio cannot carry."""


def content_type_of(headers: Headers) -> str:
    """Return the content type of a request.

    Raises:
        UnsuitableRequest: it is not gRPC with binary messages, which is all that grpcio sends.
    """
    found = headers.get("content-type") or ""
    if found not in _CONTENT_TYPES:
        raise UnsuitableRequest(
            f"grpcio cannot carry {found or 'a request without content type'}: make the client with "
            "protocol=ProtocolType.GRPC and the binary codec"
        )
    return found


def call_arguments(headers: Headers, record: CallRecord | None) -> dict[str, Any]:
    """Return the keyword arguments of a call.

    Args:
        headers: those of the request.
        record: what else is known of the call. It knows what is left of the time; the headers say what there was.

    Raises:
        UnsuitableRequest: the request is compressed as grpcio cannot.
    """
    arguments: dict[str, Any] = {"timeout": timeout_of(headers), "metadata": request_metadata(headers)}
    compression = compression_of(headers)
    if compression == _GZIP:
        arguments["compression"] = grpcio().Compression.Gzip
    elif compression is not None:
        raise UnsuitableRequest(f"grpcio cannot compress by {compression}: make the client with gzip, or none")
    if record is not None:
        left = None if record.context is None else record.context.timeout_ms
        if left is not None:
            arguments["timeout"] = left / 1000
        if record.wait_for_ready is not None:
            arguments["wait_for_ready"] = record.wait_for_ready
        if record.credentials is not None:
            arguments["credentials"] = grpcio_call_credentials(record.credentials)
    return arguments


def add_status(trailers: Headers, code: Any, details: str | None, metadata: Any) -> None:
    """Add how a call ended to the trailers of its response."""
    for key, value in status_trailers(code, details, metadata):
        trailers.add(key, value)
