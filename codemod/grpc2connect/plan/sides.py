"""The side of a call that a reference is about: the server's, the client's, or both where they cannot be told apart.

A stage of a migration moves one side. What is about both (an expression that can be a stub or a servicer, a generated
module that goes as a value) binds the two sides of its services, which then move in one step.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable

from grpc2connect.facts import api
from grpc2connect.facts import references as refs
from grpc2connect.facts.compared_codes import compared, is_named
from grpc2connect.facts.compared_codes import services as compared_services
from grpc2connect.facts.kinds import (
    Adder,
    Api,
    Call,
    Channel,
    Context,
    Credentials,
    Error,
    MaybeError,
    Member,
    Raises,
    Rpc,
    RpcVariant,
    Server,
    ServicerBase,
    Stub,
    StubClass,
    Value,
    Wrapped,
)
from grpc2connect.facts.reference import Reference
from grpc2connect.options import Stage


class Side(enum.Enum):
    """A side of calls."""

    SERVER = "server"
    CLIENT = "client"


SIDES = {Stage.SERVER: Side.SERVER, Stage.CLIENT: Side.CLIENT}
"""The stages that move one side."""
Sides = frozenset[Side]
BOTH: Sides = frozenset(Side)
SERVER: Sides = frozenset({Side.SERVER})
CLIENT: Sides = frozenset({Side.CLIENT})
_NEITHER: Sides = frozenset()

_OF_SERVERS = (refs.Servicer, refs.HandlerDefinition, refs.HandlerUse, refs.Registration, refs.ServerConstruction)
_OF_CLIENTS = (refs.ChannelConstruction, refs.StubConstruction, refs.ErrorClass, refs.ErrorIdentity)
_MEMBERS = (refs.ChannelUse, refs.ServerUse, refs.ContextUse, refs.CallUse, refs.ErrorUse)
"""Attributes of an object, which can be objects of both sides: `resource.close()`."""

_TYPES = {
    **dict.fromkeys(api.CHANNEL_TYPES, CLIENT),
    **dict.fromkeys(api.SERVER_TYPES, SERVER),
    **dict.fromkeys(api.CONTEXT_TYPES, SERVER),
    "grpc.RpcContext": BOTH,
    "grpc.CallCredentials": CLIENT,
    "grpc.ChannelCredentials": CLIENT,
    "grpc.ServerCredentials": SERVER,
}
_SERVING = (
    "grpc.GenericRpcHandler", "grpc.HandlerCallDetails", "grpc.RpcMethodHandler", "grpc.ServerInterceptor",
    "grpc.ServiceRpcHandler", "grpc.Status", "grpc._server._RequestIterator", "grpc.aio.AbortError",
    "grpc.aio.ServerInterceptor", "grpc.experimental.wrap_server_method_handler",
    "grpc.method_handlers_generic_handler", "grpc.server", "grpc.aio.server",
    "grpc.ssl_server_certificate_configuration", "grpc_status.rpc_status.to_status", "grpc_testing.Server",
    api.TEST_SERVER, *api.METHOD_HANDLERS, *api.REFLECTION,
    *(f"grpc_testing.{kinds}ServerRpc" for kinds in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")),
)  # fmt: skip
_ASKING = (
    "grpc.AuthMetadataContext", "grpc.AuthMetadataPlugin", "grpc.AuthMetadataPluginCallback", "grpc.Call",
    "grpc.ChannelConnectivity", "grpc.ClientCallDetails", "grpc.Future", "grpc.FutureCancelledError",
    "grpc.FutureTimeoutError", "grpc._channel._RPCState", "grpc.aio.Call", "grpc.aio.ClientCallDetails",
    "grpc.channel_ready_future", "grpc.experimental.session_cache.ssl_session_cache_lru", "grpc.intercept_channel",
    api.TEST_CHANNEL, api.TEST_CHANNEL_TYPE, *api.CHANNELS, *api.ERRORS,
    *(f"grpc.{kinds}ClientInterceptor" for kinds in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")),
    *(f"grpc.aio.{name}" for name in api.AIO_INTERCEPTORS if name.endswith("ClientInterceptor")),
    *(f"grpc.aio.{kinds}Call" for kinds in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")),
    *(f"grpc_testing.{kinds}ChannelRpc" for kinds in ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")),
    *api.MESSAGES,
)  # fmt: skip
_PATHS = {
    **_TYPES,
    **dict.fromkeys(_SERVING, SERVER),
    **dict.fromkeys(_ASKING, CLIENT),
    **{path: SERVER if of == "server" else CLIENT for path, of in api.ALL_CREDENTIALS.items()},
}
_MET_BY_ALL = frozenset({"grpc.Call", "grpc.Future", "grpc._channel._RPCState", "grpc.aio.AbortError"})
"""What errors that a program makes itself are made of: whoever serves or asks may meet those."""


def sides(reference: Reference) -> Sides:
    """The sides that a reference is about."""
    match reference:
        case _ if isinstance(reference, _OF_SERVERS):
            return SERVER
        case _ if isinstance(reference, _OF_CLIENTS):
            return CLIENT
        case _ if isinstance(reference, _MEMBERS):
            return _of_owners(reference) or BOTH
        case refs.Import():
            return _of_values(reference, reference.node) or BOTH
        case refs.RpcUse(other=other):
            return BOTH if other == "servicer" else CLIENT
        case refs.UnknownRpc():
            return CLIENT if reference.called or reference.mock else BOTH
        case refs.StatusMember():
            if compared_services(reference.facts, reference.module, reference.node):
                return CLIENT
            if reference.units or _is_given_to_a_context(reference) or _is_compared_with(reference, Context):
                return SERVER
            return CLIENT if _is_compared_with(reference, Error) else BOTH
        case refs.TypeUse(service=None):
            return _TYPES.get(reference.path, BOTH)
        case refs.TypeUse(service=service):
            return SERVER if service is not None and reference.path == service.servicer_class else CLIENT
        case refs.GeneratedUse():
            return _of_generated(reference)
        case refs.CalledValue():
            return _of_values(reference, reference.node.func) or BOTH
        case refs.NamedByText():
            return _of_text(reference)
        case refs.HandedOver(kind_of="stub" | "channel"):
            return CLIENT
        case refs.HandedOver(kind_of="server"):
            return SERVER
        case refs.HandedOver():
            return _of_values(reference, reference.node) or BOTH
        case refs.AddOnUse() | refs.ApiUse():
            return _of_name(reference)
    return BOTH


def meets(reference: Reference) -> Sides:
    """The sides on which services that stay matter to a reference: both for codes, which get about."""
    if isinstance(reference, refs.ErrorUse):
        return CLIENT if reference.name not in ("code", "_code") or _stays_here(reference) else BOTH
    if isinstance(reference, refs.StatusMember) and _is_given_to_a_context(reference):
        return BOTH if reference.among_all else SERVER
    if reference.among_all:
        return BOTH
    if isinstance(reference, refs.ApiUse) and reference.path in _MET_BY_ALL:
        return BOTH
    return sides(reference)


def asks_which(reference: Reference) -> bool:
    """Whether a code that a context may have given is asked which object, or of which class, it is.

    A context that has moved gives the runtime's codes, which are equal to gRPC's, and other objects.
    """
    if isinstance(reference, refs.StatusMember):
        parent = reference.module.parents[reference.node]
        by_identity = isinstance(parent, ast.Compare) and any(isinstance(op, ast.Is | ast.IsNot) for op in parent.ops)
        asks = by_identity and sides(reference) == BOTH
    else:
        asks = isinstance(reference, refs.TypeUse) and reference.path == api.STATUS_CODE and not reference.annotation
    return asks and reference.facts.status_is_asked(frozenset())


def _stays_here(use: refs.ErrorUse) -> bool:
    """Whether the code of an error is compared on the spot, or asked for a text, so that it gets nowhere."""
    parent = use.module.parents[use.call] if use.call is not None else None
    return _is_compared_with(use, Error) or (isinstance(parent, ast.Attribute) and parent.attr in ("name", "value"))


def _is_compared_with(use: refs.StatusMember | refs.ErrorUse, owner: type[Error | Context]) -> bool:
    """Whether a code is compared, where it stands, with those of errors (or of contexts) and nothing else."""
    node = use.node if isinstance(use, refs.StatusMember) else use.call
    if node is None:
        return False
    every = compared(use.module, node)
    asked = [one for one in every if _is_code_of(use, one, owner)]
    return bool(asked) and all(one in asked or is_named(use.facts, one) for one in every)


def _is_given_to_a_context(use: refs.StatusMember) -> bool:
    """Whether a code is given to a context, of whichever service."""
    call = use.module.parents[use.node]
    values = use.facts.values(call.func) if isinstance(call, ast.Call) else ()
    return any(isinstance(value, Member) and isinstance(value.owner, Context) for value in values)


def _is_code_of(use: Reference, node: ast.expr, owner: type[Error | Context]) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "code":
        return False
    values = use.facts.values(node.func)
    return bool(values) and all(isinstance(value, Member) and isinstance(value.owner, owner) for value in values)


def _of_value(value: Value) -> Sides:
    while isinstance(value, Wrapped | Member):
        value = value.value if isinstance(value, Wrapped) else value.owner
    match value:
        case Server() | Context() | ServicerBase() | Adder() | Credentials(of="server"):
            return SERVER
        case Channel() | Stub() | StubClass() | Rpc() | RpcVariant() | Call() | Error() | MaybeError() | Raises():
            return CLIENT
        case Credentials():
            return CLIENT
        case Api(path):
            return _of_path(path) or _NEITHER
    return _NEITHER


def _union(found: Iterable[Sides]) -> Sides:
    return _NEITHER.union(*found)


def _of_values(reference: Reference, node: ast.AST) -> Sides:
    return _union(_of_value(value) for value in reference.facts.values(node))


def _of_owners(reference: Reference) -> Sides:
    values = reference.facts.values(reference.node)
    return _union(_of_value(value) for value in values if isinstance(value, Member))


def _of_generated(use: refs.GeneratedUse) -> Sides:
    match use.value:
        case "stub" | "static":
            return CLIENT
        case "registration" | "servicer":
            return SERVER
        case "module":
            return BOTH
    return _of_values(use, use.node) or BOTH


def _of_text(use: refs.NamedByText) -> Sides:
    target = use.target
    if target is not None:
        return (_of_path(target.path) if target.path else CLIENT) or BOTH
    if use.asked is not None:
        return SERVER
    if use.stub is not None:
        return CLIENT
    if use.method is not None:
        return CLIENT if isinstance(use.node, ast.Call) else SERVER
    return BOTH


def _of_name(use: refs.ApiUse | refs.AddOnUse) -> Sides:
    """By the name, where that tells; else by what it is given, or where what it gives is compared."""
    cls = use.module.parents[use.node]
    if isinstance(cls, ast.ClassDef):
        # An object that is an interceptor of both sides is given to both.
        return _union(_of_values(use, base) for base in cls.bases) or BOTH
    if found := _of_path(use.path):
        return found
    if isinstance(use, refs.AddOnUse):
        last = use.path.removeprefix(api.TELEMETRY)
        if ("Client" in last or "client" in last) != ("Server" in last or "server" in last):
            return CLIENT if "lient" in last else SERVER
        if use.path.startswith(("grpc_health", "grpc_reflection", "grpc_channelz", "grpc_admin", "grpc_csds")):
            return BOTH if "_pb2" in use.path else SERVER
    elif use.path == api.END_OF_STREAM:
        return _of_readers(use) or BOTH
    if isinstance(use, refs.ApiUse) and use.call is not None:
        return _of_arguments(use, use.call) or BOTH
    return BOTH


def _of_path(path: str) -> Sides | None:
    while path not in _PATHS and "." in path:
        path = path.rpartition(".")[0].removesuffix("()")  # `grpc.ChannelConnectivity.READY`
        if path in ("grpc", "grpc.aio"):
            return None
    return _PATHS.get(path)


def _of_readers(use: refs.ApiUse) -> Sides:
    """The sides whose streams are read from in the function around the end of a stream."""
    function = use.facts.function_around(use.module, use.node) or use.module.tree
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr == "read")
    values = {value for node in nodes for value in use.facts.values(node) if isinstance(value, Member)}
    return _union(map(_of_value, values))


def _of_arguments(use: refs.ApiUse, call: ast.Call) -> Sides:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    served = SERVER if any(use.facts.served(node) for node in given) else _NEITHER
    return _union([served, *(_of_values(use, node) for node in given)])
