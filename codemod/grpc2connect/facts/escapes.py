"""Whether a generated class or registration, used as a value, stays where the inference follows it.

A stub class that is kept in a dict and called somewhere can be replaced by a client class only if every place that may
call it is known. So each expression that can be such a class must stand where the inference goes on from it.
"""

from __future__ import annotations

import ast

from grpc2connect.facts import classes, fields, library
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    Adder,
    Api,
    Class,
    Function,
    Instance,
    Partial,
    ProgramModule,
    ServicerBase,
    StubClass,
    StubsModule,
    Value,
    Values,
    Wrapped,
    unwrapped,
)
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

_DEPTH = 3
_ASKS_IF_THERE = frozenset({"assertIsNone", "assertIsNotNone", "assertTrue", "assertFalse", "bool", "callable"})
_NO_BASES = frozenset({"object", "ABC", "Protocol", "Generic", "NamedTuple", "TestCase", "IsolatedAsyncioTestCase"})


def generated(values: Values) -> list[StubClass | Adder]:
    """The stub classes and registrations among some values, in containers too, in a fixed order."""
    found = set()
    for value in values:
        inner = unwrapped(value)
        if isinstance(inner, StubClass | Adder):
            found.add(inner)
    return sorted(found, key=lambda value: (value.service.full_name, repr(value)))


def modules(values: Values) -> list[StubsModule]:
    """The generated modules among some values, in containers too, in a fixed order."""
    found = set()
    for value in values:
        inner = unwrapped(value)
        if isinstance(inner, StubsModule):
            found.add(inner)
    return sorted(found, key=repr)


def escapes(facts: Facts, module: Module, node: ast.expr) -> str:
    """Where a value goes that the inference does not follow, in a few words; "" if it is followed."""
    if any(_depth(value) >= _DEPTH for value in facts.values(node)):
        return "too deep in containers"
    parent = module.parents[node]
    match parent:
        case ast.Assign(targets=targets):
            return next((why for target in targets if (why := _target(facts, module, target))), "")
        case ast.AnnAssign(target=target):
            return _target(facts, module, target)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Starred() | ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
            return ""
        case ast.Dict(values=held):
            return "" if node in held else "a key"
        case ast.Return() | ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Lambda() | ast.Expr() | ast.Compare():
            return ""
        case ast.For() | ast.AsyncFor() | ast.comprehension() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return ""
        case ast.DictComp(key=key):
            return "a key" if node is key else ""
        case ast.If() | ast.While() | ast.Assert() | ast.UnaryOp() | ast.arguments() | ast.ClassDef() | ast.BinOp():
            if isinstance(parent, ast.ClassDef) and node in parent.bases and not _asks_for_a_servicer(module, node):
                return "a class that derives from it" if generated(facts.values(node)) else ""
            return "a decorator" if isinstance(parent, ast.ClassDef) and node in parent.decorator_list else ""
        case ast.Subscript() | ast.arg():
            return ""
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return "" if node is parent.returns else "a decorator"
        case ast.Attribute(attr=name):
            inside = all(isinstance(value, Wrapped) for value in facts.values(node))
            return "" if inside and (name in library.MODELLED_CALLS or _is_field(facts, node, name)) else f"its {name}"
        case ast.Call(func=func):
            return "" if func is node else _argument(facts, parent)
        case ast.keyword():
            call = module.parents[parent]
            return _argument(facts, call) if isinstance(call, ast.Call) else ""
    return "a place that is not followed"


def _asks_for_a_servicer(module: Module, node: ast.expr) -> bool:
    """Whether this is `getattr(module, name)` whose name, or the text that it is bound to, says that of a servicer.

    Of a stub's class nothing is known by such a name; a servicer's is made of the module as it was.
    """
    match node:
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Name(id=name), *_]):
            bound = [
                step.value
                for step in module.tree.body
                if isinstance(step, ast.Assign | ast.AnnAssign) and name in _targets(step)
            ]
            return bool(bound) and all(_says_servicer(value) for value in bound)
        case ast.Call(func=ast.Name(id="getattr"), args=[_, name, *_]):
            return not isinstance(name, ast.Constant) and _says_servicer(name)
    return False


def _targets(step: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = step.targets if isinstance(step, ast.Assign) else [step.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _says_servicer(node: ast.expr | None) -> bool:
    texts = [str(part.value) for part in walk(node) if isinstance(part, ast.Constant)] if node is not None else []
    return any(text.endswith("Servicer") for text in texts)


def _depth(value: Value) -> int:
    return 1 + _depth(value.value) if isinstance(value, Wrapped) else 0


def _is_field(facts: Facts, node: ast.expr, name: str) -> bool:
    return any(isinstance(value, Wrapped) and value.how == f"field:{name}" for value in facts.values(node))


def _target(facts: Facts, module: Module, target: ast.expr) -> str:
    match target:
        case ast.Name():
            scope = module.enclosing(target, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
            return _class_attribute(facts, module, scope) if isinstance(scope, ast.ClassDef) else ""
        case ast.Attribute(value=owner):
            values = facts.values(owner)
            known = bool(values) and all(isinstance(value, Instance | Class | ProgramModule) for value in values)
            return "" if known else "an attribute of an unknown object"
        case ast.Subscript(value=ast.Name() | ast.Attribute() as container):
            return "" if all(isinstance(value, Wrapped) for value in facts.values(container)) else "an unknown object"
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return next((why for element in elements if (why := _target(facts, module, element))), "")
        case ast.Starred(value=value):
            return _target(facts, module, value)
    return "a place that is not followed"


def _class_attribute(facts: Facts, module: Module, node: ast.ClassDef) -> str:
    """A class attribute is read by the class's bases: those that are not of the program may do so unseen."""
    for ancestor in classes.ancestry(facts.state, Class(module, node)):
        for base in ancestor.node.bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            name = last_name(plain)
            known = any(isinstance(v, Class | ServicerBase | StubClass) for v in facts.values(plain))
            if not known and name not in _NO_BASES:
                return f"an attribute that {name} may read"
    return ""


def _argument(facts: Facts, call: ast.Call) -> str:
    callees = facts.values(call.func)
    name = last_name(call.func)
    if not callees or not all(isinstance(value, Function | Class | Partial) for value in callees):
        modelled = name in library.MODELLED_CALLS | _ASKS_IF_THERE | {"partial", "field"}
        known = modelled and not any(isinstance(value, Api | Function | Class) for value in callees)
        return "" if known else f"an argument of {name or 'a call'}"
    for value in callees:
        if isinstance(value, Class) and (
            classes.lookup(facts.state, value, "__new__")
            or not (classes.lookup(facts.state, value, "__init__") or fields.of(facts.state, value))
        ):
            return f"an argument of {name}"
    return ""
