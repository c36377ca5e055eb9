"""Ways through a syntax tree, without the module `ast`, whose import takes longer than what is done with it."""

from __future__ import annotations

import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Definition = ast.FunctionDef | ast.AsyncFunctionDef

OWN = ("self", "cls")
BLOCKS = ("body", "orelse", "finalbody")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST


def parsed(data: bytes) -> ast.Module:
    """The tree of a file; raises what `compile` raises, and never warns."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(data, "<changed>", "exec", _ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def children(node: ast.AST, but: tuple[str, ...] = ()) -> Iterator[ast.AST]:
    """The nodes right below one, but for those in some fields."""
    for field in node._fields:
        if field in but:
            continue
        value = getattr(node, field, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, ast.AST))


def below(node: ast.AST, but: tuple[str, ...] = ()) -> Iterator[ast.AST]:
    """All nodes below one, but for those in some of its fields."""
    for child in children(node, but):
        yield child
        yield from below(child)


def arguments(node: Definition) -> Iterator[ast.arg]:
    """The parameters of a function."""
    yield from node.args.posonlyargs
    yield from node.args.args
    yield from node.args.kwonlyargs
    yield from (one for one in (node.args.vararg, node.args.kwarg) if one is not None)


def is_own(node: ast.AST) -> bool:
    """Whether this is `self`, `cls` or `super()`."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in OWN and isinstance(node.ctx, ast.Load)


def yields(body: Iterable[ast.AST]) -> bool:
    """Whether some statements yield, those of functions in them left aside."""
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, _SCOPES):
            stack.extend(children(node))
    return False


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name; "" for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
