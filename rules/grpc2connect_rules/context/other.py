"""G2C203: every other use of the servicer context keeps running on the runtime's context.

Why: the runtime installs a `RequestContext` that has grpcio's whole servicer context as well, with its meaning
(`set_trailing_metadata` replaces, `-bin` values are bytes, `time_remaining` is in seconds), so no line changes.

    context.invocation_metadata()        native form: context.request_headers
    context.set_trailing_metadata(...)   native form: context.response_trailers.add(key, value)
    context.send_initial_metadata(...)   native form: context.response_headers.add(key, value)
    context.time_remaining()             native form: context.timeout_ms (ms, or None without deadline)
    context.peer()                       native form: context.client_address
    context.peer_identities()            none: the runtime's servers take it from the TLS handshake

Reported: `peer()` that is kept, compared or looked up. On Connect's transport a sync channel has a second connection
for calls that can be cancelled (streams, futures), so that a server may see two peers where grpcio's clients show one.

An attribute that the program itself gives to contexts (`context.user = ...` in an interceptor) stays as it is. So does
a public name that no context of grpcio has, and it is reported: asking for it raises AttributeError, before and after,
unless an interceptor of the program's hands over a context of its own that has it.

Left: private names, and those that only the runtime's contexts have.

Source: grpc.ServicerContext (grpcio 1.85); connectrpc.request.RequestContext (connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, Severity, api, kinds, rule
from grpc2connect.rules_api.references import ContextUse

_NATIVE = {
    "invocation_metadata": "context.request_headers",
    "set_trailing_metadata": "context.response_trailers",
    "send_initial_metadata": "context.response_headers",
    "time_remaining": "context.timeout_ms",
    "peer": "context.client_address",
}
_CONNECT = frozenset(
    {
        "method",
        "http_method",
        "request_headers",
        "response_headers",
        "response_trailers",
        "timeout_ms",
        "server_address",
        "client_address",
    }
)


@rule("G2C203", on=ContextUse)
def other(use: ContextUse) -> Iterator[Outcome]:
    """Every other use of the servicer context keeps running on the runtime's context."""
    if use.name in api.CONTEXT_METHODS:
        native = _NATIVE.get(use.name)
        key = use.name == "peer" and _is_kept(use)
        yield Bridged(
            why=f"the native form is {native}" if native else "connectrpc has no equivalent",
            finding="a migrated sync channel has two connections, of which each is a peer" if key else "",
            advice="set G2C_WIRE=grpcio for clients whose calls must have one peer" if key else "",
        )
    elif use.name in _CONNECT:
        yield Bridged(why="already Connect's own")
    elif use.facts.is_own(kinds.Context, use.name):
        yield Bridged(why="an attribute of the program's own")
    elif not use.name.startswith("_") and use.name not in api.RUNTIME_ATTRIBUTES:
        yield Bridged(
            why="the runtime's contexts have no such name either",
            finding=f"'{use.name}' is no method of a servicer context: this raises AttributeError, today too",
            advice="replace it",
            severity=Severity.WARNING,
        )
    else:
        yield Left(f"'{use.name}' is no method of a servicer context", advice="replace it, then run again")


def _is_kept(use: ContextUse) -> bool:
    """Whether the result of a method goes into a name, a container or a comparison, and not just into a text."""
    parents, call = use.module.parents, use.module.parents[use.node]
    match parents.get(call):
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() | ast.Compare() | ast.Subscript():
            return True
        case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault" | "add" | "append")):
            return True
    return False
