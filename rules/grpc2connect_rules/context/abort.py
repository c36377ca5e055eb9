"""G2C201: `context.abort` ends the call by raising `ConnectError`.

Why: a Connect handler fails by raising; there is no context to abort.

    - context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
    + raise ConnectError(Code.NOT_FOUND, "no such user")

Bridged: the status is not a literal; the abort stands in a `try` or `with` that could swallow it (grpcio's abort
latches: the call ends with its code even then), or put it into a group of exceptions (`TaskGroup`), or in a `try` whose
`finally` sets another status; its message may be empty after `set_details`, which `grpc.aio` says then; it is part of a
larger expression; the function is not itself a handler; its service stands behind interceptors; a handler is called by
other code of the program (a test, a sibling) that expects `context.abort` to be called; the program has contexts of its
own (a wrapper, a fake), which look for it.
Reported: an aio abort that is never awaited; today it does nothing, and keeps doing nothing. With `--unsafe` it raises,
or is awaited: the call ends where it went on.

Source: grpc.ServicerContext.abort (grpcio 1.85); Connect for Python, "Errors".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import CONNECT_ERROR, Bridged, Native, Outcome, Severity, Span, edits, rule
from grpc2connect.rules_api.references import ContextUse

_UNSAFE = "an aio abort that is never awaited, and so does nothing today, ends its call"


@rule("G2C201", on=ContextUse, names={"abort"}, unsafe=_UNSAFE)
def abort(use: ContextUse) -> Iterator[Outcome]:
    """`context.abort` ends the call by raising `ConnectError`."""
    call, module = use.call, use.module
    parent = module.parents[call] if call is not None else None
    if use.aio and call is not None and isinstance(parent, ast.Expr):
        changes = _raised(use, call, parent)
        if changes:
            why = "it ends the call, which it did not"
            yield Native(changes, why=why, native=_code(use, call), mixed=False, unsafe=True)
        if isinstance(module.enclosing(call, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda), ast.AsyncFunctionDef):
            yield Bridged(edits.insert_before(module, call, "await "), why="awaited, which it was not", unsafe=True)
        yield Bridged(
            why="never awaited, and so without effect",
            finding="this abort is never awaited, so the call goes on",
            advice="await it (--unsafe does), or delete it",
            severity=Severity.WARNING,
        )
        return
    outer = parent if use.aio and isinstance(parent, ast.Await) else call
    if call is not None and outer is not None:
        changes = _raised(use, call, module.parents[outer])
        if changes:
            yield Native(changes, native=_code(use, call), mixed=False)
    yield Bridged(why="the abort could be swallowed, or its status is only known at run time")


def _code(use: ContextUse, call: ast.Call) -> list[ast.expr]:
    """The code of an abort, which has to become one of Connect's."""
    given = use.facts.arguments(call)
    return [given[key] for key in (0, "code") if key in given]


def _raised(use: ContextUse, call: ast.Call, statement: ast.AST) -> list[edits.Edit]:
    """The edits that make a `raise` of a statement that aborts; none where that would not be the same."""
    module = use.module
    plain = isinstance(statement, ast.Expr | ast.Return)
    if not (plain and use.facts.status_of_abort(module, call) and use.facts.raises_freely(module, call)):
        return []
    whole, arguments = module.span(statement), edits.arguments_of(module, call)
    renames = [
        edits.rename_keyword(module, keyword, "message") for keyword in call.keywords if keyword.arg == "details"
    ]
    changes = [edits.replace_text(Span(whole.start, arguments.start), "raise ", CONNECT_ERROR), *renames]
    if arguments.end < whole.end:  # the end of parentheses around the call
        changes.append(edits.replace_text(Span(arguments.end, whole.end)))
    return changes
