"""Where the Connect modules go whose stubs are not in the project: the user's build makes those from protos.

A Connect module needs no build of its own, only a place where the imports of the files that use it look. That is known
where an import says the folder of the proto (`from examples.protos import x_pb2_grpc` of `examples/protos/x.proto`), or
no folder at all: what a script imports so is found beside it, wherever the build puts the stubs. It is known, too,
where what runs protoc in the project writes the stubs to the place where an import looks for them, and where the
package that an import names is there, and is the only one of that name: the build puts the stubs into it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from grpc2connect.facts.program import Program
from grpc2connect.generate.place import SUFFIX
from grpc2connect.results import Finding, Place, Severity
from grpc2connect.rewrite.lookup import Brought
from grpc2connect.rewrite.place import fewest
from grpc2connect.schema import GrpcModule
from grpc2connect.schema.naming import module_name
from grpc2connect.syntax import Module

CODE = "G2C015"
_Candidates = dict[str, str]
"""Places for a module, each with the dotted name by which an import finds it there."""


def placed(
    stubs: GrpcModule,
    importers: Mapping[Module, tuple[Brought, ...]],
    program: Program,
    outs: Callable[[], Collection[str]] = frozenset,
) -> list[GrpcModule]:
    """The module of `stubs` once for each place that its importers need; none if for one of them no place is known.

    `importers` are the files that need its Connect module, with what they import anew. `outs` gives the folders that
    the project's own commands write stubs to.
    """
    stem = module_name(stubs.proto.rpartition("/")[2], SUFFIX)
    wanted: dict[tuple[Path, str], _Candidates] = {}
    for importer, imports in importers.items():
        for one in imports:
            dotted = _named(one, stem)
            if dotted is not None:
                wanted[(importer.path, dotted)] = dict(_candidates(stubs, importer, one.level, dotted, program, outs))
    if not all(wanted.values()):
        return []

    def worth(place: str, keys: Iterable[tuple[Path, str]]) -> tuple[int, ...]:
        """A place beside the proto first, then one beside the files that import it."""
        folder = Path(place).parent
        beside = stubs.built_of is not None and folder == stubs.built_of.parent
        return beside, sum(path.parent == folder for path, _ in keys), -len(place)

    chosen = fewest({key: frozenset(places) for key, places in wanted.items()}, worth)
    names = {place: dotted for places in wanted.values() for place, dotted in places.items()}
    return [replace(stubs, twin=Path(place), dotted=names[place]) for place in chosen]


def findings(modules: Iterable[GrpcModule], root: Path, outs: Callable[[], Collection[str]]) -> list[Finding]:
    """What has to be said of each module that is placed: the build must take it along. Paths are shown from `root`."""
    found = []
    for module in modules:
        if module.twin is None or module.built_of is None:
            continue
        shown = Path(os.path.relpath(module.twin, root)).as_posix()
        message = f"{shown} stands where its imports look, and the stubs that it is made like are built elsewhere"
        advice = "let the build take it along, where the messages modules that it imports are found, too"
        severity = Severity.WARNING
        if _writes_there(str(module.twin.parent), module, outs()):
            message = f"{shown} goes where the stubs that it is made like are generated"
            advice = "generate it with them from now on, and keep it, or have git ignore it, as they are"
            severity = Severity.NOTE
        found.append(Finding(CODE, Place(module.built_of, 1, 1), message, advice, severity))
    return found


def there(module: GrpcModule, files: Iterable[Path]) -> list[GrpcModule]:
    """A module once for each place where an earlier run has put its Connect module, among `files`."""
    stem = module_name(module.proto.rpartition("/")[2], SUFFIX)
    own = re.compile(rf"^from (\S*{re.escape(stem.removesuffix(SUFFIX))}_pb2) import ", re.MULTILINE)
    found = []
    for path in files:
        if path.name != f"{stem}.py":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.startswith(f"# Generated from {module.proto}. DO NOT EDIT."):
            said = own.search(text)
            found.append(replace(module, twin=path, dotted=f"{said[1]}_grpc" if said else module.dotted))
    return found


def _named(one: Brought, stem: str) -> str | None:
    """The dotted name of the Connect module that an import names; None if it names another module."""
    if one.module.rpartition(".")[2] == stem:
        return one.module
    return ".".join(filter(None, (one.module, one.name))) if one.name == stem else None


def _candidates(
    stubs: GrpcModule,
    importer: Module,
    level: int,
    dotted: str,
    program: Program,
    outs: Callable[[], Collection[str]],
) -> Iterator[tuple[str, str]]:
    *folders, last = dotted.split(".")
    old = f"{last.removesuffix(SUFFIX)}_pb2_grpc"
    if level:
        folder = program.absolute(importer, level, ".".join(folders)) or ""
        if os.path.isdir(folder):
            yield os.path.join(folder, f"{last}.py"), stubs.dotted or old
        return
    named = ".".join([*folders, old])
    made = [os.path.join(top, *folders) for top in program.import_roots(importer)] if folders else []
    made = [folder for folder in made if _writes_there(folder, stubs, outs())]
    if made:
        # A command may be run in any folder above its file: in the one where the place is, or its package.
        there = [folder for folder in made if os.path.isdir(folder)]
        above = [folder for folder in made if os.path.isdir(os.path.dirname(folder))]
        yield from ((os.path.join(folder, f"{last}.py"), named) for folder in there or above or made)
        return
    beside = stubs.built_of.parent if stubs.built_of else None
    if beside is not None and folders and list(beside.parts[-len(folders) :]) == folders:
        root = Path(*beside.parts[: -len(folders)])
        if importer.path.is_relative_to(root):
            yield str(beside / f"{last}.py"), named
            return
    if folders and (package := program.package(importer, folders)):
        yield os.path.join(package, f"{last}.py"), named
        return
    for top in program.reachable_roots(importer) if not folders else ():
        yield os.path.join(top, f"{last}.py"), named


def _writes_there(folder: str, stubs: GrpcModule, outs: Collection[str]) -> bool:
    """Whether stubs are written to a folder: to one of `outs`, or below it to where their proto is below its root."""
    parts = Path(stubs.proto).parent.parts if stubs.built_of is None else stubs.built_of.parent.parts
    for out in outs:
        inside = Path(folder).parts[len(Path(out).parts) :] if Path(folder).is_relative_to(out) else None
        if inside is not None and (not inside or parts[-len(inside) :] == inside):
            return True
    return False
