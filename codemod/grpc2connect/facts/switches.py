"""Modules that pass on the names of several generated modules, of which one is chosen when the program runs.

    if protobuf.__version__.startswith("3"):
        from .pb3.greeter_pb2_grpc import *
    else:
        from .pb4.greeter_pb2_grpc import *

Code for the other one must not be loaded, for messages of both have the same names.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import ProgramModule, StubsModule, Values

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import GrpcModule, Service
    from grpc2connect.syntax import Module


class Switches:
    """Knows such modules, and what they choose from."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def services(self, module: Module) -> frozenset[Service]:
        """The services of all generated modules that a module chooses from; none if it is no such module."""
        return frozenset(service for stubs in self._choices.get(module, ()) for service in stubs.services)

    def among(self, values: Values) -> bool:
        """Whether one of these values is such a module."""
        return any(isinstance(value, ProgramModule) and value.module in self._choices for value in values)

    def choose(self, stubs: GrpcModule) -> bool:
        """Whether a generated module is one of several that are chosen from."""
        return any(stubs is one for choices in self._choices.values() for one in choices)

    @cached_property
    def _choices(self) -> Mapping[Module, list[GrpcModule]]:
        found: dict[Module, list[GrpcModule]] = {}
        for module in self._facts.program.modules():
            stars = [node for node in module.nodes if isinstance(node, ast.alias) and node.name == "*"]
            values = (value for alias in stars for value in self._facts.values(alias))
            stubs = list({id(one.module): one.module for one in values if isinstance(one, StubsModule)}.values())
            names = [service.full_name for one in stubs for service in one.services]
            if len(set(names)) < len(names):
                found[module] = stubs
        return found
