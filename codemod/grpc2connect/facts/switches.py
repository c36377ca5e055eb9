"""Modules that pass on one of several generated modules, which is chosen when the program runs.

All its names, or the generated module itself:

    if protobuf.__version__.startswith("3"):
        from .pb3.greeter_pb2_grpc import *
    else:
        from .pb4.greeter_pb2_grpc import *

    if version.parse(protobuf.__version__).major == 5:
        from .v5 import greeter_pb2, greeter_pb2_grpc
    else:
        from .v6 import greeter_pb2, greeter_pb2_grpc

Code for the other one must not be loaded, for messages of both have the same names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import ProgramModule, StubsModule, Values

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import GrpcModule, Service
    from grpc2connect.syntax import Module

_ALL = "*"


class Switches:
    """Knows such modules, and what they choose from."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def services(self, module: Module, alias: ast.alias) -> frozenset[Service]:
        """The services of all generated modules of which a module chooses one by an import, for others.

        None if it does not, or if it uses the name itself: then the import's twin stands beside it anyway.
        """
        choices = self._choices.get(module, {}).get(alias.name, ()) if alias.asname in (None, alias.name) else ()
        if any(isinstance(node, ast.Name) and node.id == alias.name for node in (module.nodes if choices else ())):
            return frozenset()
        return frozenset(service for stubs in choices for service in stubs.services)

    def among(self, values: Values) -> bool:
        """Whether one of these values is a module that passes on all names of the generated module that it chooses."""
        return self.passes_on(values, _ALL)

    def passes_on(self, values: Values, name: str) -> bool:
        """Whether one of these values is a module that chooses which generated module it has by a name."""
        return any(isinstance(value, ProgramModule) and name in self._choices.get(value.module, ()) for value in values)

    def choose(self, stubs: GrpcModule) -> bool:
        """Whether a generated module is one of several that a module chooses from whose names it passes on."""
        return any(stubs is one for choices in self._choices.values() for one in choices.get(_ALL, ()))

    def alike(self, service: Service) -> frozenset[Service]:
        """The services of the same name in the generated modules from which a module chooses; itself among them."""
        return frozenset(
            other
            for choices in self._all
            if any(service in stubs.services for stubs in choices)
            for stubs in choices
            for other in stubs.services
            if other.full_name == service.full_name
        ) | {service}

    @cached_property
    def _all(self) -> list[list[GrpcModule]]:
        return [choices for by_name in self._choices.values() for choices in by_name.values()]

    @cached_property
    def _choices(self) -> Mapping[Module, Mapping[str, list[GrpcModule]]]:
        """What modules choose from, by the name that each has for it; `*` for all names."""
        found: dict[Module, dict[str, list[GrpcModule]]] = {}
        for module in self._facts.program.modules():
            by_name: dict[str, list[ast.alias]] = {}
            for statement in module.imports:
                for alias in statement.names if isinstance(statement, ast.ImportFrom) else ():
                    generated = alias.name == _ALL or alias.name.endswith("_pb2_grpc")
                    if alias.asname not in (None, alias.name) or not generated:
                        continue
                    if not module.enclosing(alias, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
                        by_name.setdefault(alias.name, []).append(alias)
            for name, aliases in by_name.items():
                if len(choices := self._several(aliases)) > 1:
                    found.setdefault(module, {})[name] = choices
        return found

    def _several(self, aliases: Iterable[ast.alias]) -> list[GrpcModule]:
        """The generated modules that imports of one name may bind, if some have the same services."""
        values = (value for alias in aliases for value in self._facts.values(alias))
        stubs = list({id(one.module): one.module for one in values if isinstance(one, StubsModule)}.values())
        names = [service.full_name for one in stubs for service in one.services]
        return stubs if len(set(names)) < len(names) else []
