"""G2C305: services that a gRPC add-on brings (health checking, reflection) go on as they are.

    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)

Why: their servicers and stubs are generated gRPC code that is installed, not the project's. The runtime's server serves
such servicers, and its channel carries such stubs, beside services that have moved. `grpcio` and the add-on stay
dependencies for as long as they are used.

Native form: an own service of the same proto (`grpc/health/v1/health.proto`), generated for Connect.

Source: grpcio-health-checking, grpcio-reflection 1.85.
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, api, rule
from grpc2connect.rules_api.references import AddOnUse


@rule("G2C305", on=AddOnUse)
def add_on(use: AddOnUse) -> Iterator[Outcome]:
    """Services that an add-on brings go on as they are."""
    name = api.ADD_ONS[use.path.partition(".")[0]]
    yield Bridged(why=f"{name} goes on, on the runtime's servers and channels")
