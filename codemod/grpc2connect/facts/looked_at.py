"""Classes and objects whose names something looks at: `inspect.getmembers(GreeterServicer)`, `vars(stub)`.

Source: Python's `vars`, `dir`, `isinstance`, and its module `inspect`.
"""

from __future__ import annotations

import ast

from grpc2connect.syntax import Module

LOOKS = frozenset({"dir", "getmembers"})
"""What tells all names that an object has."""

_AT_CLASSES = frozenset(
    {
        "isinstance", "issubclass", "getattr", "hasattr", "dir", "vars", "getmembers", "isclass", "assertIsInstance",
        "assertNotIsInstance", "assertIsSubclass", "assertNotIsSubclass",
    }
)  # fmt: skip
_READERS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "len", "iter", "dict", "any", "all", "bool"})
_METHODS = frozenset({"keys", "values", "items", "get", "copy"})


def only_looks(module: Module, node: ast.expr) -> bool:
    """Whether a class is only looked at by the call whose argument it is, and not kept or derived from."""
    parent = module.parents[node]
    if isinstance(parent, ast.Tuple):
        parent = module.parents[parent]
    if not isinstance(parent, ast.Call) or parent.func is node:
        return False
    name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
    return name in _AT_CLASSES


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
