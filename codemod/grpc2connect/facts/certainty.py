"""Expressions that are certainly no stub, whatever their attributes are called."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable

from grpc2connect.facts import api
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Builtin, Message, Package
from grpc2connect.facts.scopes import Function, all_parameters, own_nodes
from grpc2connect.syntax import Module

_LITERALS = (
    ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.Compare, ast.Lambda,
)  # fmt: skip
_ANYTHING = frozenset({"object", "type", "property", "super", "classmethod", "staticmethod"})
_OPEN_MODULES = frozenset({"typing", "types", "unittest", "weakref", "contextlib", "functools", "importlib", "abc"})
_OPEN_CLASSES = frozenset({"local", "ContextVar", "Future", "Protocol"})
_DEPTH = 3


def is_no_stub(facts: Facts, module: Module, node: ast.expr, depth: int = _DEPTH) -> bool:
    """Whether an expression is certainly something other than a stub (or a servicer, or a proxy of one)."""
    match node:
        case ast.Constant(value=value):
            return value is not None
        case ast.Call(func=ast.Attribute(value=owner)) if _is_message(facts, module, owner, depth):
            return True
        case ast.Call(func=func):
            return _is_class(facts, module, func) or _is_of_messages(facts, func)
        case ast.Name() | ast.Attribute() if _is_of_a_module(facts, module, node):
            return True
        case ast.Attribute(value=owner) if _is_message(facts, module, owner, depth):
            return True
        case ast.Subscript(value=container):
            return _is_message(facts, module, container, depth)
        case ast.Name(id=name) if depth:
            return not facts.values(node) and _is_name_of_none(facts, module, node, name, depth)
    return isinstance(node, _LITERALS)


def _is_message(facts: Facts, module: Module, node: ast.expr, depth: int) -> bool:
    """Whether an expression is certainly a message, or a field of one: whatever that gives is no stub either."""
    if _is_of_messages(facts, node):
        return True
    match node:
        case ast.Call(func=ast.Attribute(value=owner)) | ast.Attribute(value=owner) | ast.Subscript(value=owner):
            return _is_of_messages(facts, getattr(node, "func", node)) or _is_message(facts, module, owner, depth)
        case ast.Call(func=func):
            return _is_of_messages(facts, func)
        case ast.Name(id=name) if depth:
            return _is_name_of_none(facts, module, node, name, depth, _is_message, _names_messages)
    return False


def _names_messages(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether an annotation names a class of messages."""
    return _is_of_messages(facts, node)


def _is_of_messages(facts: Facts, node: ast.expr) -> bool:
    """Whether an expression is a message, or the class of one."""
    values = facts.values(node)
    return bool(values) and all(isinstance(value, Message) for value in values)


def takes_other_names(facts: Facts, module: Module, node: ast.Attribute) -> bool:
    """Whether what is called has arguments by names that no stub's method takes, and no handler of the program."""
    call = module.parents[node]
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    given = {keyword.arg for keyword in call.keywords if keyword.arg} - api.CALL_ARGUMENTS
    handlers = [handler for handler in facts.state.handlers.values() if handler.method.name == node.attr]
    return bool(given) and not any(
        given & {parameter.arg for parameter in all_parameters(handler.node)} for handler in handlers
    )


def _is_of_a_module(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether an expression is a module that `import` binds (`threading`), or of one of Python's own (`os.path`)."""
    names, root = [], node
    while isinstance(root, ast.Attribute):
        names.append(root.attr)
        root = root.value
    aliases = facts.importers(module, root) if isinstance(root, ast.Name) else []
    if not aliases or not facts.assigned_attributes.isdisjoint(names):
        return False
    if not names and all(isinstance(module.parents[alias], ast.Import) for alias in aliases):
        return True
    return all(_is_from_python(module, alias) for alias in aliases)


def _is_from_python(module: Module, alias: ast.alias) -> bool:
    """Whether an import is of a module of Python's own that makes no objects which answer to any name."""
    node = module.parents[alias]
    if isinstance(node, ast.ImportFrom):
        top = "" if node.level else (node.module or "").partition(".")[0]
    else:
        top = alias.name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in _OPEN_MODULES and alias.name not in _OPEN_CLASSES


def _is_class(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether an expression names a class of Python's own: `int`, `threading.Lock`."""
    if isinstance(node, ast.Name) and isinstance(getattr(builtins, node.id, None), type):
        return node.id not in _ANYTHING and not _is_bound(facts, module, node)
    values = facts.values(node)
    paths = [value.dotted for value in values if isinstance(value, Package)]
    paths += [value.path for value in values if isinstance(value, Builtin)]
    return bool(paths) and len(paths) == len(values) and all(map(_is_standard, paths))


def _is_standard(path: str) -> bool:
    top, _, _ = path.partition(".")
    last = path.rpartition(".")[2]
    return (
        top in sys.stdlib_module_names
        and top not in _OPEN_MODULES
        and last not in _OPEN_CLASSES
        and (last[:1].isupper() or top in ("datetime", "collections", "threading", "decimal", "re", "logging"))
    )


def _is_name_of_none(
    facts: Facts,
    module: Module,
    node: ast.Name,
    name: str,
    depth: int,
    told: Callable[[Facts, Module, ast.expr, int], bool] = is_no_stub,
    annotated: Callable[[Facts, Module, ast.expr], bool] | None = None,
) -> bool:
    """Whether all that a local name can be bound to is certainly no stub: it is `told` so, or `annotated`."""
    annotated = annotated or _is_annotated
    function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    if not isinstance(function, Function):
        return False
    bound = 0
    for parameter in all_parameters(function):
        if parameter.arg == name:
            bound += 1
            if parameter.annotation is None or not annotated(facts, module, parameter.annotation):
                return False
    for child in own_nodes(function):
        match child:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                if not told(facts, module, value, depth - 1):
                    return False
                bound += 1
            case ast.AnnAssign(target=ast.Name(id=found), annotation=annotation) if found == name:
                if not annotated(facts, module, annotation):
                    return False
                bound += 1
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                parent = module.parents[child]
                if not (isinstance(parent, ast.AnnAssign) or getattr(parent, "targets", []) == [child]):
                    return False
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return False
    return bound > 0


def _is_annotated(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether an annotation names a class of Python's own, or one of the program that is closed."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return all(_is_annotated(facts, module, side) for side in (node.left, node.right))
    if isinstance(node, ast.Constant):
        return node.value is None
    target = node.value if isinstance(node, ast.Subscript) else node
    return _is_class(facts, module, target) or _is_of_messages(facts, target)


def _is_bound(facts: Facts, module: Module, node: ast.Name) -> bool:
    """Whether the program binds a name that is a builtin's."""
    return bool(facts.values(node)) or bool(facts.importers(module, node)) or facts.binds(module, node)
