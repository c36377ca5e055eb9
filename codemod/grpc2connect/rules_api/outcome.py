"""The possible ends of a reference, as rules state them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from grpc2connect.results import Severity, State
from grpc2connect.rules_api.edits import Edit


@dataclass(frozen=True)
class Outcome:
    """One way in which a reference can end.

    `edits` bring it about. `native` lists nodes whose references must end native for this outcome to hold,
    `mixed` says that it also holds where some of the services that the reference belongs to (or, if it belongs to none
    in particular, some services of its part of the program) stay on gRPC. `finding` is reported if the outcome is
    chosen (with `advice` on what to do). `covers` are nodes whose references end with this one. `wire` says that it
    needs grpcio's own wire: its channels and servers stay, with every service on them (without units: all around it).
    `unsafe` says that the program does something else afterwards than it does today; such an outcome counts only with
    `--unsafe`, and the rule says in its `unsafe` what changes. `asked` says that it counts only with `--native`. `once`
    says that the finding is given once in a file, with the number of references that have it: at the node that some of
    them name by `at` (an import), else at the first.
    """

    state: State
    edits: tuple[Edit, ...] = ()
    why: str = ""
    finding: str = ""
    advice: str = ""
    severity: Severity = Severity.NOTE
    native: tuple[ast.AST, ...] = ()
    covers: tuple[ast.AST, ...] = field(default=())
    mixed: bool = True
    wire: bool = False
    unsafe: bool = False
    asked: bool = False
    once: bool = False
    at: ast.AST | None = None


def _edits(edits: Iterable[Edit] | Edit) -> tuple[Edit, ...]:
    return (edits,) if isinstance(edits, Edit) else tuple(edits)


def Native(
    edits: Iterable[Edit] | Edit = (),
    *,
    why: str = "",
    finding: str = "",
    advice: str = "",
    native: Iterable[ast.AST] = (),
    covers: Iterable[ast.AST] = (),
    mixed: bool = True,
    unsafe: bool = False,
    asked: bool = False,
) -> Outcome:
    """Idiomatic connectrpc."""
    return Outcome(
        State.NATIVE,
        _edits(edits),
        why,
        finding,
        advice,
        native=tuple(native),
        covers=tuple(covers),
        mixed=mixed,
        unsafe=unsafe,
        asked=asked,
    )


def Bridged(
    edits: Iterable[Edit] | Edit = (),
    *,
    why: str = "",
    finding: str = "",
    advice: str = "",
    severity: Severity = Severity.NOTE,
    native: Iterable[ast.AST] = (),
    covers: Iterable[ast.AST] = (),
    mixed: bool = True,
    unsafe: bool = False,
) -> Outcome:
    """Keeps running through the runtime, with its old meaning."""
    return Outcome(
        State.BRIDGED,
        _edits(edits),
        why,
        finding,
        advice,
        severity,
        tuple(native),
        tuple(covers),
        mixed=mixed,
        unsafe=unsafe,
    )


def Left(finding: str, *, advice: str, wire: bool = False, once: bool = False, at: ast.AST | None = None) -> Outcome:
    """Stays on gRPC, and every service that it belongs to with it (`wire`: all on its channels and servers)."""
    return Outcome(State.LEFT, (), finding, finding, advice, Severity.WARNING, wire=wire, once=once, at=at)
