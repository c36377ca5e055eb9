"""The fixpoint: runs every module and function of the program abstractly until nothing new is learned."""

from __future__ import annotations

import ast

from grpc2connect.facts import classes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Class,
    Context,
    Function,
    Instance,
    Message,
    Value,
    Values,
    Wrapped,
    is_grpc,
)
from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import all_parameters, bound_names, parameters
from grpc2connect.facts.state import FunctionNode, Handler, State
from grpc2connect.facts.statements import run_block, run_lambda
from grpc2connect.schema import Kind, Method, Service
from grpc2connect.syntax import Module

ROUNDS = 12
"""Bound of the fixpoint. Real programs settle in 3 to 6 rounds; what is still open then stays unknown."""


def infer(program: Program, state: State) -> None:
    """Learn all that can be learned about the active modules of a program, on top of what `state` holds already.

    Independent of the order of files: tables only grow, and rounds go on until none does.
    """
    for _ in range(ROUNDS):
        state.changed = False
        size = program.size
        for module in program.modules():
            _run_module(program, state, module)
        for function in list(state.functions.values()):
            if program.is_active(function.module) or _receives_grpc(program, state, function):
                run_function(program, state, function)
        _bind_handlers(state)
        if not state.changed and program.size == size:
            break


def _receives_grpc(program: Program, state: State, function: Function) -> bool:
    """Whether something of gRPC flows into a function; its module's own imports matter from then on."""
    names = [arg.arg for arg in all_parameters(function.node)]
    received = any(is_grpc(value) for name in names for value in state.parameters.get((function.node, name), NOTHING))
    if received:
        program.activate(function.module.path)
    return received


def _run_module(program: Program, state: State, module: Module) -> None:
    env = Environment(program, state, module, module.tree, {})
    run_block(module.tree.body, env)


def run_function(program: Program, state: State, function: Function) -> None:
    """Run one function's body with all that is known to flow into its parameters."""
    node = function.node
    env = Environment(program, state, function.module, node, {})
    env.cls = classes.class_around(function.module, node)
    for arg in [*parameters(node), *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]:
        if arg is None:
            continue
        values = state.parameters.get((node, arg.arg), NOTHING) | env.annotation(arg.annotation)
        if not values:
            values = _fixture(env, node, arg.arg)
        env.bind(arg.arg, values)
        if values:
            state.values[arg] = state.values.get(arg, NOTHING) | values
    _bind_self(env, function)
    if isinstance(node, ast.Lambda):
        run_lambda(node, env)
    else:
        run_block(node.body, env)


def _fixture(env: Environment, node: FunctionNode, name: str) -> Values:
    """What pytest passes for a parameter of a test or fixture: what the fixture of that name returns or yields."""
    if isinstance(node, ast.Lambda):
        return NOTHING
    if not node.name.startswith("test") and classes.fixture_name(node) is None:
        return NOTHING
    found = NOTHING
    for fixture in env.state.fixtures.get(name, ()):
        near = fixture.module.path.name == "conftest.py" and env.module.path.is_relative_to(fixture.module.path.parent)
        if fixture.node is not node and (near or fixture.module is env.module):
            for table in (env.state.yields, env.state.returns):
                found |= table.get(fixture.node, NOTHING)
            env.state.imports.add((env.module, fixture.module))
    return found


def _bind_self(env: Environment, function: Function) -> None:
    cls, node = env.cls, function.node
    positional = parameters(node)
    if cls is None or not positional or isinstance(node, ast.Lambda):
        return
    if function.module.parents.get(node) is not cls.node or classes.decorated(node, "staticmethod"):
        return
    value: Value = cls if classes.decorated(node, "classmethod") else Instance(cls)
    env.bind(positional[0].arg, frozenset({value}))


def _bind_handlers(state: State) -> None:
    for cls, services in list(state.servicers.items()):
        for service in services:
            for method in service.methods:
                for function in classes.lookup(state, cls, method.name):
                    if isinstance(function, Function):
                        _bind_handler(state, function, service, method)


def _bind_handler(state: State, function: Function, service: Service, method: Method) -> None:
    node = function.node
    key = (node, f"{service.full_name}/{method.name}")
    if key not in state.handlers:
        cls = function.module.parents.get(node)
        direct = isinstance(cls, ast.ClassDef) and getattr(node, "name", "") == method.name
        state.handlers[key] = Handler(function.module, node, service, method, direct)
        state.changed = True
    request: Values = frozenset({Message()})
    if method.kind in (Kind.STREAM_UNARY, Kind.STREAM_STREAM):
        request = frozenset({Wrapped("item", Message())})
    context: Values = frozenset({Context(isinstance(node, ast.AsyncFunctionDef), service)})
    _bind_positional(state, node, 1 if _has_self(function) else 0, (request, context))


def _bind_positional(state: State, node: FunctionNode, skip: int, arguments: tuple[Values, ...]) -> None:
    names = [arg.arg for arg in parameters(node)][skip:]
    for name, values in zip(names, arguments, strict=False):
        state.grow(state.parameters, (node, name), values)
    if node.args.vararg:
        offset = 0 if skip and not parameters(node) else skip
        for index, values in enumerate(arguments[len(names) :], start=len(names) + skip - offset):
            wrapped = frozenset(Wrapped(f"tuple:{index + offset}", value) for value in values)
            state.grow(state.parameters, (node, node.args.vararg.arg), wrapped)


def _has_self(function: Function) -> bool:
    node = function.node
    if isinstance(node, ast.Lambda):
        return len(parameters(node)) > 2
    if classes.decorated(node, "staticmethod"):
        return False
    if isinstance(function.module.parents.get(node), ast.ClassDef):
        return True
    return len(parameters(node)) != 2 or parameters(node)[0].arg in ("self", "cls")


__all__ = ["Class", "bound_names", "infer", "run_function"]
