"""Abstract execution of statements: flow-sensitive in a function, joined where branches meet."""

from __future__ import annotations

import ast
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from grpc2connect.facts import api, attributes, classes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.expressions import evaluate, held_at, items, unwrap, wrap
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Builtin,
    Channel,
    Class,
    Context,
    Credentials,
    Error,
    ExperimentalApi,
    Function,
    Instance,
    MaybeError,
    Message,
    MessagesModule,
    Package,
    ProgramModule,
    Server,
    ServicerBase,
    StubClass,
    StubsModule,
    Values,
    Wrapped,
    is_grpc,
    worth_following,
)
from grpc2connect.facts.narrowing import leaves, narrow
from grpc2connect.facts.program import MODELLED
from grpc2connect.facts.scopes import bound_names, parameters
from grpc2connect.syntax.walking import children, walk

_BROAD = frozenset({"Exception", "BaseException"})


def run_block(body: list[ast.stmt], env: Environment) -> None:
    """Execute statements in order."""
    for statement in body:
        _run(statement, env)


def run_lambda(node: ast.Lambda, env: Environment) -> None:
    """Execute a lambda's body."""
    env.state.returns.grow(node, evaluate(node.body, env))


def _run(node: ast.stmt, env: Environment) -> None:
    match node:
        case ast.Expr(value=value):
            evaluate(value, env)
        case ast.Assign(targets=targets, value=value):
            values = evaluate(value, env)
            for target in targets:
                assign(target, values, env)
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            values = env.annotation(annotation)
            if value is not None:
                if not (isinstance(value, ast.Constant) and value.value is None):
                    # Where they come from is there to see; a promise would hide that they come from other code.
                    values = frozenset(found for found in values if not isinstance(found, Credentials))
                values |= evaluate(value, env)
            assign(target, values, env)
        case ast.AugAssign(target=target, value=value):
            old = evaluate(target, env) if isinstance(target, ast.Name | ast.Attribute | ast.Subscript) else NOTHING
            assign(target, old | evaluate(value, env), env)
        case ast.Return(value=value):
            if value is not None:
                env.state.returns.grow(env.scope, evaluate(value, env))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _define_function(node, env)
        case ast.ClassDef():
            _define_class(node, env)
        case ast.Import(names=names):
            for alias in names:
                _import(alias, env)
        case ast.ImportFrom():
            _import_from(node, env)
        case ast.If(test=test, body=body, orelse=orelse):
            evaluate(test, env)
            _branches(env, test, body, orelse)
        case (
            ast.For(target=target, iter=iterable, body=body, orelse=orelse)
            | ast.AsyncFor(target=target, iter=iterable, body=body, orelse=orelse)
        ):
            values = items(evaluate(iterable, env))
            _repeat(env, lambda other: assign(target, values, other), body)
            run_block(orelse, env)
        case ast.While(test=test, body=body, orelse=orelse):
            _repeat(env, lambda other: evaluate(test, other), body)
            run_block(orelse, env)
        case ast.Assert(test=test, msg=message):
            evaluate(test, env)
            narrow(test, env)
            if message is not None:
                evaluate(message, env)
        case ast.With(items=managers, body=body) | ast.AsyncWith(items=managers, body=body):
            for manager in managers:
                values = attributes.entered(evaluate(manager.context_expr, env), env)
                if manager.optional_vars is not None:
                    assign(manager.optional_vars, values, env)
            run_block(body, env)
        case ast.Try() | ast.TryStar():
            _try(node, env)
        case ast.Match(subject=subject, cases=cases):
            values = evaluate(subject, env)
            before = env.fork()
            for case in cases:
                other = before.fork()
                if isinstance(case.pattern, ast.MatchAs) and case.pattern.name:
                    other.bind(case.pattern.name, values)
                if case.guard:
                    evaluate(case.guard, other)
                for child in walk(case.pattern):
                    if isinstance(child, ast.MatchValue | ast.MatchClass):
                        evaluate(child.value if isinstance(child, ast.MatchValue) else child.cls, other)
                run_block(case.body, other)
                env.join(other)
        case _:
            for child in children(node):
                if isinstance(child, ast.expr):
                    evaluate(child, env)


def _repeat(env: Environment, start: Callable[[Environment], object], body: list[ast.stmt]) -> None:
    """Execute what runs any number of times: once, and again where that has told more of what its names are."""
    for _ in range(2):
        other = env.fork()
        start(other)
        run_block(body, other)
        if not env.learn(other):
            break


