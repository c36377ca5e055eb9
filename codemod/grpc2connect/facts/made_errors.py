"""Errors of gRPC's classes that the program makes itself, or derives classes from.

Such an error has what the program gave it: methods of its own, or none. Code that reads an error which may be one of
them must go on calling methods, and a clause for one class must not catch the others.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import api
from grpc2connect.facts.kinds import Api, Error
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module

MADE = frozenset({"construct", "subclass", "raised", "spec", "compared"})
"""The roles of an error class in which the class itself counts, and not only what a failed call raises."""

_TESTS = re.compile(r"^test_|_test\.py$")
_SPECS = frozenset({"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "create_autospec"})
_CATCHERS = frozenset({"raises", "assertRaises", "assertRaisesRegex", "suppress"})
_RAISERS = frozenset({"throw", "athrow", "set_exception", "parametrize", "param"})


def error_role(module: Module, node: ast.AST) -> str:
    """What an error class is named for; "value" where that cannot be told."""
    parent = module.parents[node]
    while isinstance(parent, ast.Tuple | ast.List | ast.Set):
        node, parent = parent, module.parents[parent]
    match parent:
        case ast.ExceptHandler():
            return "except"
        case ast.ClassDef():
            return "subclass"
        case ast.Call(func=func) if func is node:
            return "construct"
        case ast.Call():
            return _argument_role(last_name(parent.func), parent, node)
        case ast.keyword(arg="side_effect"):
            return "raised"
        case ast.keyword(arg="spec" | "spec_set"):
            return "spec"
        case ast.Assign(targets=[ast.Attribute(attr="side_effect")]):
            return "raised"
        case ast.Raise(exc=raised) if raised is node:
            return "raised"
        case ast.Compare():
            return "compared"
    return "value"


def _argument_role(called: str, call: ast.Call, node: ast.AST) -> str:
    if called in ("isinstance", "issubclass"):
        return "isinstance"
    if called in _CATCHERS:
        return "except"
    if called in _RAISERS:
        return "raised"
    if called in _SPECS and call.args and call.args[0] is node:
        return "spec"
    return "value"


@dataclass(frozen=True)
class _Made:
    """A place where an error is made or derived from: `kind` says whether it is aio only.

    `bare` is one that is raised as it is made: it has no code and no details, and code that asks for them fails.
    """

    module: Module
    kind: bool | None
    bare: bool


class MadeErrors:
    """Knows, for each part of the program, which classes of errors it makes itself."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def within(self, module: Module, *, with_code: bool = False) -> frozenset[bool | None]:
        """Of the classes that are made or derived from where it can be met in a module: whether they are aio only.

        What a test file makes that nothing imports is not met in another such file. With `with_code`, only errors that
        may have a code.
        """
        apart = self._is_apart(module)
        return frozenset(
            made.kind
            for made in self._found.get(self._facts.component(module), ())
            if not (with_code and made.bare)
            and not (apart and made.module is not module and self._is_apart(made.module))
        )

    def may_be_met(self, module: Module, node: ast.AST) -> bool:
        """Whether an expression can be an error with a code of its own that the program makes.

        What `except AioRpcError as error` has caught is of that class.
        """
        kinds = self.within(module, with_code=True)
        values = self._facts.values(node)
        aio = bool(values) and all(isinstance(value, Error) and value.aio is True for value in values)
        return True in kinds if aio and _is_caught_here(module, node) else bool(kinds)

    def _is_apart(self, module: Module) -> bool:
        """Whether a module is a file of tests, which only the test runner imports."""
        return bool(_TESTS.search(module.path.name)) and module not in self._imported

    @cached_property
    def _imported(self) -> frozenset[object]:
        return frozenset(other for one, other in self._facts.state.imports if one is not other)

    @cached_property
    def _found(self) -> dict[object, list[_Made]]:
        named = {
            node: {api.ERRORS[value.path] for value in values if isinstance(value, Api) and value.path in api.ERRORS}
            for node, values in self._facts.state.values.items()
            if any(isinstance(value, Api) and value.path in api.ERRORS for value in values)
        }
        found: dict[object, list[_Made]] = {}
        for module in self._facts.program.modules() if named else ():
            for node in named.keys() & module.parents.keys():
                if (role := error_role(module, node)) in MADE:
                    places = found.setdefault(self._facts.component(module), [])
                    bare = named[node] == {None} and _is_bare(module, node, role)
                    places.extend(_Made(module, kind, bare) for kind in named[node])
        return found


def _is_caught_here(module: Module, node: ast.AST) -> bool:
    """Whether an expression is the name of what the clause around it has caught."""
    around = next((parent for parent in module.ancestors(node) if isinstance(parent, _AROUND)), None)
    return isinstance(node, ast.Name) and isinstance(around, ast.ExceptHandler) and around.name == node.id


_AROUND = (ast.ExceptHandler, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _is_bare(module: Module, node: ast.AST, role: str) -> bool:
    """Whether an error goes as it is made to who catches it: `raise RpcError()`, `mock.side_effect = RpcError()`."""
    if role not in ("raised", "construct"):
        return False
    match module.parents[module.parents[node] if role == "construct" else node]:
        case ast.Raise() | ast.keyword(arg="side_effect") | ast.Assign(targets=[ast.Attribute(attr="side_effect")]):
            return True
        case ast.Call(func=called):
            return last_name(called) in ("throw", "athrow", "set_exception")
    return False


def only_made(facts: Facts, node: ast.AST) -> bool:
    """Whether an expression is an error that the program made itself, and surely nothing else."""
    values = facts.values(node)
    return bool(values) and all(isinstance(value, Error) and value.made for value in values)
