"""Whether `isinstance` is asked about the type of a method of a stub (`grpc.UnaryUnaryMultiCallable` and its kin)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grpc2connect.syntax import Module

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts

__all__ = ["AskedTypes"]

_ASKING = frozenset({"isinstance", "issubclass"})
_OF_TYPES = frozenset({"NewType", "TypeVar", "TypeAliasType", "cast"})
_TYPE = "MultiCallable"


class AskedTypes:
    """What is asked about types in the part of the program that a module belongs to; each module is read once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._names: dict[Module, frozenset[str]] = {}
        self._asks: dict[Module, bool] = {}

    def is_asked(self, module: Module, node: ast.AST) -> bool:
        """Whether it is asked if something is of a type: there, through a tuple, or through a variable."""
        return self._is_asked(module, node, list(self._around(module)))

    def is_given(self, module: Module, node: ast.AST) -> bool:
        """Whether a type goes to a call (a mock with it for its spec is of that type), and types are asked for."""
        return _goes_to_a_call(module, node) and any(map(self._module_asks, self._around(module)))

    def _around(self, module: Module) -> Iterator[Module]:
        part = self._facts.component(module)
        return (one for one in self._facts.program.modules() if self._facts.component(one) is part)

    def _is_asked(self, module: Module, node: ast.AST, around: list[Module]) -> bool:
        grouped = False
        for parent in module.ancestors(node):
            match parent:
                case ast.MatchClass(cls=found) if found is node:
                    return True
                case ast.Call(func=ast.Name(id=name)) if name in _ASKING:
                    return True
                case ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
                    grouped = True
                case ast.Starred() | ast.IfExp() | ast.BinOp() | ast.BoolOp():
                    pass
                case ast.Assign(targets=targets):
                    # Nothing but `isinstance` wants several in a tuple; one by itself may be a name for annotations.
                    return grouped or any(self._by_name(target, around) for target in targets)
                case ast.AnnAssign(value=value, target=target) if value is node:
                    return grouped or self._by_name(target, around)
                case ast.Return():
                    return grouped
                case _:
                    return False
            node = parent
        return False

    def _by_name(self, target: ast.AST, around: list[Module]) -> bool:
        match target:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return any(name in self._asked_names(one) for one in around)
        return False

    def _asked_names(self, module: Module) -> frozenset[str]:
        """The names by which a module asks."""
        if module not in self._names:
            calls = (node for node in module.nodes if isinstance(node, ast.Call))
            asked = [call.args[1:] for call in calls if isinstance(call.func, ast.Name) and call.func.id in _ASKING]
            found = [node for types in asked for one in types for node in ast.walk(one)]
            self._names[module] = frozenset(
                node.id if isinstance(node, ast.Name) else node.attr
                for node in found
                if isinstance(node, ast.Name | ast.Attribute)
            )
        return self._names[module]

    def _module_asks(self, module: Module) -> bool:
        if module not in self._asks:
            self._asks[module] = _TYPE in module.text and any(
                self._is_asked(module, node, [module]) for node in module.nodes if _is_a_type(node)
            )
        return self._asks[module]


def _goes_to_a_call(module: Module, node: ast.AST) -> bool:
    for parent in module.ancestors(node):
        match parent:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name not in _OF_TYPES
            case ast.keyword() | ast.Tuple() | ast.List() | ast.Starred() | ast.IfExp():
                pass
            case _:
                return False
    return False


def _is_a_type(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name.endswith(_TYPE)
    return False
