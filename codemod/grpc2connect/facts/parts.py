"""The parts of a program: modules that no import connects share nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from grpc2connect.facts.moved import imports_runtime
from grpc2connect.facts.program import Program
from grpc2connect.facts.state import State
from grpc2connect.syntax import Module

_GENERATED = ("_pb2.py", "_pb2_grpc.py", "_connect.py")


class Parts:
    """Knows which modules belong together."""

    def __init__(self, program: Program, state: State) -> None:
        self._program = program
        self._state = state
        self._users_of: dict[object, frozenset[object]] = {}

    def of(self, module: object) -> object:
        """What stands for the part that a module is in."""
        return self._all.get(module, module)

    def by_hand(self, module: object) -> object:
        """The same, of parts that imports of generated modules do not connect."""
        return self._written.get(module, module)

    def meet(self, one: Module, other: Module) -> bool:
        """Whether values of one module can come to another: one uses the other, or a third one uses both."""
        return not self._users(one).isdisjoint(self._users(other))

    def _users(self, module: object) -> frozenset[object]:
        """A module and those that import it, by way of others too."""
        if module not in self._users_of:
            found, waiting = {module}, [module]
            while waiting:
                new = self._importers.get(waiting.pop(), set()) - found
                found |= new
                waiting.extend(new)
            self._users_of[module] = frozenset(found)
        return self._users_of[module]

    @cached_property
    def _importers(self) -> dict[object, set[object]]:
        importers: dict[object, set[object]] = {}
        for importer, imported in self._state.imports:
            importers.setdefault(imported, set()).add(importer)
        for conftest, module in self._fixture_pairs():
            importers.setdefault(conftest, set()).add(module)
        return importers

    def has_moved(self, module: Module) -> bool:
        """Whether an earlier run has moved something of the part that a module is in."""
        return self.of(module) in self._moved

    @cached_property
    def _moved(self) -> frozenset[object]:
        return frozenset(self.of(module) for module in self._program.modules() if imports_runtime(module))

    @cached_property
    def _all(self) -> dict[object, object]:
        return self._joined([*self._state.imports, *self._fixture_pairs()])

    @cached_property
    def _written(self) -> dict[object, object]:
        pairs = [*self._state.imports, *self._fixture_pairs()]
        return self._joined(pair for pair in pairs if all(map(_is_written, pair)))

    def _joined(self, pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
        leader: dict[object, object] = {module: module for module in self._program.modules()}

        def find(item: object) -> object:
            while leader.setdefault(item, item) is not item:
                item = leader[item]
            return item

        for one, other in pairs:
            leader[find(one)] = find(other)
        return {item: find(item) for item in list(leader)}

    def _fixture_pairs(self) -> list[tuple[object, object]]:
        """A `conftest.py` belongs to every module in and below its folder, without an import."""
        modules = self._program.modules()
        conftests = [module for module in modules if module.path.name == "conftest.py"]
        return [
            (conftest, module)
            for conftest in conftests
            for module in modules
            if module.path.is_relative_to(conftest.path.parent)
        ]


def _is_written(module: object) -> bool:
    """Whether somebody wrote a module: it is no generated one."""
    return isinstance(module, Module) and not module.path.name.endswith(_GENERATED)
