"""Comparisons of a caught error with a call by identity: in grpcio's sync API a failed call is its own error."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grpc2connect.facts import references as refs
from grpc2connect.facts.kinds import Call, Error, MaybeError
from grpc2connect.facts.reference import Reference

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module


def error_identity(facts: Facts, module: Module, node: ast.Compare) -> Iterator[Reference]:
    """`error is call`, in either order; errors of `grpc.aio` are never their calls."""
    match node:
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[right]):
            for error, call in ((left, right), (right, left)):
                services = frozenset(
                    value.service for value in facts.values(call) if isinstance(value, Call) and value.aio is not True
                )
                if services and any(isinstance(value, Error | MaybeError) for value in facts.values(error)):
                    evidence = ("an error, compared with a call",)
                    yield refs.ErrorIdentity(facts, module, node, services, evidence, error=error)
                    return
