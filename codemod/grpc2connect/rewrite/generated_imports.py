"""How a file names generated classes and modules, and the imports that this needs.

Beside the import that it replaces, in the same form; from the module that chooses where it comes from; or by an import
of its own, at the top of the file.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import ProgramModule, StubsModule, Values
from grpc2connect.rewrite.generated_names import GeneratedNames
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.proof import ProofFailed
from grpc2connect.rules_api.names import Generated
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import first_name, last_name

_ALL = "*"


@dataclass
class GeneratedImports:
    """Collects what one file imports of generated modules.

    `twins` are the imports beside which one is put, each with the names that it has (none: the module itself), `loose`
    what is imported by itself, by its module. `is_taken` says whether the file has a name already. `chosen` are the
    generated modules of which one is imported when the program runs: each gets its twin.
    """

    facts: Facts
    module: Module
    places: Places
    names: GeneratedNames
    is_taken: Callable[[str], bool]
    twins: dict[ast.alias, dict[str, None]] = field(default_factory=dict)
    loose: dict[str, dict[str, None]] = field(default_factory=dict)
    chosen: dict[int, GrpcModule] = field(default_factory=dict)

    def of_class(self, piece: Generated) -> str:
        """Name a generated class in the way that the file names what it replaces."""
        like = piece.like
        beside = self.places.is_beside(piece.stubs)
        if self.facts.switches.choose(piece.stubs):
            return self._chosen(piece)
        if isinstance(like, ast.Attribute):
            owner = self.facts.values(like.value)
            if any(isinstance(value, StubsModule) for value in owner):
                return f"{self.of_module(piece.stubs, like.value)}.{piece.name}"
        elif isinstance(like, ast.Name) and beside:
            importers = self.facts.importers(self.module, like)
            if importers and all(map(self._from_generated, importers)):
                local, spelled = self._local(piece)
                # All of them: `except ImportError` binds the name where the first import does not.
                for alias in importers:
                    self._put_beside(alias, spelled)
                return local
        self.names.require_one(piece.stubs, like)
        local, spelled = self._local(piece)
        self.loose.setdefault(self.places.absolute(piece.stubs, self.module), {})[spelled] = None
        return local

    def _chosen(self, piece: Generated) -> str:
        """Name a generated class by the module that chooses where it comes from, which has it as well."""
        like = piece.like
        if isinstance(like, ast.Attribute) and self.facts.switches.among(self.facts.values(like.value)):
            return f"{self.module.source(like.value)}.{piece.name}"
        importers = self.facts.importers(self.module, like) if isinstance(like, ast.Name) else []
        if not importers or not all(map(self.from_switch, importers)):
            raise ProofFailed(f"which generated module `{self.module.source(like)}` is of shows only when it runs")
        local, spelled = self._local(piece)
        for alias in importers:
            self.twins.setdefault(alias, {})[spelled] = None
        return local

    def from_switch(self, alias: ast.alias, name: str = _ALL) -> bool:
        """Whether `from x import name` names a module x that chooses which generated module has the name, or all."""
        node = self.module.parents[alias]
        return isinstance(node, ast.ImportFrom) and self.facts.switches.passes_on(self._module_of(node), name)

    def of_module(self, stubs: GrpcModule, owner: ast.expr) -> str:
        """Name a generated module in the way that the file names what it replaces, which is `owner`."""
        beside = self.places.is_beside(stubs)
        return self._twin_module(stubs, owner) if beside else self._loose_module(stubs, owner)

    def _local(self, piece: Generated) -> tuple[str, str]:
        """The local name of a generated class, and how an import spells it: an alias where the file has such a name."""
        local = self.names.of_class(piece.stubs, piece.name)
        if self.is_taken(local):
            local = f"Connect{local}"
        return local, piece.name if local == piece.name else f"{piece.name} as {local}"

    def _from_generated(self, alias: ast.alias) -> bool:
        """Whether `from x import name` names the generated module itself as x (and not one that passes it on)."""
        node = self.module.parents[alias]
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").endswith("_pb2_grpc"):
            return False
        return not any(isinstance(value, ProgramModule) for value in self._module_of(node))

    def _module_of(self, node: ast.ImportFrom) -> Values:
        """What the module of a `from` import is."""
        program, module = self.facts.program, self.module
        if node.level:
            prefix = program.absolute(module, node.level, node.module) or ""
            return program.at(prefix, node.module or "", str(module.path))
        return program.resolve(module, node.module or "")

    def _twin_module(self, stubs: GrpcModule, owner: ast.expr) -> str:
        root = first_name(owner)
        if root is None:
            return self._loose_module(stubs, owner)
        text, base = self.module.source(owner), self.places.basename(stubs)
        has_it = owner.value if isinstance(owner, ast.Attribute) else None
        if has_it is not None and self.facts.switches.passes_on(self.facts.values(has_it), last_name(owner)):
            return f"{self.module.source(has_it)}.{base}"
        importers = [alias for alias in self.facts.importers(self.module, root) if self._may_bind(alias, text)]
        chosen = bool(importers) and all(self.from_switch(alias, alias.name) for alias in importers)
        odd = any(not alias.name.endswith("_pb2_grpc") or self._is_passed_on(alias) for alias in importers)
        if odd and not chosen:
            return self._loose_module(stubs, owner)
        names = {self.names.of_import(alias, base) for alias in importers}
        if len(names) != 1 or any((alias.asname or alias.name) != text for alias in importers):
            return self._loose_module(stubs, owner)
        for alias in importers:
            self._put_beside(alias, "")
        return names.pop()

    def _put_beside(self, alias: ast.alias, spelled: str) -> None:
        self.twins.setdefault(alias, {})[spelled] = None
        for stubs in self.names.stubs(alias):
            self.chosen[id(stubs)] = stubs

    def _is_passed_on(self, alias: ast.alias) -> bool:
        """Whether an import takes a generated module from a package that is not its own."""
        node = self.module.parents[alias]
        packages = self._module_of(node) if isinstance(node, ast.ImportFrom) else ()
        taken = [value.module.path for value in self.facts.values(alias) if isinstance(value, StubsModule)]
        folders = {path.parent for path in taken if path is not None}
        return bool(folders) and any(
            isinstance(one, ProgramModule) and one.module.path.parent not in folders for one in packages
        )

    def _may_bind(self, alias: ast.alias, text: str) -> bool:
        """Whether an import that binds the first part of a dotted name binds all of it (`import a.b` and not `a.c`)."""
        if isinstance(self.module.parents[alias], ast.ImportFrom) or alias.asname:
            return True
        return alias.name == text

    def _loose_module(self, stubs: GrpcModule, owner: ast.expr) -> str:
        self.names.require_one(stubs, owner)
        dotted = self.places.absolute(stubs, self.module)
        package, _, last = dotted.rpartition(".")
        local = self.names.of_module(stubs)
        self.loose.setdefault(package, {})[last if local == last else f"{last} as {local}"] = None
        return local
