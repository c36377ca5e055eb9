"""The names by which a later look at one changed file can tell that it has nothing new of gRPC: see `skeleton`."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.apart import is_read_apart
from grpc2connect.facts import api
from grpc2connect.facts.kinds import Class, Instance, Member, Super
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.scopes import Function as FunctionNode
from grpc2connect.facts.state import State
from grpc2connect.relevance.leading import Leading
from grpc2connect.relevance.watched import Program, Watched
from grpc2connect.results import Loud, Reach
from grpc2connect.schema import Service
from grpc2connect.skeleton import Names, NoSkeleton, digest_of
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.skeleton.names import Scopes


def loud(
    state: State,
    modules: Iterable[Module],
    references: Iterable[Reference],
    services: Iterable[Service],
    files: Iterable[Path],
    data: Callable[[Path], bytes],
    reach: Reach,
) -> Loud:
    """The loud names of a program after a run, and the skeletons of its files.

    `files` are all that imports can lead to, `data` gives the bytes of one.
    """
    found, files = list(modules), list(files)
    services = list(services)
    parents = frozenset(part for path in files for part in path.parts[:-1])
    leading = Leading(state, found, parents)
    program = Program(found, state)
    rpcs = frozenset(method.name for service in services for method in service.methods)
    watched = Watched(program, state)
    telling = api.ERROR_METHODS.union(name for name in rpcs if not name.islower())
    while True:
        watched.watch(_roots(program, leading, {reference.node for reference in references}, rpcs, telling))
        before = len(leading.nodes)
        leading.add(watched.callees)
        if len(leading.nodes) == before:
            break
    generated = {name for one in services for name in (one.stub_class, one.servicer_class, one.adder)}
    fixtures = {name for name, found in state.fixtures.items() if any(one.node in leading.nodes for one in found)}
    names = Names(
        rpcs | generated | fixtures | api.ERROR_METHODS | api.ERROR_FIELDS,
        telling - generated - api.ERROR_METHODS,
        _attributes(leading),
        watched.attributes,
        {*parents, *(path.stem for path in files)},
    )
    kept = {}
    for path, scopes in _scopes(program, leading, watched).items():
        if path.suffix != ".py":
            continue  # a notebook's code is not what stands in its file
        content = data(path)
        if is_read_apart(path.name, content):
            continue
        with contextlib.suppress(NoSkeleton, SyntaxError, ValueError, RecursionError):
            kept[path] = (scopes, digest_of(content, names, scopes, reach.holders, reach.fixtures))
    return Loud(names.spelled, names.rpcs, names.attributes, names.watched, names.tops, kept)


def _attributes(leading: Leading) -> Iterator[str]:
    state = leading.state
    for table in (state.cells, state.attributes, state.below):
        for (node, name), values in table.items():
            if isinstance(node, ast.ClassDef) and leading.any(values):
                yield name
    yield from (name for (_, name), values in state.own.items() if leading.any(values))
    for node in state.values:
        if isinstance(node, ast.Attribute) and leading.at(node):
            owners = state.values.get(node.value, frozenset())
            if any(isinstance(owner, Instance | Class | Super) for owner in owners):
                yield node.attr


def _scopes(program: Program, leading: Leading, watched: Watched) -> Mapping[Path, Scopes]:
    """By file and scope: the names that lead to gRPC, and those that are watched."""
    reads: dict[tuple[Path, str], set[str]] = {}
    for (node, name), values in leading.state.cells.items():
        if node in program.places and leading.any(values):
            reads.setdefault(program.places[node], set()).add(name)
    for node in leading.state.values:
        name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
        if name and node in program.within and leading.at(node):
            reads.setdefault(program.within[node], set()).add(name)
    found: dict[Path, dict[str, tuple[frozenset[str], frozenset[str]]]] = {
        module.path: {} for module in program.modules
    }
    for path, scope in {*reads, *watched.names}:
        mine = frozenset(reads.get((path, scope), ())) - {"self", "cls"}
        found[path][scope] = (mine, frozenset(watched.names.get((path, scope), ())))
    return found


def _roots(
    program: Program, leading: Leading, references: set[ast.AST], rpcs: frozenset[str], telling: frozenset[str]
) -> Iterator[ast.AST]:
    """The expressions of which the engine must know what they are, though they are not gRPC's."""
    for node in program.nodes:
        match node:
            case ast.Attribute(value=owner, attr=name) if node not in references:
                values = leading.state.values.get(node, frozenset())
                if name in telling or any(isinstance(value, Member) for value in values):
                    yield owner
                if not isinstance(node.ctx, ast.Load) and leading.at(node):
                    yield owner
            case ast.Call(func=func, args=arguments, keywords=keywords):
                given = [*arguments, *(keyword.value for keyword in keywords)]
                given = [one.value if isinstance(one, ast.Starred) else one for one in given]
                if any(map(leading.at, given)):
                    yield func
                    # A function that is handed over is called with what is handed over beside it.
                    yield from (one for one in given if isinstance(one, ast.Name | ast.Attribute))
            case ast.Compare(left=left, comparators=[right], ops=[ast.Is() | ast.IsNot()]):
                if leading.at(left) or leading.at(right):
                    yield from (left, right)
            case ast.Assign(targets=targets, value=value) if leading.at(value):
                for target in targets:
                    for part in walk(target):
                        if isinstance(part, ast.Attribute | ast.Subscript):
                            yield part.value
            case ast.ClassDef(bases=bases) if node in leading.nodes:
                yield from [*bases, *node.decorator_list]
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.decorator_list:
                if node.name in rpcs or node in leading.nodes or _is_given(leading, node):
                    yield from node.decorator_list


def _is_given(leading: Leading, node: FunctionNode) -> bool:
    return any(leading.at(one) for one in walk(node.args) if isinstance(one, ast.arg))
