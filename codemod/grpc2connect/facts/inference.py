"""The fixpoint: runs every module and function of the program abstractly until nothing new is learned."""

from __future__ import annotations

import ast

from grpc2connect.expendable import expendable
from grpc2connect.facts import classes, pytest_grpc
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Class,
    Context,
    Function,
    Instance,
    Message,
    MovedContext,
    Value,
    Values,
    Wrapped,
    is_grpc,
)
from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import all_parameters, bound_names, parameters
from grpc2connect.facts.state import FunctionNode, Handler, State
from grpc2connect.facts.statements import run_block, run_lambda
from grpc2connect.schema import CONNECT_SUFFIX, Kind, Method, Service
from grpc2connect.syntax import Module

ROUNDS = 12
"""Bound of the fixpoint. Real programs settle in 3 to 6 rounds; what is still open then stays unknown."""


def infer(program: Program, state: State) -> None:
    """Learn all that can be learned about the active modules of a program, on top of what `state` holds already.

    Independent of the order of files: tables only grow, and rounds go on until none does. A round runs, in the order
    of paths, the modules and functions that are new or read something that has grown since they last ran.
    """
    state.settled = False
    _until_settled(program, state)
    state.settled = True
    state.work.due |= state.unsettled
    state.unsettled = set()
    if state.work.due:
        _until_settled(program, state)


def _until_settled(program: Program, state: State) -> None:
    size = (0, 0)
    for _ in range(ROUNDS):
        if program.size != size:
            size = program.size
            _load(program, state)
        for module in program.modules():
            if module.tree in state.work.due:
                _run_module(program, state, module)
        for function in list(state.functions.values()):
            if function.node in state.work.due:
                state.work.due.discard(function.node)
                if program.is_active(function.module) or _receives_grpc(program, state, function):
                    with expendable(function.module.path):
                        run_function(program, state, function)
        _bind_handlers(state)
        if not state.work.due and program.size == size:
            break


def _load(program: Program, state: State) -> None:
    """Modules that have come, or whose imports are followed now, are due; dormant ones that see more of the others."""
    fresh = set()
    anew = program.seen_anew()
    for module in program.modules():
        if not program.is_active(module):
            if module in anew or module.tree not in state.dormant:
                state.dormant.add(module.tree)
                state.work.due.add(module.tree)
        elif module.tree not in state.active:
            state.active.add(module.tree)
            state.work.due.add(module.tree)
            fresh.add(module)
    state.work.due.update(node for node, function in state.functions.items() if function.module in fresh)


def _receives_grpc(program: Program, state: State, function: Function) -> bool:
    """Whether something of gRPC flows into a function; its module's own imports matter from then on."""
    names = [arg.arg for arg in all_parameters(function.node)]
    received = any(is_grpc(value) for name in names for value in state.parameters.get((function.node, name), NOTHING))
    if received:
        program.activate(function.module.path)
    return received


def _run_module(program: Program, state: State, module: Module) -> None:
    state.work.due.discard(module.tree)
    state.work.running = module.tree
    program.asking = None if program.is_active(module) else module
    env = Environment(program, state, module, module.tree, {})
    with expendable(module.path):
        run_block(module.tree.body, env)
    state.work.running = program.asking = None


def run_function(program: Program, state: State, function: Function) -> None:
    """Run one function's body with all that is known to flow into its parameters."""
    node = function.node
    state.work.running = node
    env = Environment(program, state, function.module, node, {})
    env.cls = classes.class_around(function.module, node)
    for arg in [*parameters(node), *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]:
        if arg is None:
            continue
        annotated = env.annotation(arg.annotation)
        if arg is node.args.vararg or arg is node.args.kwarg:
            annotated = frozenset(Wrapped("item", value) for value in annotated)
        given = state.parameters.read((node, arg.arg)) or _fixture(env, node, arg.arg)
        values = given | annotated  # an annotation of a stub does not say whether it is an aio one
        env.bind(arg.arg, values)
        state.remember(arg, values)
    _bind_self(env, function)
    if isinstance(node, ast.Lambda):
        run_lambda(node, env)
    else:
        run_block(node.body, env)
    state.work.running = None


def _fixture(env: Environment, node: FunctionNode, name: str) -> Values:
    """What pytest passes for a parameter of a test or fixture: what the fixture of that name returns or yields."""
    if isinstance(node, ast.Lambda):
        return NOTHING
    if not node.name.startswith("test") and classes.fixture_name(node) is None:
        return NOTHING
    found = _program_fixture(env, node, name)
    if found or isinstance(node, ast.AsyncFunctionDef):
        return found
    return pytest_grpc.provided(env.state, name, lambda other: _program_fixture(env, node, other))


def _program_fixture(env: Environment, node: ast.AST, name: str) -> Values:
    found = NOTHING
    for fixture in env.state.asked(name):
        near = fixture.module.path.name == "conftest.py" and env.module.path.is_relative_to(fixture.module.path.parent)
        if fixture.node is not node and (near or fixture.module is env.module):
            for table in (env.state.yields, env.state.returns):
                found |= table.read(fixture.node)
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
    for cls, services in list(state.moved.items()):
        for service in services:
            for method in service.methods:
                for function in classes.lookup(state, cls, method.python_name):
                    if isinstance(function, Function) and not function.module.path.name.endswith(CONNECT_SUFFIX):
                        aio = isinstance(function.node, ast.AsyncFunctionDef)
                        _bind_arguments(state, function, method, MovedContext(aio, service))


def _bind_handler(state: State, function: Function, service: Service, method: Method) -> None:
    node = function.node
    key = (node, f"{service.full_name}/{method.name}")
    if key not in state.handlers:
        cls = function.module.parents.get(node)
        direct = isinstance(cls, ast.ClassDef) and getattr(node, "name", "") == method.name
        state.handlers[key] = Handler(function.module, node, service, method, direct)
    _bind_arguments(state, function, method, Context(isinstance(node, ast.AsyncFunctionDef), service))


def _bind_arguments(state: State, function: Function, method: Method, context: Context) -> None:
    request: Values = frozenset({Message()})
    if method.kind in (Kind.STREAM_UNARY, Kind.STREAM_STREAM):
        request = frozenset({Wrapped("item", Message())})
    given = (request, frozenset[Value]({context}))
    _bind_positional(state, function.node, 1 if _has_self(function) else 0, given)


def _bind_positional(state: State, node: FunctionNode, skip: int, arguments: tuple[Values, ...]) -> None:
    names = [arg.arg for arg in parameters(node)][skip:]
    for name, values in zip(names, arguments, strict=False):
        state.receive(node, name, values)
    if node.args.vararg:
        offset = 0 if skip and not parameters(node) else skip
        for index, values in enumerate(arguments[len(names) :], start=len(names) + skip - offset):
            wrapped = frozenset(Wrapped(f"tuple:{index + offset}", value) for value in values)
            state.receive(node, node.args.vararg.arg, wrapped)


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
