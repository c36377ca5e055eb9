"""What expressions are computed from, by names: whatever binds one of these again may change what the engine knows."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect.facts.classes import fixture_name
from grpc2connect.facts.scopes import Function as FunctionNode
from grpc2connect.facts.state import State
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import children, walk

Place = tuple[Path, str]
"""A file, and the dotted name of a class or function in it ("" for the module)."""
Bound = tuple[Module, ast.AST]
_TELLING = ast.Attribute | ast.Call | ast.Compare | ast.Assign | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_OWN = ("self", "cls", "super")
_PUT = frozenset({"append", "add", "appendleft", "put", "put_nowait", "insert", "setdefault", "extend", "update"})


class Program:
    """The modules of a run, with the place of each scope and name, and what binds each name or fills what it holds.

    `nodes` are all those of the kinds that may make it count what something else is.
    """

    def __init__(self, modules: list[Module], state: State) -> None:
        self.modules = modules
        self.places: dict[ast.AST, Place] = {}
        self.within: dict[ast.AST, Place] = {}
        self.nodes: list[ast.AST] = []
        self._strings = state.strings
        self._bound: dict[tuple[Place, str], list[Bound]] = {}
        self._in_file: dict[tuple[Path, str], list[Bound]] = {}
        self._global: set[tuple[Path, str]] = set()
        self._shared: dict[str, list[Bound]] = {}
        self._filled: dict[str, list[Bound]] = {}
        for module in modules:
            self._walk(module, module.tree, (module.path, ""), "module")

    def scopes(self, place: Place, name: str) -> Iterator[Place]:
        """The scopes that may bind a name seen somewhere."""
        path, dotted = place
        found = False
        while dotted:
            if ((path, dotted), name) in self._bound:
                found = True
                yield path, dotted
            dotted = dotted.rpartition(".")[0]
        if not found or ((path, ""), name) in self._bound:
            yield path, ""

    def bindings(self, place: Place, name: str) -> list[Bound]:
        """What binds a name of a scope."""
        if (place[0], name) in self._global:
            return self._in_file.get((place[0], name), [])
        return self._bound.get((place, name), [])

    def shared(self, name: str) -> list[Bound]:
        """What binds an attribute, or a name of a class or module."""
        return self._shared.get(name, [])

    def filled(self, name: str) -> list[Bound]:
        """What is put into something that a name or attribute holds."""
        return self._filled.get(name, [])

    def _walk(self, module: Module, node: ast.AST, place: Place, kind: str) -> None:
        if isinstance(node, ast.Module | ast.ClassDef | FunctionNode):
            self.places[node] = place
        if isinstance(node, _TELLING):
            self.nodes.append(node)
        for child in children(node):
            inner, of = place, kind
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._bind(module, place, kind, child.name, child)
                of = "class" if isinstance(child, ast.ClassDef) else "function"
                inner = (place[0], f"{place[1]}.{child.name}")
            self._note(module, child, inner, of)
            self._walk(module, child, inner, of)
            if child in self._strings:
                for part in walk(self._strings[child]):
                    self.within[part] = inner

    def _note(self, module: Module, node: ast.AST, place: Place, kind: str) -> None:
        match node:
            case ast.Name(id=name):
                self.within[node] = place
                if not isinstance(node.ctx, ast.Load):
                    self._bind(module, place, kind, name, module.parents[node])
            case ast.Attribute(attr=name) if not isinstance(node.ctx, ast.Load):
                self._shared.setdefault(name, []).append((module, module.parents[node]))
            case ast.Subscript(value=container) if not isinstance(node.ctx, ast.Load):
                self._fill(module, container, module.parents[node])
            case ast.Call(func=ast.Attribute(value=container, attr=name)) if name in _PUT:
                self._fill(module, container, node)
            case ast.keyword(arg=str(name)):
                self._shared.setdefault(name, []).append((module, node))
            case ast.arg(arg=name):
                self.within[node] = place
                self._bind(module, place, "function", name, node)
            case ast.alias(name=name, asname=asname):
                self._bind(module, place, kind, (asname or name).partition(".")[0], node)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._bind(module, place, kind, name, node)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self._global.update((module.path, name) for name in names)

    def _bind(self, module: Module, place: Place, kind: str, name: str, node: ast.AST) -> None:
        self._bound.setdefault((place, name), []).append((module, node))
        self._in_file.setdefault((module.path, name), []).append((module, node))
        if kind != "function":
            self._shared.setdefault(name, []).append((module, node))

    def _fill(self, module: Module, container: ast.expr, node: ast.AST) -> None:
        for part in walk(container):
            name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
            if name:
                self._filled.setdefault(name, []).append((module, node))


class Watched:
    """The names that some expressions are computed from.

    `names` are those of scopes, `attributes` those of objects and modules; `callees` are the functions and classes
    whose arguments count, so that whoever calls them has a say.
    """

    def __init__(self, program: Program, state: State) -> None:
        self.program = program
        self.state = state
        self.names: dict[Place, set[str]] = {}
        self.attributes: set[str] = set()
        self.callees: set[ast.AST] = set()
        self._seen: set[ast.AST] = set()
        self._held: set[str] = set()
        self._queue: list[ast.AST] = []

    def watch(self, roots: Iterable[ast.AST]) -> None:
        """Add all that some expressions are computed from."""
        self._queue.extend(roots)
        while self._queue:
            node = self._queue.pop()
            if node not in self._seen:
                self._seen.add(node)
                for part in walk(node):
                    if isinstance(part, ast.Name) and part.id not in _OWN and part in self.program.within:
                        self._name(self.program.within[part], part.id)
                    elif isinstance(part, ast.Attribute):
                        self._attribute(part.attr)

    def _name(self, place: Place, name: str) -> None:
        found = False
        for scope in self.program.scopes(place, name):
            known = self.names.setdefault(scope, set())
            bindings = self.program.bindings(scope, name)
            found = found or bool(bindings)
            if name not in known:
                known.add(name)
                self._from(bindings)
                self._put_into(name)
        if not found and not hasattr(builtins, name):
            self._attribute(name)  # by a star import

    def _attribute(self, name: str) -> None:
        if name not in self.attributes:
            self.attributes.add(name)
            self._from(self.program.shared(name))
            self._put_into(name)
            for module, node in self.program.shared(name):
                owner = module.parents.get(node)
                if isinstance(owner, ast.ClassDef) and isinstance(node, ast.Assign | ast.AnnAssign):
                    self._called(owner)  # it may be a field, which the constructor fills

    def _put_into(self, name: str) -> None:
        """What any container of this name is filled with, in whatever scope it was met first."""
        if name not in self._held:
            self._held.add(name)
            self._from(self.program.filled(name))

    def _from(self, bindings: Iterable[Bound]) -> None:
        self._queue.extend(one for module, binding in bindings for one in self._sources(module, binding))

    def _called(self, callee: ast.AST) -> None:
        """What a function or class is called with counts: who calls it, and the arguments of the calls."""
        if callee not in self.callees:
            self.callees.add(callee)
            for call in self.state.calls.get(callee, ()):
                self._queue.extend([*call.args, *(keyword.value for keyword in call.keywords)])

    def _sources(self, module: Module, node: ast.AST) -> Iterator[ast.AST]:
        """What a binding takes its value from."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from node.decorator_list
                yield from _results(node)
            case ast.ClassDef(bases=bases):
                yield from [*bases, *node.decorator_list]
            case ast.arg(annotation=annotation):
                function = module.parents[module.parents[node]]
                if isinstance(function, FunctionNode):
                    self._called(function)
                    given = [*function.args.defaults, *function.args.kw_defaults]
                    yield from (one for one in given if one is not None)
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _asks(function):
                    self._attribute(node.arg)  # of the fixtures
                    for fixture in self.state.fixtures.get(node.arg, ()):
                        yield from _results(fixture.node)
                if annotation is not None:
                    yield annotation
            case ast.alias(name=name):
                self._attribute(name.rpartition(".")[2])
            case ast.Call(args=arguments, keywords=keywords):
                yield from [*arguments, *(keyword.value for keyword in keywords)]
            case ast.AnnAssign(value=value, annotation=annotation):
                yield from (one for one in (value, annotation) if one is not None)
            case ast.withitem(context_expr=value):
                self._attribute("__enter__")
                self._attribute("__aenter__")
                yield value
            case ast.ExceptHandler(type=caught):
                yield from (one for one in (caught,) if one is not None)
            case ast.Match(subject=value):
                yield value
            case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
                yield value
            case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.NamedExpr(value=value):
                yield value
            case ast.keyword(value=value):
                yield value
            case ast.stmt() | ast.Module():
                return
            case _:
                yield from self._sources(module, module.parents[node])


def _asks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether pytest passes a function its arguments."""
    return node.name.startswith("test") or fixture_name(node) is not None


def _results(node: FunctionNode) -> Iterator[ast.AST]:
    """What a function returns or yields."""
    for part in walk(node):
        if isinstance(part, ast.Return | ast.Yield | ast.YieldFrom) and part.value is not None:
            yield part.value
