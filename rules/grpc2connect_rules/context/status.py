"""G2C202: `set_code` and `set_details` before a `return` become `raise ConnectError`.

Why: a Connect handler fails by raising.

    - context.set_code(grpc.StatusCode.NOT_FOUND)
    - context.set_details("no such user")
    - return user_pb2.User()
    + raise ConnectError(Code.NOT_FOUND, "no such user")

Only where the three stand together in a unary handler, the status is a literal other than OK, the returned value is
empty (grpcio does not send it), nothing around could swallow the exception, no details can have been set before (a code
alone is sent with them), and the message cannot fail where the code comes first (the call would end with that code).

Bridged: everything else. The runtime's context keeps grpcio's meaning: the code set last wins, also over a later
exception, and messages that a generator yields afterwards still go out.

Source: grpc.ServicerContext.set_code, set_details (grpcio 1.85, `_server.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import CONNECT_ERROR, Bridged, Native, Outcome, edits, rule
from grpc2connect.rules_api.references import ContextUse


@rule("G2C202", on=ContextUse, names={"set_code", "set_details"})
def status(use: ContextUse) -> Iterator[Outcome]:
    """`set_code` and `set_details` before a `return` become `raise ConnectError`."""
    group = use.facts.status_group(use) if use.name == "set_code" else None
    module = use.module
    if group is not None and not any(module.comment_in(module.span(statement)) for statement in group.statements):
        details = module.span(group.details) if group.details is not None else '""'
        changes = [
            edits.replace(module, group.returns, "raise ", CONNECT_ERROR, "(", group.code, ", ", details, ")"),
            *(edits.delete_statement(module, statement) for statement in group.statements),
        ]
        yield Native(changes, native=[group.code], covers=group.uses, mixed=False)
    yield Bridged(why="the status is set, and the handler goes on")
