"""Questions about what binds a name."""

from __future__ import annotations

import ast
from functools import cached_property

from grpc2connect.facts import api
from grpc2connect.facts.client_questions import ClientQuestions
from grpc2connect.facts.imported_names import ImportedNames
from grpc2connect.facts.kinds import Api, is_grpc
from grpc2connect.facts.scopes import Function, bound_names
from grpc2connect.syntax import Module


class NameQuestions(ClientQuestions):
    """Questions about names and the imports that bind them; mixed into `Facts`."""

    @cached_property
    def _imported_names(self) -> dict[ast.AST, ImportedNames]:
        return {}

    def importers(self, module: Module, node: ast.Name) -> list[ast.alias]:
        """The import aliases that bind a name where it is used; empty if something else binds it."""
        for scope in module.ancestors(node):
            if isinstance(scope, ast.ClassDef) and module.parents.get(node) is not scope:
                continue
            if isinstance(scope, ast.Module | ast.ClassDef | Function):
                own = self._names(scope)
                if node.id in own:
                    return self._aliases(scope, node.id)
        return []

    def binds(self, module: Module, node: ast.Name) -> bool:
        """Whether any scope around a name binds it."""
        scopes = [*module.ancestors(node), module.tree]
        return any(
            node.id in self._names(scope) for scope in scopes if isinstance(scope, ast.Module | ast.ClassDef | Function)
        )

    def _names(self, scope: ast.Module | ast.ClassDef | Function) -> frozenset[str]:
        if scope not in self.state.globals:
            self.state.globals[scope] = bound_names(scope)
        return self.state.globals[scope]

    def rebound(self, module: Module, alias: ast.alias) -> bool:
        """Whether the name that an import binds can also be something else, or is seen in other ways than as that name.

        `except ImportError: grpc = None` is the first; an import in a class or under `global` is the second. A name
        that type checkers alone know is another one when the program runs, and stays what it is for them.
        """
        if any(isinstance(value, Api) and value.path in api.STUB_TYPES for value in self.values(alias)):
            return False
        name = (alias.asname or alias.name).partition(".")[0]
        scope = module.enclosing(alias, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef) or module.tree
        assert isinstance(scope, ast.Module | ast.ClassDef | Function)
        aliases = self._aliases(scope, name)
        if isinstance(scope, ast.ClassDef) or name in self._imported_names[scope].declared_elsewhere:
            return True
        if any(isinstance(value, Api) and self.program.may_hide(module, value.path.partition(".")[0])
               for value in self.values(alias)):  # fmt: skip
            return True
        dotted = "." in alias.name and not alias.asname
        same = [other for other in aliases if dotted and "." in other.name and not other.asname]  # `import a.b, a.c`
        others = any(
            not any(map(is_grpc, self.values(other))) for other in aliases if other.name != "*" and other not in same
        )
        return self._imported_names[scope].is_bound(name) or (others and alias.name != "*")

    def _aliases(self, scope: ast.Module | ast.ClassDef | Function, name: str) -> list[ast.alias]:
        if scope not in self._imported_names:
            self._imported_names[scope] = ImportedNames(scope)
        return self._imported_names[scope].aliases(name)
