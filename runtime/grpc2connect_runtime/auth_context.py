"""The security of a connection, under the names that grpcio has for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

__all__ = ["AuthContext", "auth_context_of", "identity_key", "remember_server_name"]

AuthContext = Mapping[str, list[bytes]]

_ALTERNATIVES = "x509_subject_alternative_name"
_COMMON_NAME = "x509_common_name"
_SERVER_NAME = "_grpc2connect_server_name"
_OF_KIND = {"DNS": "peer_dns", "URI": "peer_uri", "email": "peer_email", "IP Address": "peer_ip"}
# OpenSSL's long names, which `getpeercert` gives, and its short ones, which RFC 2253 and grpcio have.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "dnQualifier": "dnQualifier",
    "domainComponent": "DC",
    "emailAddress": "emailAddress",
    "generationQualifier": "generationQualifier",
    "givenName": "GN",
    "initials": "initials",
    "localityName": "L",
    "name": "name",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "postalCode": "postalCode",
    "pseudonym": "pseudonym",
    "serialNumber": "serialNumber",
    "stateOrProvinceName": "ST",
    "streetAddress": "street",
    "surname": "SN",
    "title": "title",
    "userId": "UID",
}
_LONGEST_SPIFFE_ID = 2048
_LONGEST_TRUST_DOMAIN = 255


def remember_server_name(context: ssl.SSLContext) -> None:
    """Make the server connections of a TLS context keep the name that the client asked for."""

    def remember(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        setattr(connection, _SERVER_NAME, name)

    context.sni_callback = remember


def auth_context_of(connection: ssl.SSLObject | None) -> AuthContext:
    """Return what grpcio's `auth_context()` says of a server's connection.

    Args:
        connection: the TLS connection after its handshake; None for a connection without TLS.

    Without `x509_pem_cert_chain` before Python 3.13 and `ssl_negotiated_key_exchange_group` before 3.15, which the
    `ssl` module does not tell; without `x509_subject` where it has an attribute whose short name is not known.

    Source: seen of grpcio 1.85.1, sync and aio; `src/core/tsi/ssl_transport_security.cc`.
    """
    if connection is None:
        return {"transport_security_type": [b"insecure"], "security_level": [b"TSI_SECURITY_NONE"]}
    found = {"transport_security_type": [b"ssl"]}
    der = connection.getpeercert(binary_form=True)
    if der:
        found |= _certificate(connection.getpeercert() or {}, der)
        if chain := _chain(connection):
            found["x509_pem_cert_chain"] = [chain]
    found["security_level"] = [b"TSI_PRIVACY_AND_INTEGRITY"]
    found["ssl_session_reused"] = [b"true" if connection.session_reused else b"false"]
    if name := getattr(connection, _SERVER_NAME, None):
        found["ssl_requested_server_name"] = [name.encode()]
    if version := connection.version():
        found["ssl_tls_version"] = [version.encode()]
    group = getattr(connection, "group", None)
    if group is not None and (exchange := group()):
        found["ssl_negotiated_key_exchange_group"] = [exchange.encode()]
    return found


def identity_key(context: AuthContext) -> str | None:
    """Return the key of the values that identify the client, or None: its alternative names, else its common name."""
    return next((key for key in (_ALTERNATIVES, _COMMON_NAME) if key in context), None)


def _certificate(certificate: Mapping[str, Any], der: bytes) -> dict[str, list[bytes]]:
    subject = certificate.get("subject", ())
    found: dict[str, list[bytes]] = {}
    if (text := _rfc2253(subject)) is not None:
        found["x509_subject"] = [text]
    names = (value for group in subject for kind, value in group if kind == "commonName")
    found[_COMMON_NAME] = [next(names, "").encode()]
    found["x509_pem_cert"] = [ssl.DER_cert_to_PEM_cert(der).encode()]
    for kind, value in certificate.get("subjectAltName", ()):
        data = _alternative(kind, value)
        found.setdefault(_ALTERNATIVES, []).append(data)
        if kind in _OF_KIND:
            found.setdefault(_OF_KIND[kind], []).append(data)
    uris = found.get("peer_uri", [])
    if len(uris) == 1 and _is_spiffe_id(uris[0]):
        found["peer_spiffe_id"] = uris
    return found


def _alternative(kind: str, value: Any) -> bytes:
    if kind not in _OF_KIND:
        return b"other types of SAN"
    if kind == "IP Address":
        try:
            return str(ip_address(value.strip())).encode()
        except ValueError:
            pass
    return str(value).encode()


def _is_spiffe_id(uri: bytes) -> bool:
    scheme, _, rest = uri.partition(b"://")
    domain, _, path = rest.partition(b"/")
    return (
        scheme == b"spiffe"
        and len(uri) <= _LONGEST_SPIFFE_ID
        and 0 < len(domain) <= _LONGEST_TRUST_DOMAIN
        and path != b""
    )


def _rfc2253(subject: Iterable[Iterable[tuple[str, str]]]) -> bytes | None:
    groups = [list(group) for group in subject]
    if any(kind not in _SHORT for group in groups for kind, _ in group):
        return None
    texts = ("+".join(f"{_SHORT[kind]}={_escaped(value)}" for kind, value in reversed(group)) for group in groups)
    return ",".join(reversed(list(texts))).encode()


def _escaped(value: str) -> str:
    last = len(value) - 1
    escaped = []
    for index, character in enumerate(value):
        edge = (character == " " and index in (0, last)) or (character == "#" and index == 0)
        if edge or character in ',+"\\<>;':
            escaped.append("\\" + character)
        elif " " <= character < "\x7f":
            escaped.append(character)
        else:
            escaped.append("".join(f"\\{byte:02X}" for byte in character.encode()))
    return "".join(escaped)


def _chain(connection: ssl.SSLObject) -> bytes:
    """Return what the client sent beside its own certificate, as PEM."""
    sent = getattr(connection, "get_unverified_chain", None)
    return b"" if sent is None else b"".join(ssl.DER_cert_to_PEM_cert(der).encode() for der in sent()[1:])
