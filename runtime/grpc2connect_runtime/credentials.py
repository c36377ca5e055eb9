"""The credentials of channels and servers."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .call_credentials import CallCredentials
from .unmoved import grpc_module

__all__ = [
    "ChannelCredentials",
    "ServerCredentials",
    "is_grpcio_credentials",
    "require_credentials",
    "ssl_channel_credentials",
    "ssl_server_credentials",
]


@dataclass(frozen=True)
class ServerCredentials:
    """What a TLS port needs; made by `ssl_server_credentials`.

    Native form: the options of the ASGI server.

    Source: `grpc.ServerCredentials`, grpcio 1.85.
    """

    pairs: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    root_certificates: bytes | None
    require_client_auth: bool

    def context(self) -> ssl.SSLContext:
        """Return the TLS context: TLS 1.2 or later, HTTP/2 and HTTP/1.1 by ALPN."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION
        context.set_alpn_protocols(["h2", "http/1.1"])
        with tempfile.TemporaryDirectory() as folder:
            # load_cert_chain reads files only; the folder is readable by its owner alone.
            path = Path(folder, "pair.pem")
            for key, chain in self.pairs:
                path.write_bytes(key.rstrip() + b"\n" + chain)
                context.load_cert_chain(path)
        if self.root_certificates is not None:
            context.load_verify_locations(cadata=self.root_certificates.decode("ascii"))
        if self.require_client_auth:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def ssl_server_credentials(
    private_key_certificate_chain_pairs: Sequence[tuple[bytes, bytes]],
    root_certificates: bytes | None = None,
    require_client_auth: bool = False,
) -> ServerCredentials:
    """Return the credentials for `add_secure_port`.

    Args:
        private_key_certificate_chain_pairs: PEM-encoded pairs of key and certificate chain.
        root_certificates: PEM-encoded certificates to verify clients with.
        require_client_auth: whether clients must show a certificate.

    Raises:
        ValueError: there is no pair, or clients must be verified without root certificates.

    Native form: `--certfile`, `--keyfile` and `--ca-certs` of the ASGI server.

    Source: `grpc.ssl_server_credentials`, grpcio 1.85.
    """
    pairs = tuple((bytes(key), bytes(chain)) for key, chain in private_key_certificate_chain_pairs)
    if not pairs:
        raise ValueError("At least one private key-certificate chain pair is required!")
    if require_client_auth and root_certificates is None:
        raise ValueError("Illegal to require client auth without providing root certificates!")
    return ServerCredentials(pairs, root_certificates, require_client_auth)


@dataclass(frozen=True)
class ChannelCredentials:
    """What a TLS channel needs; made by `ssl_channel_credentials` and `composite_channel_credentials`.

    Native form: the `tls_` arguments of `pyqwest.HTTPTransport`, and a connectrpc interceptor for call credentials.

    Source: `grpc.ChannelCredentials`, grpcio 1.85.
    """

    root_certificates: bytes | None
    private_key: bytes | None = field(repr=False)
    certificate_chain: bytes | None
    call_credentials: CallCredentials | None = None


def ssl_channel_credentials(
    root_certificates: bytes | None = None,
    private_key: bytes | None = None,
    certificate_chain: bytes | None = None,
) -> ChannelCredentials:
    """Return the credentials for `secure_channel`.

    Args:
        root_certificates: PEM-encoded certificates to verify the server with; None means those of the system.
        private_key: the PEM-encoded key to identify with, together with `certificate_chain`.
        certificate_chain: the PEM-encoded certificate chain to identify with.

    Raises:
        ValueError: only one of key and chain is given.

    Native form: `pyqwest.HTTPTransport(tls_ca_cert=..., tls_key=..., tls_cert=...)`, with
    `tls_include_system_certs=True` where no root certificates are given.

    Some certificates that grpcio takes are refused by pyqwest's TLS (rustls): X.509 version 1 (UnsupportedCertVersion;
    `openssl x509 -req` without `-extfile`), CA:TRUE on a server's own (CaUsedAsEndEntity; the default of `openssl req
    -x509`), names in the subject only. Where one shows, grpcio carries the calls of the channel, if it is installed,
    and a warning says so; issue others before grpcio goes.

    Source: `grpc.ssl_channel_credentials`, grpcio 1.85 (which uses its own roots where none are given).
    """
    if (private_key is None) != (certificate_chain is None):
        raise ValueError("private_key and certificate_chain go together")
    return ChannelCredentials(root_certificates, private_key, certificate_chain)


def require_credentials(credentials: Any) -> ChannelCredentials:
    """Return the credentials, or raise NotImplementedError for others, which only grpcio's wire takes."""
    if not isinstance(credentials, ChannelCredentials):
        raise NotImplementedError(
            "connectrpc's wire takes credentials from ssl_channel_credentials() of this package, not "
            f"{type(credentials).__name__}: unset G2C_WIRE"
        )
    return credentials


def is_grpcio_credentials(credentials: Any) -> bool:
    """Whether these are a `grpc.ChannelCredentials`."""
    grpc = grpc_module()
    return grpc is not None and isinstance(credentials, grpc.ChannelCredentials)
