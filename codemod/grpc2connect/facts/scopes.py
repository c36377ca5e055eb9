"""Names and scopes of Python: which names a function binds, and where a free name is looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from grpc2connect.syntax.walking import children

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = ast.Module | ast.ClassDef | Function

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_BINDING = frozenset(
    {
        ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.ExceptHandler,
        ast.MatchAs, ast.MatchStar, ast.MatchMapping,
    }
)  # fmt: skip
_YIELDS = frozenset({ast.Yield, ast.YieldFrom})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def parameters(node: Function) -> list[ast.arg]:
    """Positional parameters in order."""
    return [*node.args.posonlyargs, *node.args.args]


def all_parameters(node: Function) -> list[ast.arg]:
    """Every parameter, `*args` and `**kwargs` included."""
    extra = [arg for arg in (node.args.vararg, node.args.kwarg) if arg]
    return [*parameters(node), *node.args.kwonlyargs, *extra]


def default_of(node: Function, name: str) -> ast.expr | None:
    """What a parameter is where no argument is given; None if one has to be."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = zip(reversed(positional), reversed(arguments.defaults), strict=False)
    found = [*defaults, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return next((default for argument, default in found if argument.arg == name), None)


def own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope's body without those of nested functions and classes (their headers included)."""
    stack: list[ast.AST] = [scope.body] if isinstance(scope, ast.Lambda) else list(reversed(scope.body))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _SCOPES):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                stack.extend(node.decorator_list)
            if isinstance(node, ast.ClassDef):
                stack.extend([*node.bases, *node.keywords])
            continue
        stack.extend(children(node))


def bound_names(scope: Scope) -> frozenset[str]:
    """The names that a function's body and parameters bind (minus its `global` and `nonlocal` ones)."""
    return _look(scope)[0]


def is_generator(node: Function) -> bool:
    """Whether a function's own body yields."""
    return _look(node)[1]


_seen: WeakKeyDictionary[Scope, tuple[frozenset[str], bool]] = WeakKeyDictionary()


def _look(scope: Scope) -> tuple[frozenset[str], bool]:
    found = _seen.get(scope)
    if found is None:
        found = _seen[scope] = _look_through(scope)
    return found


def _look_through(scope: Scope) -> tuple[frozenset[str], bool]:
    names: set[str] = set()
    outer: set[str] = set()
    yields = False
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        names.update(arg.arg for arg in all_parameters(scope))
    for node in own_nodes(scope):
        kind = node.__class__
        if kind in _BINDING:
            names.update(bindings(node))
        elif kind in _YIELDS:
            yields = True
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
    return frozenset(names - outer), yields


def bindings(node: ast.AST) -> list[str]:
    """The names that one node binds by itself."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(alias.asname or alias.name).partition(".")[0] for alias in names if alias.name != "*"]
        case ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(rest)):
            return [rest]
    return []
