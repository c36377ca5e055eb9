"""The public functions, classes and values of a library: those of the public modules, and what these pass on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grpc2connect.facts.classes import ancestry
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import NOTHING, Class, Function, Values
from grpc2connect.sources.modules import names
from grpc2connect.syntax import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Public:
    """A public function or class, and the name by which callers know it."""

    module: Module
    name: str
    node: ast.ClassDef | FunctionNode


@dataclass(frozen=True)
class PublicValue:
    """A public name of a module, or a public attribute of a public class's instances, and what it can be."""

    module: Module
    name: str
    node: ast.AST
    values: Values


def is_public(module: Module, public: Iterable[str]) -> bool:
    """Whether a module is a public one, or lies in a public package and has no private name there."""
    return any(names(name, module) for name in public)


def public_names(facts: Facts, public: tuple[str, ...]) -> list[Public]:
    """The public functions and classes, with the public methods of these (and of what they derive from), each once."""
    found: dict[ast.AST, Public] = {}
    modules = [module for module in facts.program.modules() if is_public(module, public)]
    for module in modules:
        for name, node in _defined(module.tree.body):
            _add(facts, found, Public(module, name, node))
    trees = {module.tree for module in modules}
    for (scope, name), values in facts.state.cells.items():
        if scope in trees and not name.startswith("_"):  # what it imports from others, which callers find there
            for value in values:
                if isinstance(value, Class | Function) and isinstance(value.node, ast.ClassDef | FunctionNode):
                    _add(facts, found, Public(value.module, name, value.node))
    return sorted(found.values(), key=lambda one: one.module.place(one.node))


def public_values(facts: Facts, public: tuple[str, ...], names: Iterable[Public]) -> Iterator[PublicValue]:
    """The public values of public modules, and of instances of public classes."""
    for module in facts.program.modules():
        if is_public(module, public):
            for name, node in _assigned(module.tree.body):
                yield PublicValue(module, name, node, facts.state.cells.get((module.tree, name), NOTHING))
    for one in names:
        if isinstance(one.node, ast.ClassDef):
            yield from _attributes(facts, one)


def _attributes(facts: Facts, one: Public) -> Iterator[PublicValue]:
    assert isinstance(one.node, ast.ClassDef)
    seen: set[str] = set()
    for node in ast.walk(one.node):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"):
            continue
        if isinstance(node.ctx, ast.Store) and not node.attr.startswith("_") and node.attr not in seen:
            seen.add(node.attr)
            values = facts.state.attributes.get((one.node, node.attr), NOTHING)
            yield PublicValue(one.module, f"{one.name}.{node.attr}", node, values)
    for name, target in _assigned(one.node.body):
        yield PublicValue(one.module, f"{one.name}.{name}", target, facts.state.cells.get((one.node, name), NOTHING))


def _add(facts: Facts, found: dict[ast.AST, Public], one: Public) -> None:
    if one.node in found:
        return
    found[one.node] = one
    if isinstance(one.node, ast.ClassDef):
        for ancestor in ancestry(facts.state, Class(one.module, one.node)):
            for name, node in _defined(ancestor.node.body, f"{one.name}."):
                if node not in found:
                    _add(facts, found, Public(ancestor.module, name, node))


def _defined(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | FunctionNode]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _defined([*node.body, *node.orelse], prefix)
        elif isinstance(node, ast.ClassDef | FunctionNode):
            special = node.name.startswith("__") and node.name.endswith("__")
            if not node.name.startswith("_") or (prefix and special):
                yield prefix + node.name, node


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.AST]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _assigned([*node.body, *node.orelse])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    yield target.id, target
