"""G2C305: services and interceptors that a gRPC add-on brings go on as they are.

    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)

Why: what grpcio-health-checking, grpcio-reflection, grpcio-channelz, grpc-interceptor, py-grpc-prometheus and the
interceptors of opentelemetry-instrumentation-grpc are made of is gRPC code that is installed, not the project's. The
runtime's servers and channels take it, beside services that have moved. `grpcio` and the add-on stay dependencies for
as long as they are used.

Native form: `grpc2connect_runtime.health` (or the same proto, generated for Connect) and `enable_reflection`, which
need no grpcio; `connectrpc-otel`.

Reported: channelz, which only shows what grpcio itself carries.
Left: OpenTelemetry's instrumentors, which replace functions of grpcio that moved code does not call; its sync client
interceptor, which is none of grpcio's.

Source: grpcio-health-checking, grpcio-reflection, grpcio-channelz 1.85; grpc-interceptor 0.15;
py-grpc-prometheus 0.8; opentelemetry-instrumentation-grpc 0.5x.
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, rule
from grpc2connect.rules_api.references import AddOnUse

_PATCHING = frozenset(
    {"GrpcInstrumentorServer", "GrpcInstrumentorClient", "GrpcAioInstrumentorServer", "GrpcAioInstrumentorClient"}
)


@rule("G2C305", on=AddOnUse)
def add_on(use: AddOnUse) -> Iterator[Outcome]:
    """Services and interceptors that an add-on brings go on as they are."""
    name = api.ADD_ONS[use.path.partition(".")[0]]
    if use.path.startswith(api.TELEMETRY):
        used = use.path.removeprefix(f"{api.TELEMETRY}.").partition("(")[0]
        if used.partition(".")[0] in _PATCHING:
            yield Left(
                f"{used} replaces functions of grpcio, which moved code does not call",
                advice="use ConnectInstrumentor of connectrpc-otel instead",
                wire=True,
            )
            return
        if used == "client_interceptor":
            yield Left("this interceptor is none of grpcio's", advice="use connectrpc-otel, or an aio channel")
            return
    channelz = name == "grpcio-channelz"
    yield Bridged(
        why=f"{name} goes on, on the runtime's servers and channels",
        finding="channelz shows what grpcio itself carries, and nothing of what has moved" if channelz else "",
        advice="watch what has moved by other means" if channelz else "",
    )
