"""The statements of a handler that set a status and return: which of them are one `raise ConnectError`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grpc2connect.syntax import Module

_TEXT_OF = frozenset({"str", "repr"})
_STATUS = frozenset({"set_code", "set_details", "abort", "abort_with_status"})
_BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class StatusGroup:
    """`set_code`, maybe `set_details`, and the `return` after them; `uses` are the context's attribute nodes."""

    code: ast.expr
    details: ast.expr | None
    statements: tuple[ast.stmt, ...]
    returns: ast.Return
    uses: tuple[ast.AST, ...]


def within(module: Module, node: ast.AST, function: ast.AST) -> Iterator[ast.AST]:
    """What is around a node in its function."""
    for parent in module.ancestors(node):
        if parent is function:
            return
        yield parent


def may_have_details(module: Module, function: ast.AST, statement: ast.stmt, context: ast.expr) -> bool:
    """Whether the context of a handler may have details already where a code alone is set, which is sent with them.

    Args:
        module: where the function is.
        function: the handler.
        statement: the one that sets the code.
        context: what it sets the code on.
    """
    if not isinstance(context, ast.Name):
        return True
    uses = [child for child in ast.walk(function) if isinstance(child, ast.Name) and child.id == context.id]
    setting = [use for use in uses if not _is_other_attribute(module.parents[use])]
    return any(_may_come_before(module, module.statement(use), statement, function) for use in setting)


def keeps_details(module: Module, call: ast.Call, details: ast.expr) -> bool:
    """Whether an abort of `grpc.aio` may leave the details that were set before: its own may be empty."""
    function = module.enclosing(call, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(function, ast.AsyncFunctionDef) or _is_some_text(details):
        return False
    context = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    setting = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "set_details" and ast.dump(node.value) == ast.dump(context)
    ]
    second = module.statement(call)
    return any(_may_come_before(module, module.statement(node), second, function) for node in setting)


def _is_some_text(node: ast.expr) -> bool:
    """Whether a text is surely not empty."""
    if isinstance(node, ast.JoinedStr):
        return any(_is_some_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _is_some_text(node.left) or (isinstance(node.op, ast.Add) and _is_some_text(node.right))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)


def assigned_calls(module: Module, target: ast.expr) -> Iterator[ast.Call]:
    """What a name is given anywhere in its module, where that is called at once."""
    if not isinstance(target, ast.Name):
        return
    for node in module.nodes:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        if any(isinstance(name, ast.Name) and name.id == target.id for name in node.targets):
            yield node.value


def _is_other_attribute(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Attribute) and parent.attr != "set_details"


def _may_come_before(module: Module, first: ast.stmt, second: ast.stmt, function: ast.AST) -> bool:
    """Whether a statement of a function may have run when another one does."""
    around = [second, *within(module, second, function)]
    shared = [parent for parent in within(module, first, function) if parent in around]
    if any(isinstance(parent, ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar) for parent in shared):
        return True
    if first.lineno > second.lineno:
        return False
    child: ast.AST = first
    for parent in module.ancestors(first):
        every: list[list[ast.AST]] = [getattr(parent, name, []) for name in _BLOCKS]
        blocks = [block for block in every if isinstance(block, list) and child in block]
        if parent in around or parent is function:
            return not (isinstance(parent, ast.If) and not any(other in block for block in blocks for other in around))
        if any(isinstance(block[-1], ast.Return) for block in blocks):
            return False
        child = parent
    return True


def changes_the_end(function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.AST) -> bool:
    """Whether a part of a `finally` may have its handler end otherwise: it returns, or sets another status."""
    if isinstance(node, ast.Call):
        given = (*node.args, *(keyword.value for keyword in node.keywords))
        context = function.args.args[-1].arg if function.args.args else ""
        return any(isinstance(argument, ast.Name) and argument.id == context for argument in given)
    return isinstance(node, ast.Return) or (isinstance(node, ast.Attribute) and node.attr in _STATUS)


def cannot_fail(module: Module, node: ast.expr) -> bool:
    """Whether a message is made without an exception: one would end the call with the code that has been set before.

    Names of caught exceptions are known to become texts, and no more: `error.message` of Python 2 is often left.
    """
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Name | ast.Attribute):
        return _is_plain(module, node)
    if isinstance(node, ast.JoinedStr):
        return all(
            isinstance(part, ast.Constant) or (isinstance(part, ast.FormattedValue) and _is_plain(module, part.value))
            for part in node.values
        )
    if isinstance(node, ast.BinOp):
        right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        if isinstance(node.op, ast.Mod):
            return isinstance(node.left, ast.Constant) and all(_is_plain(module, part) for part in right)
        return isinstance(node.op, ast.Add) and cannot_fail(module, node.left) and cannot_fail(module, node.right)
    if isinstance(node, ast.Call) and not node.keywords and all(_is_plain(module, part) for part in node.args):
        of_text = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant)
        return _makes_text(node) or (of_text and isinstance(node.func, ast.Attribute) and node.func.attr == "format")
    return False


def _makes_text(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in _TEXT_OF


def _is_plain(module: Module, node: ast.expr) -> bool:
    """Whether a part of a message is a value that is there: a name, a field, a constant, or a text of one."""
    if isinstance(node, ast.Call) and _makes_text(node) and not node.keywords:
        return all(_is_plain(module, part) for part in node.args)
    if isinstance(node, ast.Attribute):
        inner = node.value
        return _is_plain(module, inner) and not (isinstance(inner, ast.Name) and _is_caught(module, inner))
    return isinstance(node, ast.Name | ast.Constant)


def _is_caught(module: Module, name: ast.Name) -> bool:
    handlers = (parent for parent in module.ancestors(name) if isinstance(parent, ast.ExceptHandler))
    return any(handler.name == name.id for handler in handlers)
