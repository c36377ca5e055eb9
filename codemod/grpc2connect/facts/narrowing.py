"""What a test says of a name where it holds: `isinstance(error, grpc.RpcError)`; and of attributes and items of one."""

from __future__ import annotations

import ast

from grpc2connect.facts.environment import Environment, instances
from grpc2connect.facts.kinds import Error, MaybeError, Stub, Values, Wrapped, is_grpc


def narrow(test: ast.expr, env: Environment, holds: bool = True) -> dict[str, Values]:
    """Bind the names of which a test says what they are, where it holds (or does not); what they are."""
    match test:
        case ast.BoolOp(op=operator, values=operands) if isinstance(operator, ast.And) is holds:
            return {name: values for operand in operands for name, values in narrow(operand, env, holds).items()}
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return narrow(operand, env, not holds)
        case ast.Call(
            func=ast.Name(id="isinstance"),
            args=[ast.Name(id=name) | ast.NamedExpr(target=ast.Name(id=name)), classes],
        ) if holds and name in env.bound:
            found = _narrowed(env.look_up(name), _types(classes, env))
            if found is None:
                return {}
            env.locals[name] = found
            return {name: found}
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Attribute() | ast.Subscript() as subject, classes]):
            if not holds or not (place := place_of(subject)):
                return {}
            found = _narrowed(_values(subject, env), _types(classes, env))
            if found is not None:
                env.said[place] = found
    return {}


def place_of(node: ast.expr) -> str:
    """How code says a place that is the same each time: `self.args[0]`, `error.__cause__`; empty for what is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{owner}.{attr}" if (owner := place_of(value)) else ""
        case ast.Subscript(value=value, slice=ast.Constant(value=index)):
            return f"{owner}[{index!r}]" if (owner := place_of(value)) else ""
    return ""


def leaves(block: list[ast.stmt]) -> bool:
    """Whether what follows a block is not reached from its end."""
    match block:
        case [*_, ast.Return() | ast.Raise() | ast.Continue() | ast.Break()]:
            return True
        case [*_, ast.If(body=body, orelse=orelse)]:
            return leaves(body) and leaves(orelse)
    return False


def _values(node: ast.expr, env: Environment) -> Values:
    from grpc2connect.facts.expressions import evaluate

    return evaluate(node, env)


def _types(node: ast.expr, env: Environment) -> Values:
    """The instances of the classes that a test names."""
    values = _values(node, env)
    flat = {value.value if isinstance(value, Wrapped) else value for value in values}
    return frozenset(found for value in flat for found in instances(value))


def _narrowed(values: Values, types: Values) -> Values | None:
    """What values are that are instances of types of gRPC's; None where the test says nothing about them."""
    if not any(is_grpc(found) for found in types):
        return None
    exact = frozenset(value for value in values if any(_same(value, found) for found in types))
    known = frozenset(value for value in values if not isinstance(value, MaybeError) and value not in exact)
    return (exact or types) | frozenset(value for value in known if not is_grpc(value))


def _same(value: object, found: object) -> bool:
    if isinstance(value, Stub) and isinstance(found, Stub):
        return value.service == found.service
    if isinstance(value, Error) and isinstance(found, Error):
        return found.aio in (None, value.aio)
    return type(value) is type(found) and is_grpc(found)  # type: ignore[arg-type]
