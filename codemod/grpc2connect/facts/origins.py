"""Whether a channel or a server surely is one that the program makes, and so one of the runtime's when it has moved.

An annotation promises `grpc.Channel`, which callers that are not of the program keep with a channel of grpcio.
So each way in which the object comes to an expression is followed back: through names, attributes of instances and the
arguments of all known calls, to where it is made.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grpc2connect.facts import classes
from grpc2connect.facts.kinds import Api, Channel, Class, Instance, Server, Values, Wrapped
from grpc2connect.facts.kinds import Function as FunctionValue
from grpc2connect.facts.scopes import Function, default_of, own_nodes, parameters
from grpc2connect.schema import Service
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module

Shared = type[Channel] | type[Server]


class Origins:
    """Follows channels and servers back to where they come from."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def are_known(self, module: Module, node: ast.expr, kind: Shared) -> bool:
        """Whether all that an expression can be is made by the program, as far as can be followed."""
        return _made(self._facts.values(node), kind) and self._is_known(module, node, kind, frozenset())

    def _is_known(self, module: Module, node: ast.expr, kind: Shared, seen: frozenset[object]) -> bool:
        match node:
            case ast.Constant(value=None):
                return True
            case ast.BoolOp(values=operands):
                return all(self._is_known(module, operand, kind, seen) for operand in operands)
            case ast.IfExp(body=body, orelse=orelse):
                return all(self._is_known(module, one, kind, seen) for one in (body, orelse))
            case ast.NamedExpr(value=value):
                return self._is_known(module, value, kind, seen)
            case ast.Name():
                return self._is_known_name(module, node, kind, seen)
            case ast.Attribute():
                return self._is_known_attribute(module, node, kind, seen)
        return _made(self._facts.values(node), kind)

    def _is_known_name(self, module: Module, node: ast.Name, kind: Shared, seen: frozenset[object]) -> bool:
        for scope in module.ancestors(node):
            if not isinstance(scope, Function | ast.Module):
                continue
            key = (scope, node.id)
            if key in seen:
                return True
            is_parameter = isinstance(scope, Function) and node.id in self._names(scope)
            given = list(_given(own_nodes(scope), node.id))
            if not is_parameter and not given:
                continue
            inside = seen | {key}
            if is_parameter and not self._is_passed(module, scope, node.id, kind, inside):  # type: ignore[arg-type]
                return False
            return all(
                _made(self._facts.values(target), kind)
                if value is None
                else self._is_known(module, value, kind, inside)
                for target, value in given
            )
        return _made(self._facts.values(node), kind)

    def _names(self, function: Function) -> list[str]:
        return [argument.arg for argument in (*parameters(function), *function.args.kwonlyargs)]

    def _is_passed(self, module: Module, function: Function, name: str, kind: Shared, seen: frozenset[object]) -> bool:
        """Whether each known call of a function, or the fixture that pytest gives it, has what the program makes."""
        state = self._facts.state
        calls = state.calls.get(function, ())
        if not calls:
            fixtures = state.fixtures.get(name, ()) if _is_asked_by_pytest(function) else ()
            made = [
                state.yields.get(one.node, frozenset()) | state.returns.get(one.node, frozenset()) for one in fixtures
            ]
            return all(_made(values, kind) for values in made) if made else self._flows_in(function, name, kind)
        return all(self._is_argument_known(call, module, function, name, kind, seen) for call in calls)

    def _is_argument_known(
        self, call: ast.Call, module: Module, function: Function, name: str, kind: Shared, seen: frozenset[object]
    ) -> bool:
        names = [argument.arg for argument in parameters(function)]
        if self._is_bound(call, module, function):
            names = names[1:]
        given = self._facts.arguments(call)
        argument = given.get(name, given.get(names.index(name)) if name in names else None)
        around = self._module_of(call)
        if self._is_direct(call, function) and around is not None:
            if argument is not None:
                return self._is_known(around, argument, kind, seen)
            if "*" not in given and "**" not in given and (default := default_of(function, name)) is not None:
                return self._is_known(module, default, kind, seen)
        return self._flows_in(function, name, kind)

    def _is_direct(self, call: ast.Call, function: Function) -> bool:
        """Whether it is the function that is called, and not what it is handed to: `submit(function, channel)`."""
        callees = self._facts.values(call.func)
        return any(isinstance(v, Class) or (isinstance(v, FunctionValue) and v.node is function) for v in callees)

    def _is_bound(self, call: ast.Call, module: Module, function: Function) -> bool:
        """Whether the first parameter is the instance or the class, and is not among the arguments."""
        if isinstance(function, ast.Lambda) or not isinstance(module.parents.get(function), ast.ClassDef):
            return False
        if classes.decorated(function, "staticmethod"):
            return False
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        by_class = owner is not None and any(isinstance(value, Class) for value in self._facts.values(owner))
        return not by_class or classes.decorated(function, "classmethod") or function.name != _name_of(call)

    def _flows_in(self, function: Function, name: str, kind: Shared) -> bool:
        return _made(self._facts.state.parameters.get((function, name), frozenset()), kind)

    def _module_of(self, node: ast.AST) -> Module | None:
        return next((module for module in self._facts.program.modules() if node in module.parents), None)

    def _is_known_attribute(self, module: Module, node: ast.Attribute, kind: Shared, seen: frozenset[object]) -> bool:
        owners = {value.cls for value in self._facts.values(node.value) if isinstance(value, Instance)}
        ancestors = {cls for owner in owners for cls in classes.ancestry(self._facts.state, owner)}
        given = [
            (cls.module, target, value)
            for cls in ancestors
            for target, value in _given(walk(cls.node), f"self.{node.attr}")
        ]
        key = (frozenset(owners), node.attr)
        if key in seen:
            return True
        if not given:
            return _made(self._facts.values(node), kind)
        return all(
            _made(self._facts.values(target), kind)
            if value is None
            else self._is_known(around, value, kind, seen | {key})
            for around, target, value in given
        )


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _made(values: Values, kind: Shared) -> bool:
    """Whether some value is made by the program, be it in a container, and none is what an add-on has put around it."""
    inner = [value.value if isinstance(value, Wrapped) else value for value in values]
    if any(isinstance(value, Api) and value.path.endswith("()") for value in inner):
        return False
    return any(isinstance(value, kind) and value.site is not None for value in inner)


def _given(nodes: Iterator[ast.AST], text: str) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The targets of a spelling, and what is assigned to each; None where that is no plain value."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target, value) for target in targets if ast.unparse(target) == text)
                for target in targets:
                    if isinstance(target, ast.Tuple | ast.List):
                        yield from ((one, None) for one in target.elts if ast.unparse(one) == text)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                if ast.unparse(target) == text:
                    yield target, value
            case (
                ast.For(target=target) | ast.AsyncFor(target=target) | ast.withitem(optional_vars=ast.expr() as target)
            ):
                yield from ((one, None) for one in walk(target)
                            if isinstance(one, ast.expr) and ast.unparse(one) == text)  # fmt: skip


def _is_asked_by_pytest(function: Function) -> bool:
    return not isinstance(function, ast.Lambda) and (
        function.name.startswith("test") or classes.fixture_name(function) is not None
    )


def alone(value: Channel | Server) -> frozenset[Service]:
    """A unit of its own for a channel or server that no generated service is known to use."""
    if value.site is None:
        return frozenset()
    name = f"({type(value).__name__.lower()} at {value.site.path}:{value.site.offset})"
    return frozenset({Service(name, "", value.site.path, ())})
