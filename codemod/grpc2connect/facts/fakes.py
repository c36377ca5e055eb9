"""Objects of the program's own that may stand in for stubs, where no inference follows them.

A class with a method spelled like an RPC, whose instances are handed on as arguments, may end up wherever a stub is
expected: through `**settings`, a container of somebody else's, a context variable. A call that can reach one must go on
calling it by the name that it has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Class
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module


class Fakes:
    """Knows, for each part of the program, the RPC names that objects of its own answer to."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def answer(self, module: Module, name: str) -> bool:
        """Whether an object of the program's own may be called by an RPC's name in the part that a module is in."""
        return (self._facts.component(module), name) in self._names

    @cached_property
    def _names(self) -> frozenset[tuple[object, str]]:
        found = {
            (self._facts.component(module), cls.name, name)
            for module in self._facts.program.modules()
            for cls in module.nodes
            if isinstance(cls, ast.ClassDef) and not self._facts.state.servicers.get(Class(module, cls))
            for name in self._spelled(cls)
        }
        handed = set(self._handed_on({name for _, name, _ in found}))
        return frozenset((part, name) for part, cls, name in found if (part, cls) in handed)

    @cached_property
    def _rpcs(self) -> frozenset[str]:
        return frozenset(
            method.name
            for service in self._facts.stubs_of
            for method in service.methods
            if method.name != method.python_name
        )

    def _spelled(self, cls: ast.ClassDef) -> Iterator[str]:
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name in self._rpcs:
                yield statement.name

    def _handed_on(self, classes: set[str]) -> Iterator[tuple[object, str]]:
        """The classes, by name, of which an instance is made as an argument: `Settings(engine=Fake())`."""
        if not classes:
            return
        for module in self._facts.program.modules():
            for node in module.nodes:
                if isinstance(node, ast.Call) and _is_argument(module, node):
                    name = last_name(node.func)
                    if name in classes:
                        yield self._facts.component(module), name


def _is_argument(module: Module, node: ast.Call) -> bool:
    parent = module.parents.get(node)
    return isinstance(parent, ast.keyword) or (isinstance(parent, ast.Call) and node in parent.args)
