"""The parts of a program: modules that no import connects share nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from grpc2connect.facts.moved import imports_runtime
from grpc2connect.facts.program import Program
from grpc2connect.facts.state import State
from grpc2connect.schema import GENERATED
from grpc2connect.syntax import Module


class Parts:
    """Knows which modules belong together."""

    def __init__(self, program: Program, state: State) -> None:
        self._program = program
        self._state = state
        self._met_by: dict[Module, frozenset[object]] = {}

    def of(self, module: object) -> object:
        """What stands for the part that a module is in."""
        return self._all.get(module, module)

    def by_hand(self, module: object) -> object:
        """The same, of parts that imports of generated modules do not connect."""
        return self._written.get(module, module)

    def meet(self, one: Module, other: Module) -> bool:
        """Whether values of one module can come to another: one uses the other, or a third one uses both.

        Ask about the same `one` where there is a choice: all that it meets are found at once.
        """
        if one not in self._met_by:
            self._met_by[one] = _closure(_closure({one}, self._importers), self._imported)
        return other in self._met_by[one]

    @cached_property
    def _importers(self) -> dict[object, set[object]]:
        importers: dict[object, set[object]] = {}
        for importer, imported in [*self._state.imports, *((one, of) for of, one in self._fixture_pairs())]:
            importers.setdefault(imported, set()).add(importer)
        return importers

    @cached_property
    def _imported(self) -> dict[object, set[object]]:
        imported: dict[object, set[object]] = {}
        for module, importers in self._importers.items():
            for importer in importers:
                imported.setdefault(importer, set()).add(module)
        return imported

    def has_moved(self, module: Module) -> bool:
        """Whether an earlier run has moved something of the part that a module is in."""
        return self.of(module) in self._moved

    @cached_property
    def _moved(self) -> frozenset[object]:
        return frozenset(self.of(module) for module in self._program.modules() if imports_runtime(module))

    @cached_property
    def _all(self) -> dict[object, object]:
        connect = self._program.connect
        twins = ((module, key) for module in self._program.modules() if (key := connect.stubs_beside(module)))
        return self._joined([*self._state.imports, *self._fixture_pairs(), *twins])

    @cached_property
    def _written(self) -> dict[object, object]:
        pairs = [*self._state.imports, *self._fixture_pairs()]
        return self._joined(pair for pair in pairs if all(map(_is_written, pair)))

    def _joined(self, pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
        leader: dict[object, object] = {module: module for module in self._program.modules()}

        def find(item: object) -> object:
            while leader.setdefault(item, item) is not item:
                leader[item] = item = leader[leader[item]]  # half the way next time
            return item

        for one, other in pairs:
            leader[find(one)] = find(other)
        return {item: find(item) for item in list(leader)}

    def _fixture_pairs(self) -> list[tuple[object, object]]:
        """A `conftest.py` belongs to every module in and below its folder, without an import."""
        modules = self._program.modules()
        conftests = {module.path.parent: module for module in modules if module.path.name == "conftest.py"}
        return [
            (conftests[folder], module)
            for module in (modules if conftests else ())
            for folder in module.path.parents
            if folder in conftests
        ]


def _closure(start: Iterable[object], further: Mapping[object, Iterable[object]]) -> frozenset[object]:
    """Some objects, and all that one gets to from them, by any number of steps."""
    found = set(start)
    waiting = list(found)
    while waiting:
        new = set(further.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def _is_written(module: object) -> bool:
    """Whether somebody wrote a module: it is no generated one."""
    return isinstance(module, Module) and not module.path.name.endswith(GENERATED)
