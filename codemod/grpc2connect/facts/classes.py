"""Classes of the program: their bases, and what an attribute of an instance can be."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from grpc2connect.facts.kinds import (
    NOTHING,
    Class,
    ExperimentalApi,
    Function,
    ServicerBase,
    StubClass,
    Value,
    Values,
    is_grpc,
)
from grpc2connect.facts.scopes import Scope
from grpc2connect.facts.state import Family, State
from grpc2connect.schema import Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name


def class_around(module: Module, node: ast.AST) -> Class | None:
    """The class whose method (or whose method's nested function) a node is."""
    cls = module.enclosing(node, ast.ClassDef)
    return Class(module, cls) if isinstance(cls, ast.ClassDef) else None


def decorated(node: ast.FunctionDef | ast.AsyncFunctionDef, *names: str) -> bool:
    """Whether a decorator of one of the given names (last part of a dotted name) is on a function."""
    return any(decorated_as(decorator, *names) for decorator in node.decorator_list)


def decorated_as(decorator: ast.expr, *names: str) -> bool:
    """Whether a decorator has one of the given names (last part of a dotted name)."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return last_name(target) in names


def bases(state: State, cls: Class) -> list[Value]:
    """The known bases of a class: classes of the program and generated servicers and stubs, in order."""
    found: list[Value] = []
    for node in _named_bases(cls.node):
        values = state.values.read(node)
        found.extend(values if len(values) < 2 else sorted(values, key=repr))
    return found


def _named_bases(node: ast.ClassDef) -> list[ast.expr]:
    return [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]


def ancestry(state: State, cls: Class) -> Sequence[Class]:
    """A class and its bases in the program, depth first; each once."""
    work = state.work
    known = work.families.get(cls.node)
    if known is None:
        known = work.families[cls.node] = _family(state, cls)
    elif work.running not in known.readers:
        for base in known.read:
            state.values.read(base)
    known.readers.add(work.running)
    return known.members


def _family(state: State, cls: Class) -> Family:
    order: dict[ast.AST, Class] = {}
    stack = [cls]
    while stack:
        current = stack.pop()
        if current.node not in order:
            order[current.node] = current
            stack.extend(reversed([base for base in bases(state, current) if isinstance(base, Class)]))
    members = list(order.values())
    read = [base for member in members for base in _named_bases(member.node)]
    state.work.bases.update(read)
    return Family(members, read, set())


def generated_bases(state: State, cls: Class) -> list[ServicerBase | StubClass]:
    """The generated classes that a class derives from, through any number of classes of the program."""
    return [
        base
        for ancestor in ancestry(state, cls)
        for base in bases(state, ancestor)
        if isinstance(base, ServicerBase | StubClass)
    ]


def stub_bases(state: State, cls: Class) -> list[StubClass]:
    """The stub classes among those."""
    return [base for base in generated_bases(state, cls) if isinstance(base, StubClass)]


def lookup(state: State, cls: Class, name: str, skip_own: bool = False) -> Values:
    """What the class attribute `name` can be, looked up through the bases in the program."""
    for ancestor in ancestry(state, cls)[1 if skip_own else 0 :]:
        if found := state.cells.read((ancestor.node, name)):
            return found
    return NOTHING


def serves_all(state: State, cls: Class, service: Service) -> bool:
    """Whether a class is registered for a service and has a handler of its own for each of its methods."""
    served = service in state.servicers.get(cls, ())
    return served and all(lookup(state, cls, method.name) for method in service.methods)


def is_own(scope: Scope, name: str) -> bool:
    """Whether a scope has a class of a name, which takes the place of what a star import brings under that."""
    return not isinstance(scope, ast.Lambda) and any(
        isinstance(node, ast.ClassDef) and node.name == name and name not in map(last_name, node.bases)
        for node in scope.body
    )


def stood_in_for(state: State, cls: Class) -> list[Service]:
    """The services whose class of static methods a class has for a base, all of which its own methods replace.

    That is a servicer, if a strange one: nothing of gRPC's experimental API is left in it.
    """
    return [
        base.service
        for base in bases(state, cls)
        if isinstance(base, ExperimentalApi)
        and all(
            any(isinstance(value, Function) for value in state.cells.read((cls.node, method.name)))
            for method in base.service.methods
        )
    ]


def instance_attribute(state: State, cls: Class, name: str) -> Values:
    """What `self.name` can hold through assignments anywhere in the class, its bases and its subclasses' code."""
    found = NOTHING
    for ancestor in ancestry(state, cls):
        found |= state.attributes.read((ancestor.node, name))
    return found


def is_property(function: Value) -> bool:
    """Whether a class attribute is a property-like function."""
    return (
        isinstance(function, Function)
        and not isinstance(function.node, ast.Lambda)
        and decorated(function.node, "property", "cached_property")
    )


def inherit_upwards(state: State, cls: Class, name: str, values: Values) -> None:
    """Let the bases of a class be asked for what it has under a name, as `self` in their methods may be.

    Functions only where a base has none of its own that does something: others replace what the base can do itself.
    """
    for ancestor in ancestry(state, cls)[1:]:
        own = _does(ancestor.node)
        state.below.grow((ancestor.node, name), frozenset(v for v in values if name not in own or is_grpc(v)))


@lru_cache(maxsize=16384)
def _does(node: ast.ClassDef) -> frozenset[str]:
    """The methods of a class that do something: not those that are abstract, or only raise."""
    functions = [child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(
        function.name
        for function in functions
        if not decorated(function, "abstractmethod", "abstractproperty")
        and not all(isinstance(step, ast.Expr | ast.Pass | ast.Raise) for step in function.body)
    )


def is_declared_only(function: Function) -> bool:
    """Whether a function is there for type checkers, and does nothing: `def __init__(self, channel: Channel): ...`."""
    return isinstance(function.node, ast.FunctionDef) and all(
        isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) for step in function.node.body
    )


def fixture_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """The name under which a pytest fixture is asked for; None if a function is no fixture."""
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = last_name(target)
        if name != "fixture":
            continue
        given = [k.value for k in decorator.keywords if k.arg == "name"] if isinstance(decorator, ast.Call) else []
        return given[0].value if given and isinstance(given[0], ast.Constant) else node.name  # type: ignore[return-value]
    return None
