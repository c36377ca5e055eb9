"""Which failures of pyqwest are about certificates that grpcio may take."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pyqwest import Headers

__all__ = ["is_refused_certificate", "probe_of"]

_MARK = "invalid peer certificate: "
_REFUSED_BY_BOTH = ("UnknownIssuer", "Expired", "NotValidYet", "Revoked", "BadSignature")


def is_refused_certificate(error: BaseException) -> bool:
    """Whether pyqwest failed for a certificate, the program's own or the server's, that grpcio may take.

    Source: the texts of `rustls::CertificateError` as pyqwest 0.12 gives them; nothing has been sent by then.
    """
    _, found, reason = str(error).partition(_MARK)
    return bool(found) and not reason.startswith(_REFUSED_BY_BOTH)


def probe_of(request: Any) -> tuple[str, str, Headers]:
    """Return method, URL and headers of a request that asks a server for nothing, before the given one is made.

    To a gRPC server it is a call of a method that is not there.
    """
    place = urlsplit(request.url)
    headers = Headers([("content-type", "application/grpc"), ("te", "trailers")])
    return "POST", f"{place.scheme}://{place.netloc}/", headers
