"""What functions of the runtime give that an earlier run has put where gRPC's own goes on beside Connect's.

Nothing else of moved code is gRPC's, and what the runtime gives needs no look there. But a stub that callers of a
public API see is still one of gRPC's class, and a servicer registered for them has gRPC's handlers and contexts.
An error that is shown with gRPC's own codes, beside services that stayed, is still to move; and on the runtime's
channels and servers what has stayed is made and registered, which knows their colour so.
"""

from __future__ import annotations

import ast

from grpc2connect.facts import api
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Channel,
    Class,
    Error,
    Instance,
    MovedChannel,
    MovedServer,
    MovedStub,
    Server,
    Site,
    Stub,
    StubClass,
    Value,
    Values,
)
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.vendor import PACKAGE

_CHANNELS = {
    "insecure_channel": False,
    "secure_channel": False,
    "aio_insecure_channel": True,
    "aio_secure_channel": True,
}
GIVES_NAMES = frozenset({"by_rpc_names", "stub_on"})
"""Functions that give a stub the names of its RPCs."""
_SERVERS = {"Server": False, "AioServer": True}


def name_in_runtime(dotted: str) -> str:
    """The name that is imported from the runtime, wherever that is vendored; "" for what is not its."""
    package, _, name = dotted.rpartition(".")
    return name if package.rpartition(".")[2] == PACKAGE else ""


def imports_runtime(module: Module) -> bool:
    """Whether a module has something of the runtime, as one has that an earlier run has moved."""
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and PACKAGE in (node.module or "").split("."):
            return True
        if isinstance(node, ast.Import | ast.ImportFrom) and any(PACKAGE in one.name.split(".") for one in node.names):
            return True
    return False


def result(name: str, node: ast.Call, site: Site, arguments: list[Values], env: Environment) -> Values:
    """What a call of a function of the runtime gives; what it registers is registered."""
    if name == "public_stub" and len(arguments) > 2:
        return frozenset(
            _stub(value, node, site, arguments[0], env) for value in arguments[1] if isinstance(value, StubClass)
        )
    if name == "rpc_error" and len(arguments) == 2 and Api(api.STATUS_CODE) in arguments[1]:
        return frozenset(value for value in arguments[0] if isinstance(value, Error)) or frozenset({Error(None)})
    if name in GIVES_NAMES:
        return _clients(arguments, env) or frozenset({MovedStub()})
    if name in _CHANNELS:
        return frozenset({MovedChannel(_CHANNELS[name], site)})
    if name in _SERVERS:
        server = MovedServer(_SERVERS[name], site)
        if any(keyword.arg in ("interceptors", None) for keyword in node.keywords):
            env.state.intercepted.add(server)
        return frozenset({server})
    if name == "intercept_channel" and arguments:
        return frozenset(value for value in arguments[0] if isinstance(value, Channel))
    if name == "add_servicer_to" and len(arguments) > 3:
        for adder in arguments[1]:
            if isinstance(adder, Adder):
                _register(adder, arguments[0], arguments[3], env)
    return NOTHING


def member_call(owner: Value, name: str, arguments: list[Values], env: Environment) -> Values:
    """What a method of a channel or server of the runtime gives; a servicer that it registers serves."""
    if isinstance(owner, MovedChannel) and name == "client":
        named = [one for values in arguments for one in values if isinstance(one, Class)]
        for found in filter(None, map(env.program.connect.of, named)):
            env.state.link(MovedStub(found[0]), owner)
        return frozenset(map(Instance, named))
    if isinstance(owner, MovedServer) and name == "add_service" and len(arguments) > 1:
        applications = [one for one in arguments[0] if isinstance(one, Class)]
        for found in filter(None, map(env.program.connect.of, applications)):
            env.state.link(owner, Adder(found[0]))
            for servicer in arguments[1]:
                if isinstance(servicer, Instance):
                    env.state.serve(servicer.cls, found[0])
    return NOTHING


def _clients(arguments: list[Values], env: Environment) -> Values:
    """The clients among some arguments, or those of the classes among them, as what answers to the names of RPCs."""
    named = [one.cls if isinstance(one, Instance) else one for values in arguments for one in values]
    found = [env.program.connect.of(one) for one in named if isinstance(one, Class)]
    return frozenset(MovedStub(one[0]) for one in found if one is not None)


def _stub(made: StubClass, node: ast.Call, site: Site, channels: Values, env: Environment) -> Stub:
    """One whose class says whether it is aio, unless both are given."""
    aio = made.aio
    if len(node.args) == 3 and aio is None:
        aio = last_name(node.args[2]) != made.service.connect_client_sync
    stub = Stub(made.service, aio, site)
    for channel in channels:
        if isinstance(channel, Channel):
            env.state.link(stub, channel)
    return stub


def _register(adder: Adder, servers: Values, servicers: Values, env: Environment) -> None:
    for servicer in servicers:
        if isinstance(servicer, Instance):
            env.state.serve(servicer.cls, adder.service)
    for server in servers:
        if isinstance(server, Server):
            env.state.link(server, Adder(adder.service))
