"""gRPC targets as the URLs that Connect clients take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Target", "parse_target"]

_DEFAULT_PORT = 443


@dataclass(frozen=True)
class Target:
    """One host and port."""

    host: str
    port: int

    def url(self, scheme: str, host: str | None = None) -> str:
        """Return the URL, without a trailing slash (with one, connectrpc 0.13 answers "Not Found")."""
        host = host or self.host
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"


def parse_target(target: str) -> Target:
    """Return the host and port of a gRPC target.

    Args:
        target: `host:port`, or with `dns:///`, `dns:`, `ipv4:`, `ipv6:` or `passthrough:///`; the port is 443 if there
            is none, as in grpcio.

    Raises:
        NotImplementedError: a target that only grpcio reaches: `unix:`, `xds:`, several addresses, a DNS authority.
        ValueError: no host, or no number for a port.
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
    if not host or (port and not port.isdigit()):
        raise ValueError(f"not a gRPC target: {target!r}")
    return Target(host, int(port) if port else _DEFAULT_PORT)
