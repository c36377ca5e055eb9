"""Imports of modules that no file of the run is, and that are of no library that is known.

Such a module may pass on what the program itself makes, under a name that leads elsewhere: it may be a file of the run
that is found there only when the program runs.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Package, Value

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Method, Service
    from grpc2connect.syntax import Module


class Unseen:
    """Knows what comes from such modules, and who asks them for something."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._askers: dict[Module, bool] = {}

    def gives(self, value: Value) -> bool:
        """Whether a value is such a module, or something of one."""
        if not isinstance(value, Package) or value.dotted.partition(".")[0] in sys.stdlib_module_names:
            return False
        return self._facts.program.is_unseen(Path(value.importer), value.dotted)

    def is_asked_by(self, module: Module) -> bool:
        """Whether a module imports something from such a module, be it by way of another one."""
        if module not in self._askers:
            aliases = (node for node in module.nodes if isinstance(node, ast.alias))
            self._askers[module] = any(self.gives(value) for alias in aliases for value in self._facts.values(alias))
        return self._askers[module]

    def services(self, name: str) -> frozenset[Service]:
        """All services with an RPC of a name."""
        return frozenset(service for service in self._facts.stubs_of if service.method(name))

    def spelled(self, name: str) -> tuple[Method, ...]:
        """The RPCs of a name of all services: what comes from such a module can be of any."""
        return tuple(method for service in self._facts.stubs_of if (method := service.method(name)))
