"""Channels whose states may be told apart from members of grpcio's enumeration stay grpcio's.

`grpc.ChannelConnectivity` belongs to no service, and stays as it is where some service around it does. The states that
the runtime's channels show are equal to grpcio's and hash alike, but they are other objects: a comparison by `is`
becomes one of equality, but where a member goes on as a value nobody knows what it is compared with.

Source: enum.Enum (Python 3.14), `grpc2connect_runtime.connectivity`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import ApiUse, ChannelUse
from grpc2connect.plan.units import Units
from grpc2connect.syntax import Module

__all__ = ["leave_states"]

_CLASS = "grpc.ChannelConnectivity"
_SHOWING = frozenset({"get_state", "subscribe", "wait_for_state_change"})
_ASKING = frozenset(
    {"wait_for_state_change", "assertIs", "assertIsNot", "assertEqual", "assertNotEqual", "assertIn", "assertNotIn"}
)
_EQUALITY = ast.Eq | ast.NotEq | ast.In | ast.NotIn


def leave_states(references: Sequence[Reference], units: Units) -> None:
    """Keep channels on gRPC whose states may meet members that stay, and what is alone then, until nothing more stays.

    Args:
        references: all of a run.
        units: what is known to stay so far.
    """
    shown = [one for one in references if isinstance(one, ChannelUse) and one.name in _SHOWING]
    told = _ToldApart(references) if shown else None
    while told is not None and _leave_again(shown, told.members(units), units):
        units.leave_what_is_alone()


def _leave_again(shown: Sequence[ChannelUse], members: Sequence[ApiUse], units: Units) -> bool:
    news = False
    for use in shown if members else ():
        cause = next((one for one in members if use.facts.parts.meet(one.module, use.module)), None)
        for half in units.halves(use) if cause is not None else ():
            why = f"its channel's states are told apart at {cause.where}, where services stay" if cause else ""
            news |= units.leave(half, why, cause)
    return news


class _ToldApart:
    """Members that may be told apart from states where they stay; each is looked at once."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self._possible = [
            one for one in references if isinstance(one, ApiUse) and one.path.startswith(_CLASS) and not _is_equal(one)
        ]
        self._apart: dict[ApiUse, bool] = {}
        self._compares: dict[Module, bool] = {}

    def members(self, units: Units) -> list[ApiUse]:
        """Those that stay, as far as is known so far."""
        return [one for one in self._possible if units.mixed(one) and self._is_apart(one)]

    def _is_apart(self, member: ApiUse) -> bool:
        if member not in self._apart:
            self._apart[member] = _is_for_isinstance(member) or self._meets_identity(member)
        return self._apart[member]

    def _meets_identity(self, member: ApiUse) -> bool:
        """Whether a member that goes on may come to where two values are compared by identity."""
        parts = member.facts.parts
        modules = member.facts.program.modules()
        return any(parts.meet(member.module, module) and self._has_identity(module) for module in modules)

    def _has_identity(self, module: Module) -> bool:
        if module not in self._compares:
            self._compares[module] = any(map(_is_open_identity, module.nodes))
        return self._compares[module]


def _is_equal(member: ApiUse) -> bool:
    """Whether a member is only asked whether it is equal to a state, or says in an annotation what is one."""
    node: ast.AST = member.node
    alone = True
    for parent in member.module.ancestors(node):
        match parent:
            case ast.Tuple() | ast.List() | ast.Set():
                node, alone = parent, False
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return alone  # the rules make it one of equality
            case ast.Call(func=ast.Attribute(attr=name), args=arguments):
                return alone and name in _ASKING and node in arguments
            case ast.Compare(ops=operators):
                return all(isinstance(operator, _EQUALITY) for operator in operators)
            case ast.arg() | ast.FunctionDef() | ast.AsyncFunctionDef():
                return True
            case ast.AnnAssign(annotation=annotation):
                return annotation is node
            case ast.Subscript() | ast.BinOp() | ast.Attribute():
                node = parent
            case _:
                return False
    return False


def _is_for_isinstance(member: ApiUse) -> bool:
    call = member.module.parents[member.node]
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "isinstance"


def _is_open_identity(node: ast.AST) -> bool:
    """Whether it is asked if two values are one object, neither of which stands there as a constant or a member."""
    match node:
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], left=left, comparators=[right]):
            return not any(isinstance(side, ast.Constant) or _is_member(side) for side in (left, right))
        case ast.Call(func=ast.Attribute(attr="assertIs" | "assertIsNot"), args=[left, right, *_]):
            return not any(isinstance(side, ast.Constant) or _is_member(side) for side in (left, right))
    return False


def _is_member(node: ast.expr) -> bool:
    """Whether a member of an enumeration stands there, of the states or another one."""
    return isinstance(node, ast.Attribute) and node.attr.isupper()
