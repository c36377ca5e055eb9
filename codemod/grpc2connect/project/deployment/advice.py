"""What is to be said of variables of gRPC's core, and of the port that Connect clients need.

Source: grpc/grpc `doc/environment_variables.md`; the variables' names as they stand in grpcio 1.85's library; what
pyqwest 0.12 does with roots was tried; for proxies see the runtime's `wire.proxies`.
"""

from __future__ import annotations

import re

from grpc2connect.project.deployment.found import PORT, VARIABLE, Advice, Spot
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.results import Severity, State

DEFAULT_PORT = 8080

_CORE = re.compile(
    r"GRPC_(?:VERBOSITY|TRACE|STACKTRACE_MINLOGLEVEL|DNS_RESOLVER|POLL_STRATEGY|ENABLE_FORK_SUPPORT|EXPERIMENTS"
    r"|DEFAULT_SSL_ROOTS_FILE_PATH|SYSTEM_SSL_ROOTS_DIR|NOT_USE_SYSTEM_SSL_ROOTS|USE_SYSTEM_ROOTS_OVER_LANGUAGE_CALLBACK"
    r"|SSL_CIPHER_SUITES|ADDRESS_HTTP_PROXY|ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES|CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"
    r"|CHANNELZ_MAX_ORPHANED_NODES|ALTS_MAX_CONCURRENT_HANDSHAKES|ABORT_ON_LEAKS|ALLOW_TRUE_BINARY_METADATA"
    r"|PREFERRED_RECEIVE_MESSAGE_SIZE|THREAD_POOL_VERBOSE_FAILURES|ASYNCIO_ENGINE|SINGLE_THREADED_UNARY_STREAM"
    r"|EXPERIMENTAL_\w+|GCP_OBSERVABILITY_CONFIG(?:_FILE)?)"
)
_XDS = re.compile(r"GRPC_XDS_\w+")

_BOTH = {
    "GRPC_VERBOSITY": "logs of the Connect wire are Python's: logging.getLogger('grpc2connect_runtime').setLevel(...)",
    "GRPC_TRACE": "logs of the Connect wire are Python's: logging.getLogger('grpc2connect_runtime').setLevel(...)",
    "GRPC_STACKTRACE_MINLOGLEVEL": "logs of the Connect wire are Python's",
    "GRPC_POLL_STRATEGY": "drop it when grpcio goes",
}
_CLIENTS = {
    "GRPC_DNS_RESOLVER": "the Connect wire asks the system's resolver; set G2C_WIRE=grpcio where another is needed",
    "GRPC_ENABLE_FORK_SUPPORT": "channels used before a fork are cut off after it; channels made after it, with grpcio "
    "installed, go on; or set G2C_WIRE=grpcio",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "the Connect wire takes the system's roots and does not read it: set "
    "SSL_CERT_FILE={value} as well, or pass root_certificates, or set G2C_WIRE=grpcio",
    "GRPC_SYSTEM_SSL_ROOTS_DIR": "the Connect wire takes the system's roots: set SSL_CERT_FILE, or G2C_WIRE=grpcio",
    "GRPC_SSL_CIPHER_SUITES": "the Connect wire has the cipher suites of its TLS library: set G2C_WIRE=grpcio where "
    "these are required",
}
_WEIGHTY = frozenset({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "GRPC_SYSTEM_SSL_ROOTS_DIR", "GRPC_SSL_CIPHER_SUITES"})
_PROXIES = frozenset({"grpc_proxy", "https_proxy", "http_proxy", "GRPC_ADDRESS_HTTP_PROXY"})
_ABOUT_PROXIES = frozenset({"no_grpc_proxy", "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES"})


def is_core_variable(name: str) -> bool:
    """Whether gRPC's core, or its Python layer, reads a variable."""
    return _CORE.fullmatch(name) is not None or _XDS.fullmatch(name) is not None


def variable(
    name: str,
    value: str,
    line: int,
    column: int,
    program: Program | None,
    world: World,
    kind: str = "environment variable",
) -> list[Spot]:
    """A variable that gRPC's core reads: whether it still means something; nothing for the application's own."""
    calls = program is None or program.calls
    units = program.units if program is not None else ()
    if name in _PROXIES | _ABOUT_PROXIES:
        return _proxy(name, line, column, program, kind)
    if _XDS.fullmatch(name):
        why = "xds: channels and servers are carried by grpcio"
        return [Spot(line, column, VARIABLE, kind, name, State.BRIDGED, why, units=units)]
    if _CORE.fullmatch(name) is None:
        return []
    serving = program is None or program.serves
    goes_on = serving and not world.single
    why = "grpcio reads it: for its servers, and for channels that it carries"
    todo = _CLIENTS.get(name) if calls else None
    todo = todo or (_BOTH.get(name) if calls or world.single else None)
    if todo is None and not goes_on and (calls or world.single):
        todo = "it means something to grpcio only: drop it when grpcio goes, or set G2C_WIRE=grpcio"
    if todo is None:
        return [Spot(line, column, VARIABLE, kind, name, State.BRIDGED, why, units=units)]
    where = "channels that have moved" if calls else "what serves the port"
    also = " (grpcio's server goes on reading it)" if goes_on else ""
    severity = Severity.WARNING if name in _WEIGHTY and calls else Severity.NOTE
    told = Advice(f"{name} means nothing to {where}{also}", todo.replace("{value}", value or "..."), severity)
    return [Spot(line, column, VARIABLE, kind, name, State.BRIDGED, why, told, units)]


def _proxy(name: str, line: int, column: int, program: Program | None, kind: str) -> list[Spot]:
    if program is None or not program.calls:
        return []
    why = "channels read it as grpcio does"
    told = None
    if name in _PROXIES:
        message = f"channels to hosts that {name} is for are carried by grpcio, which tunnels through the proxy"
        told = Advice(message, "keep grpcio installed there, or name the servers in no_grpc_proxy")
    return [Spot(line, column, VARIABLE, kind, name, State.BRIDGED, why, told, program.units)]


def connect_port(world: World, program: Program, taken: set[int]) -> tuple[int, str]:
    """The port for Connect clients of a program, and why the one that was asked for cannot be put in; empty: it can."""
    used = {*taken, *program.ports}
    asked = world.options.connect_port
    if not asked:
        return next(port for port in range(DEFAULT_PORT, 65536) if port not in used), ""
    if asked in used:
        return asked, "it is used here already"
    return asked, "" if program.has_one_server else "the program makes several servers, which cannot share it"


def connect_port_spot(line: int, column: int, text: str, told: Advice, program: Program) -> Spot:
    """The place where a program's port is gRPC's alone, with what is said of it once for the program."""
    why = "the port is gRPC's"
    return Spot(line, column, PORT, "Connect port", text, State.BRIDGED, why, told, program.units, program.key)


def no_connect_port(how: str, port: int, obstacle: str) -> Advice:
    """Connect clients cannot reach a server that grpcio carries; how they could."""
    if obstacle:
        message = f"--connect-port {port} is not put in: {obstacle}"
        return Advice(message, "give it another one by hand (G2C_CONNECT_ADDRESS)", Severity.WARNING)
    message = "its port serves gRPC as before; for Connect, gRPC-Web and JSON it has none"
    return Advice(message, f"where such clients come, {how}; --connect-port {port} writes that")
