"""G2C603: status codes become `Code` members.

    - grpc.StatusCode.NOT_FOUND
    + Code.NOT_FOUND

Why: connectrpc has the same codes, but for `CANCELLED` (`CANCELED`) and `OK` (none: success raises nothing).

The codes of a tuple, a parameter, a field or a dict of them are followed to where they are compared:

    - TRANSIENT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
    + TRANSIENT = (Code.UNAVAILABLE, Code.ABORTED)

Bridged: where, in a place that a member gets to, more counts than which one it is (its `value`, an `is`, a text), or
where it gets out of sight; and `OK`. The runtime's `StatusCode` has gRPC's names and numbers, and is equal to the
`Code` of the same meaning.

Where some services stay on gRPC, codes are gRPC's, and `is` and `assertIs` become `==` and `assertEqual`, but not
beside the code of an error, which is gRPC's too. A code that is compared with that of a call is of the call's service.

Source: grpc.StatusCode (grpcio 1.85); connectrpc.code.Code (connectrpc 0.13).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import CODE, Bridged, Native, Outcome, connect_code, edits, rule, runtime
from grpc2connect.rules_api.references import StatusMember
from grpc2connect_rules.typing.equality import compared


@rule("G2C603", on=StatusMember)
def status(member: StatusMember) -> Iterator[Outcome]:
    """Status codes become `Code` members."""
    module, node = member.module, member.node
    code = connect_code(member.name)
    if code is not None and member.facts.only_identity(module, node):
        yield Native(edits.replace(module, node, CODE, f".{code}"), mixed=False)
    yield Bridged(
        edits.replace(module, node, runtime("StatusCode"), f".{member.name}"),
        why="its name or number may be used, or it is OK",
        mixed=False,
    )
    why = "some services here stay on gRPC; the runtime takes gRPC's codes as well, and its own equal them"
    yield Bridged(compared(member) or (), why=why)