def _branches(env: Environment, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
    """Both ways past a test; what it says of a name is known on one, and after it where the other way leaves."""
    before, other = env.fork(), env.fork()
    holds, fails = narrow(test, other), narrow(test, env, holds=False)
    run_block(body, other)
    run_block(orelse, env)
    for way, narrowed, rest, alone in ((other, holds, env, leaves(orelse)), (env, fails, other, leaves(body))):
        for name in (name for name, values in narrowed.items() if way.locals.get(name) == values):
            if not alone:
                way.locals[name] = before.look_up(name)
            elif rest.locals.get(name) == before.look_up(name):
                rest.locals[name] = way.locals[name]
    if not leaves(body):
        env.said = before.said
    env.join(other)


def _try(node: ast.Try | ast.TryStar, env: Environment) -> None:
    before = env.fork()
    run_block(node.body, env)
    after = env.fork()
    after.join(before)
    ends = []
    for handler in node.handlers:
        other = after.fork()
        caught = _caught(handler.type, other)
        if handler.name:
            other.bind(handler.name, caught)
        run_block(handler.body, other)
        if handler.name:
            other.locals.pop(handler.name, None)
        ends.append(other)
    run_block(node.orelse, env)
    env.join(*ends)
    run_block(node.finalbody, env)


def _caught(node: ast.expr | None, env: Environment) -> Values:
    if node is None:
        return NOTHING
    values = evaluate(node, env)
    values |= unwrap("item", values)
    if any(isinstance(part, ast.Name) and part.id in _BROAD for part in walk(node)):
        values |= {MaybeError()}
    return frozenset(
        Error(api.ERRORS[value.path]) for value in values if isinstance(value, Api) and value.path in api.ERRORS
    ) | frozenset(
        Instance(value) if isinstance(value, Class) else value
        for value in values
        if isinstance(value, Class | MaybeError)
    )


def assign(target: ast.expr, values: Values, env: Environment) -> None:
    """Bind a target: a name, an attribute of an instance, a subscript of a container, or several."""
    match target:
        case ast.Name(id=name):
            env.bind(name, values)
            if values:
                env.state.remember(target, values)
        case ast.Attribute(value=owner, attr=attr):
            env.said.clear()
            evaluate(target, env)  # what is there before: `stub.SayHello = Mock()` replaces an RPC
            assign_attribute(owner, attr, values, env)
            if values:
                env.state.remember(target, values)
        case ast.Subscript(value=container, slice=index):
            env.said.clear()
            evaluate(index, env)
            evaluate(container, env)
            grow_container(container, wrap("item", values), env)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            shifted = False
            for position, element in enumerate(elements):
                shifted = shifted or isinstance(element, ast.Starred)
                inner = element.value if isinstance(element, ast.Starred) else element
                assign(inner, items(values) if shifted else held_at(position, values), env)
        case ast.Starred(value=value):
            assign(value, values, env)


def assign_attribute(owner: ast.expr, name: str, values: Values, env: Environment) -> None:
    """Bind `owner.name`; an object of which nothing is known holds it as a container does."""
    owners = evaluate(owner, env)
    for value in owners:
        if isinstance(value, Instance | Class):
            cls = value.cls if isinstance(value, Instance) else value
            env.state.attributes.grow((cls.node, name), values)
            classes.inherit_upwards(env.state, cls, name, values)
        elif isinstance(value, ProgramModule):
            env.state.bind(value.module.tree, name, values)
        elif isinstance(value, Channel | Server | Context):
            env.state.assigned.add((type(value), name))
            env.state.own.grow((type(value), name), values)
    given = [value for value in values if is_grpc(value)]
    if given and all(isinstance(value, Wrapped) for value in owners) and not isinstance(owner, ast.Call):
        grow_container(owner, wrap(f"field:{name}", given), env)


def grow_container(container: ast.expr, values: Values, env: Environment) -> None:
    """Add to what an expression's object holds."""
    if not values:
        return
    match container:
        case ast.Name(id=name):
            env.bind(name, env.look_up(name) | values)
        case ast.Attribute():
            assign(container, evaluate(container, env) | values, env)
        case ast.Subscript(value=outer) | ast.Call(func=ast.Attribute(value=outer, attr="setdefault" | "get")):
            grow_container(outer, wrap("item", values), env)


def _define_function(node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> None:
    from grpc2connect.facts.calls import apply_decorators

    function = Function(env.module, node)
    env.state.define(function)
    if (fixture := classes.fixture_name(node)) is not None:
        env.state.offer(fixture, function)
    positional = parameters(node)
    named = zip(positional[len(positional) - len(node.args.defaults) :], node.args.defaults, strict=True)
    for parameter, default in [*named, *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]:
        if default is not None and (values := worth_following(evaluate(default, env))):
            env.state.receive(node, parameter.arg, values)
    env.annotation(node.returns)
    env.bind(node.name, apply_decorators(function, node, env))


def _define_class(node: ast.ClassDef, env: Environment) -> None:
    cls = Class(env.module, node)
    env.state.classes.setdefault(node, cls)
    for base in node.bases:
        evaluate(base, env)
    for decorator in [*node.decorator_list, *(keyword.value for keyword in node.keywords)]:
        evaluate(decorator, env)
    inner = Environment(env.program, env.state, env.module, node, {})
    inner.cls = cls
    run_block(node.body, inner)
    for generated in classes.generated_bases(env.state, cls):
        if isinstance(generated, ServicerBase):
            env.state.serve(cls, generated.service)
    for service in classes.stood_in_for(env.state, cls):
        env.state.serve(cls, service)
    for ancestor in classes.ancestry(env.state, cls)[1:]:
        if (moved := env.program.connect.of(ancestor)) is not None and moved[1] == "base":
            env.state.serve(cls, moved[0])
    if len(classes.ancestry(env.state, cls)) > 1:
        for name in sorted(inner.bound):
            if found := env.state.cells.get((node, name), NOTHING):
                classes.inherit_upwards(env.state, cls, name, found)
    env.bind(node.name, frozenset({cls}))


def _import(alias: ast.alias, env: Environment) -> None:
    resolve = env.program.resolve
    top = alias.name.partition(".")[0]
    if top in MODELLED:
        env.bind(alias.asname or top, frozenset({Builtin(alias.name if alias.asname else top)}))
        return
    values = resolve(env.module, alias.name)
    _connect(values, env)
    env.state.remember(alias, values)
    if alias.asname:
        env.bind(alias.asname, values)
        return
    packages = list(itertools.accumulate(alias.name.split(".")[:-1], "{}.{}".format))
    for dotted in reversed(packages):  # an import brings each of them, and by their attributes what it names is found
        values = resolve(env.module, dotted)
    env.bind(top, env.locals.get(top, NOTHING) | values)


def _import_from(node: ast.ImportFrom, env: Environment) -> None:
    if node.level:
        prefix = env.program.absolute(env.module, node.level, node.module)
        dotted = os.path.relpath(prefix or ".", str(env.module.path.parent)).replace(os.sep, ".")
        # A folder's modules are looked for by its whole name: there may be no other trace of where that starts.
        whole = env.program.whole_name(env.module, prefix or ".") or node.module or dotted
        values = env.program.at(str(Path(prefix or ".")), whole, str(env.module.path))
        if not values and node.module and node.module.endswith("_pb2_grpc"):
            stubs = env.program.schema.by_import(_absolute(node, env), env.module.path)
            unknown = Api(f"{api.UNKNOWN_STUBS}{node.module}")
            values = frozenset({StubsModule(stubs) if stubs else unknown})
        if not values and node.module is None:
            values = frozenset({Package(whole, str(env.module.path))})
        env.program.came_relatively(env.module, values)
    elif (node.module or "").partition(".")[0] in MODELLED:
        values = frozenset({Builtin(node.module or "")})
    else:
        values = env.program.resolve(env.module, node.module or "")
    _connect(values, env)
    for alias in node.names:
        if alias.name == "*":
            _import_star(values, env, alias)
            continue
        found = frozenset(item for value in values for item in attributes.get(env, value, alias.name))
        passed_on = any(isinstance(one, ProgramModule) and alias.name in bound_names(one.module.tree) for one in values)
        if not found and alias.name.endswith("_pb2_grpc") and not passed_on:  # else it comes from there, known or not
            stubs = env.program.schema.by_import(
                ".".join(filter(None, (_absolute(node, env), alias.name))), env.module.path
            )
            found = frozenset({StubsModule(stubs) if stubs else Api(f"{api.UNKNOWN_STUBS}{alias.name}")})
        if node.level:
            env.program.came_relatively(env.module, found)
        if found:
            _connect(found, env)
            env.state.remember(alias, found)
        env.bind(alias.asname or alias.name, found)


def _absolute(node: ast.ImportFrom, env: Environment) -> str:
    """The dotted name of the module that a `from` import names, as far as its package is known."""
    package = env.module.name.split(".") if node.level and env.module.name else []
    steps = node.level - (env.module.path.name == "__init__.py")
    return ".".join([*package[: len(package) - steps], *filter(None, [node.module])])


def _connect(values: Values, env: Environment) -> None:
    """Note what a module imports, so that the parts of the program that have nothing in common can be told apart."""
    for value in values:
        if isinstance(value, ProgramModule | StubsModule):
            other = value.module if isinstance(value, ProgramModule) else value.module.key
            env.state.imports.add((env.module, other))


def _import_star(values: Values, env: Environment, alias: ast.alias) -> None:
    for value in values:
        names: dict[str, Values] = {}
        if isinstance(value, StubsModule):
            env.state.remember(alias, frozenset({value}))
            names["grpc"] = frozenset({Api("grpc")})  # generated modules import it, and have no `__all__`
            for service in value.module.services:
                names[service.stub_class] = frozenset({StubClass(service)})
                names[service.servicer_class] = frozenset({ServicerBase(service)})
                names[service.adder] = frozenset({Adder(service)})
                if not classes.is_own(env.scope, service.name):
                    names[service.name] = frozenset({ExperimentalApi(service)})
        elif isinstance(value, MessagesModule) and value.path:
            messages = env.program.schema.message_names(Path(value.path))
            names = {name: frozenset({Message()}) for name in messages}
        elif isinstance(value, ProgramModule):
            tree = value.module.tree
            names = {name: found for name, found in env.state.names_of(tree).items() if not name.startswith("_")}
        for name, found in names.items():
            # A star import binds names that no scan of the text can see.
            env.state.bind(env.scope, name, found)
            env.locals[name] = env.locals.get(name, NOTHING) | found
            env.state.globals[env.scope] = env.bound = env.bound | {name}


__all__ = ["Wrapped", "assign", "run_block", "run_lambda"]
