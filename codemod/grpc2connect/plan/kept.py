"""What becomes of references that callers of a library see: gRPC's own, as they are."""

from __future__ import annotations

from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import Import, Registration, RpcUse, StubConstruction, UnknownRpc
from grpc2connect.facts.shown import ERRORS, is_behind_bridge
from grpc2connect.results import State
from grpc2connect.rules_api import Bridged, Outcome

_RULED = (StubConstruction, RpcUse, Registration)
"""What has a form that is gRPC's and Connect's; the rules know it."""

WHY = "callers of the public API go on with gRPC's own"


def for_callers(reference: Reference, outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes that hold for a reference where callers of the public API see gRPC.

    What they see stays as it is. Errors, and what else belongs to no service, may meet that, as beside services that
    stay on gRPC. What no rule has a form for holds its services here as well: others may depend on it.
    """
    shown = reference.facts.shown
    if isinstance(reference, (Import, *_RULED)) or not shown.is_near(reference):
        return outcomes
    kept = [Bridged(why=WHY)]
    if is_behind_bridge(reference) or isinstance(reference, UnknownRpc):
        return kept  # every stub there has gRPC's methods
    if all(one.state is State.LEFT for one in outcomes):
        return outcomes
    if shown.keeps(reference):
        return kept
    if isinstance(reference, ERRORS) or not any(service.name for service in reference.units):
        return [one for one in outcomes if one.mixed and one.state is not State.LEFT] or kept
    return outcomes
