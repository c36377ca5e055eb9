"""G2C305: services and interceptors that a gRPC add-on brings go on as they are.

    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)

Why: what grpcio-health-checking, grpcio-reflection, grpcio-channelz and its kin, grpc-interceptor, py-grpc-prometheus
and the interceptors of opentelemetry-instrumentation-grpc are made of is gRPC code that is installed, not the
project's. The runtime's servers and channels take it, beside services that have moved. `grpcio` and the add-on stay
dependencies for as long as they are used.

Native form: `grpc2connect_runtime.health` (or the same proto, generated for Connect) and `enable_reflection`, which
need no grpcio; `connectrpc-otel`.

OpenTelemetry's instrumentors replace functions of grpcio that make channels and servers. The runtime's channels are
made by what is there instead, and grpcio carries their calls below Connect's clients; so are the servers of
`--serve dual`.

    GrpcInstrumentorClient().instrument()
    - channel = grpc.insecure_channel(target)
    + channel = insecure_channel(target)  # has the instrumentor's spans

Its sync client interceptor is put around a channel by a function of its own, which gives an object of its own:

    channel = intercept_channel(insecure_channel(target), client_interceptor())
    - stub = greeter_pb2_grpc.GreeterStub(channel)
    + stub = client_on(channel, greeter_connect.GreeterClientSync)

Where it is not known whose channel an add-on's stub is made on (a library's callers hand it over), errors of its calls
are `ConnectError`s on one of grpcio, too, as they are on the runtime's:

    - self.checks = health_pb2_grpc.HealthStub(channel)
    + self.checks = unmoved_stub(channel, health_pb2_grpc.HealthStub)

Reported: channelz, CSDS and admin (both of them), which only show what grpcio itself carries (servers of `--serve dual`
among it); instrumentors of clients, whose hooks see bytes.
Left: OpenTelemetry's instrumentors of servers with `--serve single`, where grpcio makes no server.

Source: grpcio-health-checking, grpcio-reflection, grpcio-channelz, grpcio-csds, grpcio-admin 1.85;
grpc-interceptor 0.15;
py-grpc-prometheus 0.8; opentelemetry-instrumentation-grpc 0.5x.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, Serve, api, edits, kinds, rule, runtime
from grpc2connect.rules_api.references import AddOnUse

_OF_GRPCIO_ALONE = frozenset({"grpcio-admin", "grpcio-channelz", "grpcio-csds"})
_OF_CLIENTS = frozenset({"GrpcInstrumentorClient", "GrpcAioInstrumentorClient"})
_OF_SERVERS = frozenset({"GrpcInstrumentorServer", "GrpcAioInstrumentorServer"})


@rule("G2C305", on=AddOnUse)
def add_on(use: AddOnUse) -> Iterator[Outcome]:
    """Services and interceptors that an add-on brings go on as they are."""
    name = api.ADD_ONS[use.path.partition(".")[0]]
    if use.path.startswith(api.TELEMETRY):
        used = use.path.removeprefix(f"{api.TELEMETRY}.").partition("(")[0]
        if used.partition(".")[0] in _OF_SERVERS and use.facts.serve(use) is not Serve.DUAL:
            yield Left(
                f"{used} replaces functions of grpcio, which servers that migrate with --serve single do not call",
                advice="use ConnectInstrumentor of connectrpc-otel instead, or migrate with --serve dual",
                wire=True,
            )
            return
        if used in _OF_CLIENTS:
            yield Bridged(
                why="the runtime's channels are made by what it puts in the place of grpcio's functions",
                finding="grpcio carries the calls of channels that are made after it; its hooks see messages as bytes",
                advice="keep grpcio installed, or use ConnectInstrumentor of connectrpc-otel instead",
            )
            return
    if (channel := _unknown_channel(use)) is not None:
        assert isinstance(use.node, ast.expr)
        changes = [
            edits.replace(use.module, use.node, runtime("unmoved_stub")),
            edits.replace(use.module, channel, channel, ", ", *edits.moved(use.module, use.node)),
        ]
        yield Bridged(changes, why="what channel this is shows only when it runs", mixed=False)
    message = any(part.endswith("_pb2") for part in use.path.split("."))
    shows = name.removeprefix("grpcio-") if name in _OF_GRPCIO_ALONE and not message else ""
    yield Bridged(
        why=f"{name} goes on, on the runtime's servers and channels",
        finding=f"{shows} shows what grpcio itself carries, and nothing that Connect's transport does" if shows else "",
        advice="watch that by other means, or have grpcio carry it: G2C_WIRE=grpcio" if shows else "",
    )


def _unknown_channel(use: AddOnUse) -> ast.expr | None:
    """What an add-on's stub is made on, if that may be a channel of grpcio that callers elsewhere hand over."""
    call = use.module.parents[use.node]
    if not isinstance(call, ast.Call) or call.func is not use.node or call.keywords or len(call.args) != 1:
        return None
    (channel,) = call.args
    given = any(isinstance(value, kinds.Channel) for value in use.facts.values(channel))
    generated = use.path.rpartition(".")[0].endswith("_pb2_grpc")
    return channel if given and generated and not use.facts.is_made_here(use.module, channel, kinds.Channel) else None
