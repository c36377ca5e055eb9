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
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module


class OwnContexts:
    """Knows the parts of the program that make contexts of their own."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def near(self, module: Module) -> bool:
        """Whether the part of the program that a module is in has a class of contexts."""
        return self._facts.component(module) in self._parts

    def keep_status(self, module: Module, node: ast.AST, services: frozenset[Service]) -> bool:
        """Whether a context of one of some services may give a status back, or keep it for the program to look at.

        A program that calls handlers itself hands them contexts of its own: mocks, as a rule, that record what is set.
        Where a service has moved, an earlier run has decided that, and nothing calls what it has for handlers any more.

        Args:
            module: where the status is set, or looked at.
            node: the status there.
            services: those that it is of.
        """
        if self._facts.status_is_asked(services) or any(service.moved for service in services):
            return True
        function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        if function is not None and self._facts.handlers(function):
            return bool(self._facts.state.calls.get(function))
        return bool(self._called_by_hand & services)

    @cached_property
    def _called_by_hand(self) -> frozenset[Service]:
        """The services with a handler that the program itself calls."""
        calls = self._facts.state.calls
        handlers = self._facts.state.handlers.items()
        return frozenset(handler.service for (function, _), handler in handlers if calls.get(function))

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
