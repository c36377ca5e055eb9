"""Whether a channel's target is one that takes its calls: it is connected to, and greeted as gRPC's clients do.

A connection is ready for grpcio when TLS has accepted both certificates and the server has sent its HTTP/2 settings. A
port that only accepts connections is none: its server may be another one, or refuse the client's certificate.

Source: grpcio 1.85 (a subchannel is READY with the SETTINGS frame; `X509_V_FLAG_PARTIAL_CHAIN`); RFC 9113, section 3.4.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from pathlib import Path

from .credentials import ChannelCredentials

__all__ = ["greet"]

_SETTINGS = 4
_FRAME_HEADER = 9
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0))


def greet(
    host: str, port: int, credentials: ChannelCredentials | None, name: str | None, *, http2: bool, timeout: float
) -> None:
    """Connect, greet, and close the connection.

    Args:
        host: where to connect to.
        port: its port.
        credentials: those of the channel; None without TLS.
        name: what the server's certificate has to name; None for the host.
        http2: whether calls go by HTTP/2 only, as gRPC's do; else a connection is enough.
        timeout: for each step, in seconds.

    Raises:
        OSError: the target is not ready.
    """
    with socket.create_connection((host, port), timeout=timeout) as plain:
        if credentials is None:
            _exchange(plain, http2)
            return
        with client_context(credentials, http2).wrap_socket(plain, server_hostname=name or host) as secure:
            _exchange(secure, http2)


def client_context(credentials: ChannelCredentials, http2: bool) -> ssl.SSLContext:
    """Return the TLS context of a client, as strict as grpcio's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_TRUSTED_FIRST
    if http2:
        context.set_alpn_protocols(["h2"])
    if credentials.root_certificates is None:
        context.load_default_certs()
    else:
        # Only ASCII is taken, and bundles have names in comments.
        context.load_verify_locations(cadata=credentials.root_certificates.decode("ascii", "ignore"))
    if credentials.private_key is not None and credentials.certificate_chain is not None:
        with tempfile.TemporaryDirectory() as folder:
            # load_cert_chain reads files only; the folder is readable by its owner alone.
            pair = Path(folder, "pair.pem")
            pair.write_bytes(credentials.private_key.rstrip() + b"\n" + credentials.certificate_chain)
            context.load_cert_chain(pair)
    return context


def _exchange(connection: socket.socket, http2: bool) -> None:
    if not http2:
        return
    connection.sendall(_HELLO)
    answer = b""
    while len(answer) < _FRAME_HEADER:
        received = connection.recv(_FRAME_HEADER - len(answer))
        if not received:
            raise ConnectionError("the server has closed the connection")
        answer += received
    if answer[3] != _SETTINGS:
        raise ConnectionError("the server does not speak HTTP/2")
