"""Proxies that the environment names: which channels grpcio would send through one, and what pyqwest is told then.

Both libraries read such variables, and not the same ones. grpcio takes the first that is set of `grpc_proxy`,
`https_proxy` and `http_proxy`, tunnels by `CONNECT` with TLS and without, and leaves out the hosts that end like an
entry of `no_grpc_proxy` (`no_proxy` if that is not set) or are in one of its address ranges. pyqwest reads capitals and
`ALL_PROXY` too, and sends plaintext HTTP/2 to a proxy as if that were the server. A program that has moved reaches its
servers by the way it always has, so grpcio's reading counts, and pyqwest's own is switched off.

Source: grpc/grpc `doc/environment_variables.md` and `src/core/handshaker/http_connect/http_proxy_mapper.cc`; each case
was tried on grpcio 1.85 and pyqwest 0.12.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyqwest import Proxy

from ..channel_options import named
from ..targets import Target

__all__ = ["FoundProxy", "found_proxy", "proxy_argument"]

_NAMES = ("grpc_proxy", "https_proxy", "http_proxy")
_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
_BY_ADDRESS = "GRPC_ADDRESS_HTTP_PROXY"
_ADDRESSES = "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES"
_SCHEME = "http://"
_OFF = "http://127.0.0.1:9"


@dataclass(frozen=True)
class FoundProxy:
    """A proxy of the environment.

    Attributes:
        variable: what names it.
        url: where it is, perhaps with a user and a password: not to be logged.
        certain: whether the target goes through it; else only a resolver could tell.
    """

    variable: str
    url: str
    certain: bool = True


def found_proxy(target: Target, options: Sequence[tuple[str, Any]] | None) -> FoundProxy | None:
    """Return the proxy through which grpcio reaches a target, or None.

    Args:
        target: host and port of a channel.
        options: of the channel; `grpc.enable_http_proxy` = 0 is for no proxy.
    """
    enabled = dict(named(options)).get("grpc.enable_http_proxy", 1) != 0
    return (_by_name(target.host) if enabled else None) or _by_address(target.host)


def proxy_argument(found: FoundProxy | None, target: Target, *, secure: bool, http2: bool, renamed: bool) -> Proxy:
    """Return what a pyqwest transport takes for `proxy`: the one that was found, or one that is for no request of it.

    Args:
        found: what `found_proxy` says.
        target: of the channel.
        secure: whether the channel has TLS.
        http2: whether plaintext is HTTP/2, for which pyqwest has no tunnel.
        renamed: whether the URL names another host than the target.

    Raises:
        ConnectionError: pyqwest cannot reach the target through that proxy.
    """
    if found is None:
        # With any proxy given, the environment is not asked.
        return Proxy(_OFF, scheme="http" if secure else "https")
    if (secure or not http2) and found.certain and not renamed:
        return Proxy(found.url)
    raise ConnectionError(
        f"{target.host}:{target.port} is to be reached through the proxy of {found.variable}, which takes grpcio: "
        "install grpc2connect-runtime[grpc] (and do not set G2C_WIRE=connect), name the host in no_grpc_proxy, or give "
        "the channel the option grpc.enable_http_proxy=0"
    )


def _by_name(host: str) -> FoundProxy | None:
    variable = next((name for name in _NAMES if name in os.environ), None)
    if variable is None:
        return None
    url = os.environ[variable]
    # Others are logged by grpcio as an error, and no proxy is used.
    if not url.removeprefix(_SCHEME).strip("/") or not url.startswith(_SCHEME):
        return None
    exceptions = next((os.environ[name] for name in _EXCEPTIONS if name in os.environ), "")
    return None if _is_included(host, exceptions) else FoundProxy(variable, url)


def _by_address(host: str) -> FoundProxy | None:
    place, addresses = os.environ.get(_BY_ADDRESS), os.environ.get(_ADDRESSES)
    if not place or not addresses:
        return None
    literal = _address(host) is not None
    if literal and not _is_included(host, addresses):
        return None
    return FoundProxy(_BY_ADDRESS, f"{_SCHEME}{place}", certain=literal)


def _is_included(host: str, entries: str) -> bool:
    stripped = (entry.strip().lower() for entry in entries.split(","))
    return any(entry and (host.lower().endswith(entry) or _is_in_range(host, entry)) for entry in stripped)


def _is_in_range(host: str, entry: str) -> bool:
    network, _, bits = entry.partition("/")
    address = _address(host)
    if address is None or _address(network) is None or not bits.isdecimal():
        return False
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
