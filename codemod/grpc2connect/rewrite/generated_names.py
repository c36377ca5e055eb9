"""The names that generated modules and their classes have in one file.

A Connect module is called as it is, also where the file has its own name for gRPC's one. Where these names tell modules
or classes apart that would be called alike, the new ones go on doing so:

    - from shop.v1 import stock_pb2_grpc as stock_v1
    - from shop.v2 import stock_pb2_grpc as stock_v2
    + from shop.v1 import stock_connect as stock_connect_v1
    + from shop.v2 import stock_connect as stock_connect_v2

What is imported under one name in several places (by a condition, in several functions) is not told apart today either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Adder, ExperimentalApi, ServicerBase, StubClass, StubsModule
from grpc2connect.facts.scopes import bindings
from grpc2connect.rewrite.import_lines import twin_binding
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.proof import ProofFailed
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module

_Class = StubClass | ServicerBase | Adder | ExperimentalApi


@dataclass(frozen=True)
class _Known:
    """Something generated: what it is called, the file's own expression for it today, and the module it will be in."""

    name: str
    old: str
    dotted: str


class GeneratedNames:
    """Chooses the names of what is generated in one file, in the same way whatever is asked for first."""

    def __init__(self, facts: Facts, module: Module, places: Places) -> None:
        self._facts = facts
        self._module = module
        self._places = places

    def of_import(self, alias: ast.alias, base: str) -> str:
        """What an import binds that has `base`, a Connect module, in the place of gRPC's one."""
        statement = self._module.parents[alias]
        if isinstance(statement, ast.ImportFrom):
            there = self._there.get((statement.level, statement.module, base))
            if there is not None:  # from an earlier run
                return there
        binding = twin_binding(alias, base, isinstance(statement, ast.Import))
        suffix = self._module_suffixes.get((binding, alias.asname or alias.name))
        return self._free(f"{binding}_{suffix}" if suffix else binding)

    def of_module(self, stubs: GrpcModule) -> str:
        """What a module is called that is imported beside no other import."""
        base = self._places.basename(stubs)
        suffix = self._module_suffixes.get((base, self._dotted(stubs)))
        return self._free(f"{base}_{suffix}" if suffix else base)

    def of_class(self, stubs: GrpcModule, name: str) -> str:
        """What a generated class is called that is imported by its name."""
        service = next((one.name for one in stubs.services if name.startswith(one.name)), "")
        suffix = self._class_suffixes.get((service, self._dotted(stubs)), "")
        return name + "".join(part[:1].upper() + part[1:] for part in suffix.split("_"))

    def require_one(self, stubs: GrpcModule, like: ast.expr) -> None:
        """See that an expression is of this generated module alone: an import of it by its own name has no choice.

        Raises `ProofFailed` where it can be of another one, with the same services, that a package chooses instead.
        """
        services = {service.full_name for service in stubs.services}
        for other in self.stubs(like):
            if other.key != stubs.key and services.intersection(one.full_name for one in other.services):
                raise ProofFailed(f"which generated module `{self._module.source(like)}` is of shows only when it runs")

    def _dotted(self, stubs: GrpcModule) -> str:
        return self._places.absolute(stubs, self._module)

    def _free(self, name: str) -> str:
        return f"{name}_module" if name in self._bound else name

    @cached_property
    def _there(self) -> dict[tuple[int, str | None, str], str]:
        """What the file imports from other modules, and the name that this binds."""
        statements = [node for node in self._module.nodes if isinstance(node, ast.ImportFrom)]
        return {
            (one.level, one.module, name.name): name.asname or name.name for one in statements for name in one.names
        }

    @cached_property
    def _bound(self) -> frozenset[str]:
        """What the file binds otherwise than by imports."""
        nodes = self._module.nodes
        own = {name for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom) for name in bindings(node)}
        return frozenset(own | {node.arg for node in nodes if isinstance(node, ast.arg)})

    @cached_property
    def _values(self) -> list[tuple[ast.alias | ast.Attribute, StubsModule | _Class]]:
        nodes = (node for node in self._module.nodes if isinstance(node, ast.alias | ast.Attribute))
        return [
            (node, value)
            for node in nodes
            for value in self._facts.values(node)
            if isinstance(value, StubsModule | _Class)
        ]

    @cached_property
    def _module_suffixes(self) -> Mapping[tuple[str, str], str]:
        known = list(self._modules())
        return {(one.name, one.old): suffix for one, suffix in _told_apart(known, least=1)}

    def _modules(self) -> Iterator[_Known]:
        for node, value in self._values:
            stubs = self._stubs(value)
            if stubs is None:
                continue
            dotted, base = self._dotted(stubs), self._places.basename(stubs)
            if isinstance(node, ast.alias) and isinstance(value, StubsModule) and self._places.is_beside(stubs):
                plain = isinstance(self._module.parents[node], ast.Import)
                yield _Known(twin_binding(node, base, plain), node.asname or node.name, dotted)
            elif not self._places.is_beside(stubs):
                yield _Known(base, dotted, dotted)

    def _stubs(self, value: StubsModule | _Class) -> GrpcModule | None:
        return value.module if isinstance(value, StubsModule) else self._facts.stubs_of.get(value.service)

    def stubs(self, node: ast.AST) -> list[GrpcModule]:
        """The generated modules that an expression or an import may be, or have something of."""
        found = (value for value in self._facts.values(node) if isinstance(value, StubsModule | _Class))
        return [stubs for stubs in map(self._stubs, found) if stubs is not None]

    @cached_property
    def _class_suffixes(self) -> Mapping[tuple[str, str], str]:
        known = []
        for node, value in self._values:
            if isinstance(value, _Class) and (stubs := self._stubs(value)) is not None:
                old = (node.asname or node.name) if isinstance(node, ast.alias) else self._module.source(node)
                known.append(_Known(value.service.name, old, self._dotted(stubs)))
        return {(one.name, one.dotted): suffix for one, suffix in _told_apart(known, least=0)}


def _told_apart(known: Iterable[_Known], least: int) -> Iterator[tuple[_Known, str]]:
    """What the file tells apart and would be called alike, each with the part of its module's name that differs."""
    by_name: dict[str, list[_Known]] = {}
    for one in known:
        by_name.setdefault(one.name, []).append(one)
    for alike in by_name.values():
        modules: dict[str, set[str]] = {}
        for one in alike:
            modules.setdefault(one.old, set()).add(one.dotted)
        if len(set(map(frozenset, modules.values()))) > 1:
            suffixes = _differing({one.dotted for one in alike}, least)
            for one in alike:
                yield one, suffixes[min(modules[one.old])]


def _differing(dotted: set[str], least: int) -> dict[str, str]:
    """The last part by which these names of modules all differ, but for `least` parts at their end."""
    parts = {one: one.split(".")[::-1] for one in dotted}
    for index in range(least, min(map(len, parts.values()))):
        found = {one: reverse[index].removesuffix("_connect") for one, reverse in parts.items()}
        if len(set(found.values())) == len(found):
            return found
    return {one: "_".join(reversed(reverse[least:])) for one, reverse in parts.items()}
