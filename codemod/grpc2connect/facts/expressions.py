"""Abstract evaluation of expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grpc2connect.facts import attributes, calls
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Builtin,
    Call,
    Function,
    Member,
    Message,
    StubClass,
    Value,
    Values,
    Wrapped,
    is_grpc,
)
from grpc2connect.facts.narrowing import narrow, place_of
from grpc2connect.facts.scopes import bindings
from grpc2connect.syntax.walking import children, walk


def evaluate(node: ast.expr, env: Environment) -> Values:
    """All that an expression can be, as far as gRPC is concerned; remembered under the node."""
    if node.__class__ is ast.Constant:
        return NOTHING  # one expression in seven, which would fall through every case
    values = _evaluate(node, env)
    if env.said and isinstance(node, ast.Attribute | ast.Subscript):
        values = env.said.get(place_of(node), values)
    if values:
        env.state.remember(node, values)
    return values


def _evaluate(node: ast.expr, env: Environment) -> Values:
    match node:
        case ast.Name(id=name):
            return env.look_up(name)
        case ast.Attribute(value=value, attr=attr):
            owners = evaluate(value, env)
            return frozenset(found for owner in owners for found in attributes.get(env, owner, attr))
        case ast.Call():
            return calls.evaluate_call(node, env)
        case ast.Await(value=value):
            return awaited(evaluate(value, env))
        case ast.Subscript(value=value, slice=index):
            inside = evaluate(index, env)
            outer = evaluate(value, env)
            if any(isinstance(v, Builtin) and v.path.endswith((".Optional", ".Union", ".Annotated")) for v in outer):
                return frozenset(v for v in inside | unwrap("item", inside) if isinstance(v, StubClass))
            return subscript(outer, index)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return _sequence(node, elements, env)
        case ast.Dict(keys=keys, values=held):
            return _dict(keys, held, env)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            evaluate(test, env)
            other, otherwise = env.fork(), env.fork()
            narrow(test, other)
            narrow(test, otherwise, holds=False)
            return evaluate(body, other) | evaluate(orelse, otherwise)
        case ast.BoolOp(op=operator, values=operands):
            return _operands(isinstance(operator, ast.And), operands, env)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            # `GreeterStub | None` as an alias of a type.
            return frozenset(v for v in evaluate(left, env) | evaluate(right, env) if isinstance(v, StubClass))
        case ast.NamedExpr(target=target, value=value):
            found = evaluate(value, env)
            env.bind(target.id, found)
            return found
        case ast.Lambda():
            function = Function(env.module, node)
            env.state.define(function)
            return frozenset({function})
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return _comprehension(node, env)
        case ast.Yield(value=value):
            if value is not None:
                env.state.yields.grow(env.scope, evaluate(value, env))
            return NOTHING
        case ast.YieldFrom(value=value):
            env.state.yields.grow(env.scope, items(evaluate(value, env)))
            return NOTHING
        case ast.Starred(value=value):
            return evaluate(value, env)
    for child in children(node):
        if isinstance(child, ast.expr):
            evaluate(child, env)
    return NOTHING


def _sequence(node: ast.expr, elements: list[ast.expr], env: Environment) -> Values:
    found: set[Value] = set()
    placed = isinstance(node, ast.Tuple | ast.List)
    for index, element in enumerate(elements):
        values = evaluate(element, env)
        found |= wrap("item", values)
        placed = placed and not isinstance(element, ast.Starred)  # where it and what follows end up is not known
        if placed:
            found |= wrap(f"tuple:{index}", values)
    return frozenset(found)


def _dict(keys: list[ast.expr | None], held: list[ast.expr], env: Environment) -> Values:
    found: set[Value] = set()
    for key, value in zip(keys, held, strict=True):
        values = evaluate(value, env)
        if key is None:
            found |= {value for value in values if isinstance(value, Wrapped)}
            continue
        evaluate(key, env)
        found |= wrap("item", values)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            found |= wrap(f"key:{key.value}", [value for value in values if is_grpc(value)])
    return frozenset(found)


def _operands(every: bool, operands: list[ast.expr], env: Environment) -> Values:
    """`a and b`, `a or b`; what `a` says of a name is known in `b`: that it holds in an `and`, else in an `or`."""
    inner = env.fork()
    found: set[Value] = set()
    for operand in operands:
        found |= evaluate(operand, inner)
        for child in walk(operand):
            if isinstance(child, ast.NamedExpr):
                env.bind(child.target.id, inner.look_up(child.target.id))
        narrow(operand, inner, holds=every)
    return frozenset(found)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, env: Environment) -> Values:
    from grpc2connect.facts.statements import assign

    inner = env.fork()
    # A comprehension's own names are seen by nothing outside it.
    inner.bound = env.bound | {name for child in walk(node) for name in bindings(child)}
    for generator in node.generators:
        assign(generator.target, items(evaluate(generator.iter, inner)), inner)
        for condition in generator.ifs:
            evaluate(condition, inner)
    if isinstance(node, ast.DictComp):
        evaluate(node.key, inner)
        return wrap("item", evaluate(node.value, inner))
    return wrap("item", evaluate(node.elt, inner))


def wrap(how: str, values: Iterable[object]) -> Values:
    """Values inside something; what is nested three deep is let go, and what calls of grpc gave two deep."""
    return frozenset(Wrapped(how, value) for value in values if isinstance(value, Value) and not _deep(value))


def _deep(value: Value) -> bool:
    if isinstance(value, Wrapped) and isinstance(value.value, Api) and "()" in value.value.path:
        return True
    return isinstance(value, Wrapped) and isinstance(value.value, Wrapped) and isinstance(value.value.value, Wrapped)


def unwrap(how: str, values: Values) -> Values:
    """What is inside the values that are wrapped in the given way."""
    return frozenset(value.value for value in values if isinstance(value, Wrapped) and value.how == how)


def items(values: Values) -> Values:
    """What iterating over a value gives (`async for` included)."""
    found = unwrap("item", values) | frozenset(value for value in values if isinstance(value, Api))
    for value in values:
        if isinstance(value, Call) and value.method.server_streaming:
            found |= {Message()}
        if isinstance(value, Wrapped) and value.how == "await":
            found |= items(frozenset({value.value}))
    return found


def awaited(values: Values) -> Values:
    """What awaiting a value gives."""
    found = unwrap("await", values)
    if any(isinstance(value, Call) for value in values):
        found |= {Message()}
    return found


def held_under(key: str, values: Values) -> Values:
    """What a dict holds under a literal key: what was put there under it, or under a key that is not known."""
    keyed = {v.value for v in values if isinstance(v, Wrapped) and v.how.startswith("key:")}
    return unwrap(f"key:{key}", values) | (unwrap("item", values) - keyed)


def held_at(position: int, values: Values) -> Values:
    """What a sequence holds at a position: what was put there, else what is nowhere in particular."""
    placed = {v.value for v in values if isinstance(v, Wrapped) and v.how.startswith("tuple:")}
    return unwrap(f"tuple:{position}", values) or items(values) - placed


def subscript(values: Values, index: ast.expr) -> Values:
    """What `value[index]` gives."""
    number = index.value if isinstance(index, ast.Constant) else None
    if isinstance(number, str):
        return held_under(number, values) | frozenset(v for v in values if isinstance(v, Member))
    if isinstance(number, int) and (exact := unwrap(f"tuple:{number}", values)):
        return exact
    placed = {v.value for v in values if isinstance(v, Wrapped) and v.how.startswith("tuple:")}
    if isinstance(number, int) and number >= 0 and placed:
        return unwrap("item", values) - placed
    # `grpc.StatusCode["OK"]` and generics such as `ServicerContext[Req, Res]` stay what they are.
    return unwrap("item", values) | frozenset(v for v in values if isinstance(v, Member))
