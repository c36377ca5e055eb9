"""Classes and objects whose names something looks at: `inspect.getmembers(GreeterServicer)`, `vars(stub)`.

Source: Python's `vars`, `dir`, `isinstance`, and its module `inspect`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Builtin, Function, Package
from grpc2connect.facts.scopes import parameters
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module

LOOKS = frozenset({"dir", "getmembers"})
"""What tells all names that an object has."""

_AT_CLASSES = frozenset(
    {
        "isinstance", "issubclass", "getattr", "hasattr", "dir", "vars", "getmembers", "isclass", "assertIsInstance",
        "assertNotIsInstance", "assertIsSubclass", "assertNotIsSubclass",
    }
)  # fmt: skip
_SOURCES = frozenset(
    f"inspect.{name}" for name in ("getsource", "getsourcelines", "getsourcefile", "getfile", "getdoc")
)
_READERS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "len", "iter", "dict", "any", "all", "bool"})
_METHODS = frozenset({"keys", "values", "items", "get", "copy"})


def derives_from(facts: Facts, module: Module, node: ast.expr) -> tuple[ast.ClassDef, ast.expr] | None:
    """The class that has a servicer's class as a base, and that base, where it is named so.

    That is among the bases, or in a method, to ask for what is initialised after it:
    `super(GreeterServicer, self).__init__()`.
    """
    parent = module.parents[node]
    if isinstance(parent, ast.ClassDef) and node in parent.bases:
        return parent, node
    asked = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "super"
    cls = module.enclosing(node, ast.ClassDef)
    if asked and isinstance(cls, ast.ClassDef) and _is_initializer(module, module.parents[parent]):
        same = [base for base in cls.bases if facts.values(base) == facts.values(node)]
        return (cls, same[0]) if same else None
    return None


def class_is_asked(facts: Facts, module: Module, node: ast.expr) -> str:
    """What is done with a servicer's class: "servicer" (it is only looked at), "initializer", or nothing known."""
    if _is_initializer(module, module.parents[node]):
        return "initializer"
    return "servicer" if _only_looks(facts, module, node) else ""


def _is_initializer(module: Module, node: ast.AST) -> bool:
    """Whether an attribute is the `__init__` of a class, called there: `GreeterServicer.__init__(self)`."""
    call = module.parents[node]
    return (
        isinstance(node, ast.Attribute) and node.attr == "__init__" and isinstance(call, ast.Call) and call.func is node
    )


def _only_looks(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether a class is only looked at by the call whose argument it is, and not kept or derived from.

    So it is too where functions of the program do no more with the parameter that it is given as, or show it.
    """
    child, parent = node, module.parents[node]
    if isinstance(parent, ast.Tuple):
        child, parent = parent, module.parents[parent]
    keyword = parent.arg if isinstance(parent, ast.keyword) else None
    call = module.parents[parent] if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or call.func is node:
        return False
    callees = facts.values(call.func)
    if not all(isinstance(value, Package | Builtin) for value in callees):
        position = call.args.index(child) if child in call.args else None
        return all(isinstance(value, Function) and _only_shows(value, position, keyword) for value in callees)
    name = last_name(call.func)
    return name in _AT_CLASSES


def _only_shows(function: Function, position: int | None, keyword: str | None) -> bool:
    """Whether a function only looks at one of its parameters, or prints it."""
    names = [parameter.arg for parameter in parameters(function.node)]
    if position is not None:
        position += function.self_value is not None
        keyword = names[position] if position < len(names) else None
    uses = [n for n in walk(function.node) if isinstance(n, ast.Name) and n.id == keyword]
    return bool(uses) and all(_is_shown(function.module, use) for use in uses)


def _is_shown(module: Module, use: ast.Name) -> bool:
    parent = module.parents[use]
    if isinstance(parent, ast.FormattedValue) or (isinstance(parent, ast.Attribute) and parent.attr == "__name__"):
        return True
    func = parent.func if isinstance(parent, ast.Call) else None
    return isinstance(func, ast.Name) and func is not use and func.id in _AT_CLASSES


def only_source_read(facts: Facts, module: Module, node: ast.expr, depth: int = 3) -> bool:
    """Whether all that becomes of a class is that its source, or its text, is read (`inspect.getsource`).

    Followed through a tuple or list that a loop goes over, and into functions of the program.
    """
    child, parent = node, module.parents[node]
    if isinstance(parent, ast.Tuple | ast.List):
        loop = module.parents[parent]
        if not isinstance(loop, ast.For) or loop.iter is not parent or not isinstance(loop.target, ast.Name):
            return False
        return _all_read(facts, module, loop, loop.target.id, depth)
    call = module.parents[parent] if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or call.func is node or not depth:
        return False
    callees = facts.values(call.func)
    if callees and all(isinstance(value, Package) and value.dotted in _SOURCES for value in callees):
        return True
    found = [value for value in callees if isinstance(value, Function) and not isinstance(value.node, ast.Lambda)]
    if not found or len(found) < len(callees) or child not in call.args:
        return False
    for function in found:
        names = [parameter.arg for parameter in parameters(function.node)]
        position = call.args.index(child) + (function.self_value is not None)
        if position >= len(names) or not _all_read(facts, function.module, function.node, names[position], depth - 1):
            return False
    return True


def _all_read(facts: Facts, module: Module, scope: ast.AST, name: str, depth: int) -> bool:
    uses = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == name]
    uses = [one for one in uses if isinstance(one.ctx, ast.Load)]
    return bool(uses) and all(only_source_read(facts, module, one, depth) for one in uses)


def only_reads(module: Module, call: ast.Call) -> bool:
    """Whether the names that `vars(stub)` gives are only read, at once, so that a copy of them does as well."""
    parent = module.parents[call]
    match parent:
        case ast.For() | ast.comprehension():
            return parent.iter is call
        case ast.Compare(ops=ops):
            return all(isinstance(operator, ast.In | ast.NotIn | ast.Eq | ast.NotEq) for operator in ops)
        case ast.Call(func=ast.Name(id=name)):
            return name in _READERS and call in parent.args
        case ast.Attribute(attr=name):
            return name in _METHODS
    return False


def asks_what_is_installed(module: Module, node: ast.expr) -> bool:
    """Whether grpc itself is asked what it has: `hasattr(grpc, "aio")`, `getattr(grpc, "__version__", None)`."""
    match module.parents[node]:
        case ast.Call(func=ast.Name(id="hasattr"), args=[first, ast.Constant(value=str())]):
            return first is node
        case ast.Call(func=ast.Name(id="getattr"), args=[first, ast.Constant(value="__version__"), *_]):
            return first is node
    return False
