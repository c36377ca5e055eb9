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

Native form: an interceptor of connectrpc, of the colour (sync or async) of the client or the application.

Source: grpc.ServerInterceptor, grpc.intercept_channel, grpc.aio.ClientInterceptor and their kin (grpcio 1.85).
"""

from __future__ import annotations

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


@rule("G2C701", on=ApiUse, names=set(_NAMES), attribute="path")
def interceptors(use: ApiUse) -> Iterator[Outcome]:
    """Interceptors, and handlers made by hand, are those of the runtime."""
    yield Bridged(
        edits.replace(use.module, use.node, runtime(_NAMES[use.path])),
        why="the native form is an interceptor of connectrpc",
        # Tests replace it where it is looked up, and a name that they spell stays where something stays.
        mixed=use.path == "grpc.intercept_channel" and not use.facts.patches.replaces(use.path),
    )
    yield Bridged(why="some services here stay on gRPC, and the runtime runs grpcio's interceptors as they are")
