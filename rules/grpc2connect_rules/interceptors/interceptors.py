"""G2C701: interceptors, and handlers made by hand, are those of the runtime.

    - class Auth(grpc.ServerInterceptor):
    + class Auth(ServerInterceptor):
          def intercept_service(self, continuation, handler_call_details):
              if ("x-token", TOKEN) not in handler_call_details.invocation_metadata:
    -             return grpc.unary_unary_rpc_method_handler(refuse)
    +             return unary_unary_rpc_method_handler(refuse)
              return continuation(handler_call_details)

Why: the runtime's servers and channels run gRPC's interceptors with their old meaning, in their order, for all kinds of
RPCs. It gives the same names, so no line of an interceptor changes but where it says `grpc`. Where some services of the
program stay, their servers want grpcio's own classes: those stay, and the runtime runs them as they are.

The private class of what a sync channel's interceptors are given is the runtime's, too:

    - details = grpc._interceptor._ClientCallDetails(method, timeout, metadata, None, None, None)
    + details = SyncClientCallDetails(method, timeout, metadata, None, None, None)

Native form: an interceptor of connectrpc, of the colour (sync or async) of the client or the application.

Reported: a client interceptor that asks what it continues with for what grpcio's calls have for themselves
(`continuation(details, request)._state`), which the runtime's have not.

Source: grpc.ServerInterceptor, grpc.intercept_channel, grpc.aio.ClientInterceptor and their kin (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_SYNC = (
    "ClientCallDetails",
    "GenericRpcHandler",
    "HandlerCallDetails",
    "RpcMethodHandler",
    "ServerInterceptor",
    "ServiceRpcHandler",
    "StreamStreamClientInterceptor",
    "StreamUnaryClientInterceptor",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryClientInterceptor",
    "intercept_channel",
    "method_handlers_generic_handler",
    "stream_stream_rpc_method_handler",
    "stream_unary_rpc_method_handler",
    "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler",
)
_NAMES = {f"grpc.{name}": name for name in _SYNC} | {f"grpc.aio.{name}": f"Aio{name}" for name in api.AIO_INTERCEPTORS}
_NAMES["grpc.experimental.wrap_server_method_handler"] = "wrap_server_method_handler"
_NAMES[api.SYNC_CALL_DETAILS] = "SyncClientCallDetails"


@rule("G2C701", on=ApiUse, names=set(_NAMES), attribute="path")
def interceptors(use: ApiUse) -> Iterator[Outcome]:
    """Interceptors, and handlers made by hand, are those of the runtime."""
    private = next(_private_parts(use), "")
    yield Bridged(
        edits.replace(use.module, use.node, runtime(_NAMES[use.path])),
        why="the native form is an interceptor of connectrpc",
        finding=f"it asks a call for '{private}', a private part of grpcio's that the runtime's have not"
        if private
        else "",
        advice="ask the call's methods" if private else "",
        # Tests replace it where it is looked up, and a name that they spell stays where something stays.
        mixed=use.path == "grpc.intercept_channel" and not use.facts.patches.replaces(use.path),
    )
    if use.path != api.SYNC_CALL_DETAILS or not _is_asked_for(use):
        yield Bridged(why="some services here stay on gRPC, and the runtime runs grpcio's interceptors as they are")


def _is_asked_for(use: ApiUse) -> bool:
    """Whether something is asked whether it is of a class, as the runtime's own details are not of grpcio's."""
    match use.module.parents[use.node]:
        case ast.Call(func=ast.Name("isinstance" | "issubclass" | "type")) | ast.Compare() | ast.Tuple():
            return True
    return False


def _private_parts(use: ApiUse) -> Iterator[str]:
    """What the methods of an interceptor that derives from this ask of what they continue with, and only grpcio has."""
    owner = use.module.parents[use.node]
    if not isinstance(owner, ast.ClassDef) or "Client" not in _NAMES[use.path]:
        return
    for method in owner.body:
        if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) or len(method.args.args) < 2:
            continue
        nodes = list(ast.walk(method))
        continued = method.args.args[1].arg
        calls = {
            target.id
            for node in nodes
            if isinstance(node, ast.Assign) and _continues(node.value, continued)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in api.CALL_PRIVATE:
                named = isinstance(node.value, ast.Name) and node.value.id in calls
                if named or _continues(node.value, continued):
                    yield node.attr


def _continues(node: ast.expr, continuation: str) -> bool:
    """Whether an expression is what the next interceptor, or the call itself, gives."""
    node = node.value if isinstance(node, ast.Await) else node
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == continuation
