"""gRPC targets as the URLs that Connect clients take."""

from __future__ import annotations

from dataclasses import dataclass

from connectrpc.code import Code

__all__ = ["Target", "Unusable", "parse_target"]

_DEFAULT_PORT = 443
_LAST_PORT = 65535
_NOWHERE = "target.invalid"


@dataclass(frozen=True)
class Unusable:
    """How each call to a target fails that names no place."""

    code: Code
    details: str


@dataclass(frozen=True)
class Target:
    """One host and port; `unusable` if the target named none, which its calls are told."""

    host: str
    port: int
    unusable: Unusable | None = None

    def url(self, scheme: str, host: str | None = None) -> str:
        """Return the URL, without a trailing slash (with one, connectrpc 0.13 answers "Not Found")."""
        host = host or self.host
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"


def parse_target(target: str) -> Target:
    """Return the host and port of a gRPC target; without any, one that says how its calls fail, as with grpcio.

    Args:
        target: `host:port`, or with `dns:///`, `dns:`, `ipv4:`, `ipv6:` or `passthrough:///`; the port is 443 if there
            is none, as in grpcio.

    Raises:
        NotImplementedError: a target that only grpcio reaches: `unix:`, `xds:`, several addresses, a DNS authority.

    Source: the texts of grpcio 1.85.
    """
    scheme, colon, rest = target.partition(":")
    known = ("dns", "ipv4", "ipv6", "passthrough")
    if (colon and scheme in ("unix", "unix-abstract", "xds", "google-c2p", "vsock")) or (
        "://" in target and scheme not in known
    ):
        raise NotImplementedError(f"{target!r}: pyqwest cannot reach {scheme}: targets; keep this channel on grpcio")
    address = target
    if colon and scheme in known and not rest.isdigit():
        address = rest
        if address.startswith("//"):
            authority, _, address = address[2:].partition("/")
            if authority:
                raise NotImplementedError(f"{target!r}: a DNS server cannot be chosen; keep this channel on grpcio")
    if "," in address:
        raise NotImplementedError(f"{target!r}: one address only; keep a channel to several on grpcio")
    address = address.replace("%5B", "[").replace("%5D", "]")
    if address.startswith("["):
        host, _, port = address[1:].partition("]")
        port = port.removeprefix(":")
    elif address.count(":") > 1:
        host, port = address, ""
    else:
        host, _, port = address.partition(":")
    if not address and colon and scheme in ("ipv4", "ipv6"):
        return Target(_NOWHERE, _DEFAULT_PORT, Unusable(Code.UNAVAILABLE, "empty address list"))
    if not address:
        uri = target if colon else f"dns:///{target}"
        said = f"Failed to create channel to '{target}':the target uri is not valid: {uri}"
        return Target(_NOWHERE, _DEFAULT_PORT, Unusable(Code.UNKNOWN, said))
    if not host:
        return _unresolved(address, f"host must not be empty in name: {address}")
    port = port.strip()
    if port and not (port.isdecimal() and int(port) <= _LAST_PORT):
        return _unresolved(address, f"Failed to parse port in name: {address}")
    return Target(host, int(port) if port else _DEFAULT_PORT)


def _unresolved(address: str, why: str) -> Target:
    said = f"errors resolving {address}: [field:hostname lookup error:{why}]"
    return Target(_NOWHERE, _DEFAULT_PORT, Unusable(Code.UNAVAILABLE, said))
