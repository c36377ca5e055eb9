"""G2C604: rich status (`grpc_status`) works on the runtime's view of an error and of a status.

    - status = rpc_status.from_call(error)
    + status = rpc_status.from_call(rpc_error(error))

Where it goes as a value, so does a function that does the same:

    - self.assertRaises(ValueError, rpc_status.from_call, error)
    + self.assertRaises(ValueError, (lambda call: rpc_status.from_call(rpc_error(call))), error)

`rpc_status.to_status` stays: the runtime's `context.abort_with_status` takes what it returns, and other methods of the
context take what is in it (`context.set_trailing_metadata(status.trailing_metadata)`). So does its private class.

Left: its code that goes anywhere but to a context, where a code of Connect's may be compared with it.

Why: the details are the same bytes on the wire (`grpc-status-details-bin`); `grpcio-status` stays a dependency.

Source: grpc_status.rpc_status (grpcio-status 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, kinds, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_FROM = "grpc_status.rpc_status.from_call"
_TO = "grpc_status.rpc_status.to_status"
_CODE = f"{_TO}().code"
_CLASS = "grpc_status.rpc_status._Status"


@rule("G2C604", on=ApiUse, names={_FROM, _TO, _CLASS, _CODE, "grpc_status.rpc_status.aio.from_call"}, attribute="path")
def rich(use: ApiUse) -> Iterator[Outcome]:
    """Rich status works on the runtime's view of an error."""
    if use.path == _CODE and not _goes_to_a_context(use):
        yield Left("a code of grpc_status's may meet one of Connect's here", advice="give the whole status to abort")
        return
    changes = []
    if use.path != _TO and use.call is not None:
        for argument in use.call.args:
            if any(isinstance(value, kinds.Error) for value in use.facts.values(argument)):
                changes = edits.wrap(use.module, argument, (runtime("rpc_error"), "("), ")")
    elif use.path in api.MESSAGES and use.call is None and isinstance(getattr(use.node, "ctx", None), ast.Load):
        changes = edits.wrap(use.module, use.node, ("(lambda call: ",), ("(", runtime("rpc_error"), "(call)))"))
    yield Bridged(changes, why="grpc_status reads gRPC's form of the error")


def _goes_to_a_context(use: ApiUse) -> bool:
    """Whether a context is given a code, be it gRPC's: `context.set_code(status.code)`."""
    call = use.module.parents[use.node]
    if not isinstance(call, ast.Call) or use.node not in call.args or not isinstance(call.func, ast.Attribute):
        return False
    return any(isinstance(value, kinds.Context) for value in use.facts.values(call.func.value))
