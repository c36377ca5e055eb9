"""The names of a scope that imports bind, told apart from those that something else binds."""

from __future__ import annotations

import ast
from functools import cached_property

from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import Scope, bindings, own_nodes
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk


class ImportedNames:
    """The names of a scope that imports bind, and nothing else does."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[str, list[ast.alias]] = {}
        self._stars: list[ast.alias] = []
        self._bound: set[str] = set()
        for child in own_nodes(scope):
            if isinstance(child, ast.Import | ast.ImportFrom):
                for alias in child.names:
                    if alias.name == "*":
                        self._stars.append(alias)
                    else:
                        self._found.setdefault((alias.asname or alias.name).partition(".")[0], []).append(alias)
            else:
                self._bound.update(bindings(child))

    def aliases(self, name: str) -> list[ast.alias]:
        """The aliases that bind a name, be it among others."""
        return self._found.get(name) or ([] if name in self._bound else self._stars)

    def is_bound(self, name: str) -> bool:
        """Whether something other than an import binds a name too."""
        return name in self._bound

    @cached_property
    def declared_elsewhere(self) -> frozenset[str]:
        """The names that the scope's functions bind for the module, or for a function around them."""
        declared = (child for child in walk(self._scope) if isinstance(child, ast.Global | ast.Nonlocal))
        return frozenset(name for child in declared for name in child.names)


def is_taken_from(program: Program, module: Module, name: str) -> bool:
    """Whether another module of the program may have a name from a module: by an import, or after a dot."""
    last = module.path.stem
    for other in program.modules():
        for node in other.nodes if other is not module else ():
            match node:
                case ast.ImportFrom(module=dotted, names=names) if (dotted or "").rpartition(".")[2] == last:
                    if any(alias.name in (name, "*") for alias in names):
                        return True
                case ast.Attribute(attr=attribute, value=owner) if attribute == name:
                    if last_name(owner) == last:
                        return True
    return False
