"""Servicer contexts of the program's own: wrappers that interceptors hand on, fakes that tests hand to handlers.

Whoever makes such a class looks at what a handler calls on it. It gets to the handler through an interceptor or a
fixture, which no inference follows to the end; so where there is one, handlers go on calling the methods of a context.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import api
from grpc2connect.facts.kinds import Api

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module


class OwnContexts:
    """Knows the parts of the program that make contexts of their own."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def near(self, module: Module) -> bool:
        """Whether the part of the program that a module is in has a class of contexts."""
        return self._facts.component(module) in self._parts

    @cached_property
    def _parts(self) -> frozenset[object]:
        return frozenset(
            self._facts.component(module)
            for module in self._facts.program.modules()
            for cls in module.nodes
            if isinstance(cls, ast.ClassDef) and any(map(self._is_context, cls.bases))
        )

    def _is_context(self, base: ast.expr) -> bool:
        node = base.value if isinstance(base, ast.Subscript) else base
        return any(isinstance(value, Api) and value.path in api.CONTEXT_TYPES for value in self._facts.values(node))
