"""Addresses that a server listens on, bound as `add_insecure_port` does: at once."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

__all__ = ["bind"]

_ATTEMPTS = 16


def bind(address: str, *, reuse_port: bool) -> tuple[list[socket.socket], int]:
    """Bind an address; return its sockets and port (1 for a unix socket, as in grpcio).

    Args:
        address: `host:port` (every address the host resolves to is bound, on one port), `[::]:port` (both families),
            `unix:path`, `unix:///path`, `unix-abstract:name`, with or without `dns:///`, `ipv4:` or `ipv6:`;
            `fd:number` for a bound stream socket that the process was started with (systemd's first is `fd:3`).
        reuse_port: whether several servers may share the port.

    Raises:
        RuntimeError: "Failed to bind to address ...".
    """
    try:
        if address.startswith("unix:"):
            return [_unix(address.removeprefix("unix:"))], 1
        if address.startswith("unix-abstract:"):
            return [_unix("\0" + address.removeprefix("unix-abstract:"))], 1
        if address.startswith("fd:"):
            return _passed(address.removeprefix("fd:"))
        return _tcp(address, reuse_port)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"Failed to bind to address {address}; {error}") from error


def _unix(path: str) -> socket.socket:
    if path.startswith("//"):
        path = path[2:]
    with contextlib.suppress(FileNotFoundError, ValueError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.remove(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(path)
    sock.setblocking(False)
    return sock


def _passed(number: str) -> tuple[list[socket.socket], int]:
    if not number.isdigit():
        raise ValueError("no number of a file descriptor given")
    sock = socket.socket(fileno=os.dup(int(number)))
    try:
        if sock.type != socket.SOCK_STREAM:
            raise ValueError("the file descriptor is no stream socket")
        sock.setblocking(False)
        place = sock.getsockname()
    except BaseException:
        sock.close()
        raise
    return [sock], place[1] if isinstance(place, tuple) else 1


def _split(address: str) -> tuple[str, int]:
    for prefix in ("dns:///", "dns:", "ipv4:", "ipv6:"):
        address = address.removeprefix(prefix)
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError("no port given")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _tcp(address: str, reuse_port: bool) -> tuple[list[socket.socket], int]:
    host, port = _split(address)
    if host in ("", "*", "::"):
        with contextlib.suppress(OSError):
            sock = _listener(socket.AF_INET6, ("::", port), reuse_port, dual=True)
            return [sock], sock.getsockname()[1]
        host = "0.0.0.0"
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((family, place[0]) for family, _, _, _, place in found))
    for attempt in range(_ATTEMPTS):
        sockets: list[socket.socket] = []
        chosen, refused = port, None
        for family, place in addresses:
            try:
                sock = _listener(family, (str(place), chosen), reuse_port and port != 0)
            except OSError as error:
                refused = error
                if chosen and sockets and not port and attempt < _ATTEMPTS - 1:
                    break
                continue
            sockets.append(sock)
            chosen = sock.getsockname()[1]
        else:
            if not sockets:
                raise refused or OSError("the host has no address")
            return sockets, chosen
        # The port that the first address got is taken on the next: try another.
        for sock in sockets:
            sock.close()
    raise OSError("no free port on all addresses")


def _listener(family: int, place: tuple[str, int], reuse_port: bool, *, dual: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port and hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(place)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
