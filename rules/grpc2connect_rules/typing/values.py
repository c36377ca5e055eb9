"""G2C802, G2C803: gRPC names that no other rule claims keep their service on gRPC.

Why: never silently wrong. A name whose meaning is not known to survive is reported with its place, and the services
that it belongs to (those of its arguments, else those of its file) stay as they are.

Source: grpc (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Left, Outcome, api, rule
from grpc2connect.rules_api.references import ApiUse, GeneratedUse


@rule("G2C802", on=ApiUse)
def other(use: ApiUse) -> Iterator[Outcome]:
    """A gRPC name that no other rule claims."""
    if use.path.startswith(api.UNKNOWN_STUBS):
        name = use.path.removeprefix(api.UNKNOWN_STUBS)
        yield Left(
            f"nothing is known of the generated {name}",
            advice="add its proto to the paths, or name the environment that has it: --python .venv",
        )
        return
    yield Left(f"{use.path} has no equivalent yet", advice="move it by hand, or keep this service on gRPC")


@rule("G2C803", on=GeneratedUse)
def generated_value(use: GeneratedUse) -> Iterator[Outcome]:
    """A generated class or function used as a value."""
    yield Left(f"{use.what} is used as a value", advice="call it where it is named, then run again")
