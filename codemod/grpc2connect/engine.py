"""The pipeline: sources, schema, facts, plan, rewrite, generate. One call, one result; writes nothing."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from grpc2connect import ledger
from grpc2connect.expendable import Expendable
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.inference import infer
from grpc2connect.facts.libraries import Libraries
from grpc2connect.facts.named_stubs import named_stubs
from grpc2connect.facts.program import Program
from grpc2connect.facts.provenance import TracedState
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.state import State
from grpc2connect.generate import generate as generate_modules
from grpc2connect.generate import is_built, why_not
from grpc2connect.kept import NOWHERE, Parts
from grpc2connect.notebooks import Notebooks
from grpc2connect.options import Choices, Options, RuntimeMode, Stage
from grpc2connect.overrides import Overrides
from grpc2connect.plan import SIDES, Failures
from grpc2connect.plan import make as make_plan
from grpc2connect.project import complete
from grpc2connect.project.generation.outs import out_folders
from grpc2connect.public_api.callers import Callers
from grpc2connect.reading import Files
from grpc2connect.relevance import Names, Relevance, as_imported, held, loud, reach
from grpc2connect.results import FileChange, FileError, Finding, Reach, RunResult
from grpc2connect.rewrite.built import findings as built_findings
from grpc2connect.rewrite.built import placed
from grpc2connect.rewrite.built import there as already_placed
from grpc2connect.rewrite.lookup import Lookup
from grpc2connect.rewrite.place import Places
from grpc2connect.rewrite.rewrite import Rewritten
from grpc2connect.rules_api import Registry, load
from grpc2connect.schema import GrpcModule, Schema
from grpc2connect.sources import around, find, is_python
from grpc2connect.sources.environment import search_paths
from grpc2connect.sources.required import lists
from grpc2connect.spread import ALONE, Team
from grpc2connect.spread.files import FileWork
from grpc2connect.spread.scanning import scanner
from grpc2connect.vendor import PACKAGE
from grpc2connect.vendor import files as runtime_files

Progress = Callable[[str, int, int], None]


def run(options: Options, progress: Progress | None = None) -> RunResult:
    """Everything that a migration of the given paths would change, with the ledger and the findings."""
    found = generate(options, progress) if options.stage is Stage.GENERATE else analyse(options, progress)
    return complete(found, options)


def analyse(
    options: Options,
    progress: Progress | None = None,
    team: Team = ALONE,
    spared: Mapping[Path, str] | None = None,
    rules: Registry | None = None,
    kept: Kept | None = None,
    parts: Parts = NOWHERE,
) -> RunResult:
    """What `run` gives, but for the project's files around the code: a function of the sources and options alone.

    `spared` are files to do without, with the reasons; a file that the run fails on joins them. `rules` are those that
    come with the tool where none are given. With `kept`, what an earlier run with other choices has found is used. The
    `team` shares the work on single files; what is finished of it is kept in `parts`, for a run that does not end.
    """
    kept = kept or Kept()
    lost = dict(spared or {})
    enabled = gc.isenabled()
    gc.disable()  # nothing here makes garbage in cycles worth the collector's time
    try:
        while True:
            try:
                if kept.run is None or not kept.run.answers(options):
                    kept.run = _Run(options, progress or (lambda *_: None), team, lost, rules, parts)
                return kept.run.result(options.choices)
            except Expendable as file:
                kept.run = None
                if file.path in lost:
                    raise
                lost[file.path] = file.reason
    finally:
        if enabled:
            gc.enable()


@dataclass
class Kept:
    """A run that answers again, for the same options with other choices, without another look at the sources."""

    run: _Run | None = None


def generate(options: Options, progress: Progress | None = None) -> RunResult:
    """Only the `*_connect.py` beside the generated modules that the paths hold, and a vendored runtime as it is now."""
    paths, errors = find(options)
    schema, schema_errors = _schema(paths, around(options, paths), options)
    given = set(paths)
    modules = [module for module in schema.grpc_modules if module.services and _on_disk(module, given, options)]
    if options.generated is None:
        modules += [module for module in schema.without_stubs() if _messages(module) in given]
    named = as_imported(modules, paths, _top(options))
    if options.generated is None:
        built = [module for module in schema.grpc_modules if module.services and is_built(module, options)]
        named += [one for module in built for one in already_placed(module, paths)]
    changes, generate_errors = generate_modules(schema, named, options)
    if options.runtime is RuntimeMode.VENDOR:
        marks = [path for path in paths if path.parts[-2:] == (PACKAGE, "__init__.py")]
        changes += [change for mark in marks for change in _vendored(mark.parents[1])]
    return RunResult(
        options.root, changes=tuple(changes), errors=(*errors, *schema_errors, *generate_errors), files_seen=len(paths)
    )


def _messages(module: GrpcModule) -> Path | None:
    return module.path.with_name(module.path.name.replace("_pb2_grpc", "_pb2")) if module.path is not None else None


def _on_disk(module: GrpcModule, given: Container[Path], options: Options) -> bool:
    return module.path in given if module.path is not None else options.generated is not None


def _schema(paths: list[Path], surroundings: list[Path], options: Options) -> tuple[Schema, list[FileError]]:
    """The services of the project; what is wrong outside the given paths is not reported."""
    schema, errors = Schema.load(sorted([*paths, *surroundings]), _environment(options))
    silent = set(surroundings)
    return schema, [error for error in errors if error.path not in silent]


def _environment(options: Options) -> list[Path]:
    return search_paths(options.python) if options.python else []


def _top(options: Options) -> Path:
    if options.project is not None:
        return options.project
    folders = [path if path.is_dir() else path.parent for path in options.paths]
    return Path(os.path.commonpath([str(folder.resolve()) for folder in folders])) if folders else options.root


class _Run:
    def __init__(
        self,
        options: Options,
        progress: Progress,
        team: Team,
        spared: Mapping[Path, str],
        rules: Registry | None,
        parts: Parts,
    ) -> None:
        self.options = options
        self.progress = progress
        paths, errors = find(options)
        self.paths = [path for path in paths if not _is_vendored(path)]
        surroundings = [path for path in around(options, paths) if not _is_vendored(path)]
        self.top = _top(options)
        self.python = [path for path in self.paths if is_python(path)]
        self.around = frozenset(path for path in surroundings if is_python(path))
        everything = [*self.python, *self.around]
        self.schema, bad = _schema(self.paths, surroundings, options)
        known = frozenset(map(str, everything))
        self.files = Files(self.top, known, errors=[*errors, *bad], spared=spared, at=team.at)
        libraries = Libraries(partial(lists, options), _environment(options))
        self.program = Program(everything, self.schema, self.files.load, self.top, libraries)
        self.unexplained: list[str] = []
        self.overrides = Overrides(options)
        self.rules = rules or load(options.rules)
        self.held: tuple[Names, Names] = ({}, {})
        self.placing: list[Finding] = []
        self.team = team
        self.parts = parts
        self._found: tuple[Facts, list[Reference]] | None = None
        self._looked = False
        self._reached: Reach | None = None
        self._errors: list[FileError] = []

    def answers(self, options: Options) -> bool:
        """Whether options differ from those of this run in their choices at most."""
        return replace(options, choices=self.options.choices) == self.options

    def result(self, choices: Choices) -> RunResult:
        """Run all stages; those up to the facts once."""
        self.options = replace(self.options, choices=choices)
        if not self._looked:
            self._found = self._find()
            self._errors = list(self.files.errors)
            self._looked = True
        self.files.errors[:] = self._errors
        if self._found is None:
            return RunResult(self.options.root, errors=tuple(self.files.errors), files_seen=len(self.paths))
        return self._settle(*self._found)

    def _find(self) -> tuple[Facts, list[Reference]] | None:
        """The facts, and what is to be decided about; None if nothing looks like gRPC."""
        files, roots, elsewhere = [*self.python, *self.around], self.program.roots_at, self.program.elsewhere
        relevance = Relevance(files, self.schema, roots, elsewhere, scanner(self.team))
        seeds = relevance.seeds()
        new = seeds - self.around
        if not new:
            return None
        state = State() if self.options.explain is None else TracedState(self.program)
        active: set[Path] = set()
        if around := seeds & self.around:
            # What catches an error of what is given asks for nothing that the given files hold.
            new |= relevance.between(around, new)
        new |= relevance.others()
        while new:
            for index, path in enumerate(sorted(new)):
                self.progress("parse", index, len(new))
                self.program.activate(path)
            active |= new
            self.progress("facts", len(active), len(self.python))
            infer(self.program, state)
            imported = {module.path for module in self.program.modules()} & seeds
            self.held, sure = held(state, self.program.modules())
            new = (imported | relevance.users(*self.held, sure)) - active
        facts = Facts(self.program, state, self.overrides.serve)
        self.work = FileWork(facts, self.files.sources, self.options, self.team, self.parts)
        references: list[Reference] = []
        for seen in self.work.see(self.progress):
            self.unexplained.extend(seen.unexplained)
            references.extend(seen.references)
        return facts, references

    def _settle(self, facts: Facts, references: list[Reference]) -> RunResult:
        """Plan, edit and prove; what fails puts back on gRPC what hangs on it, and the rest is planned again."""
        refused, only = self.options.choices.refused, SIDES.get(self.options.stage)
        stay = self._named_in_broken(references) | self.overrides.held(references)
        notebooks = Notebooks(self.files.sources, facts, self.held[0], self.options.runtime)
        stay |= notebooks.stay(references)
        stay |= {service.full_name: why for service, stubs in facts.stubs_of.items() if (why := why_not(stubs))}
        callers = Callers(facts, references, self.options)
        stay |= callers.stay
        facts.named_stubs = named_stubs(facts, references)
        offers = self.work.offers(references, self.rules, self.overrides.wanted, self.progress)
        stay |= dict.fromkeys(self.options.choices.stay, "it was decided to leave it there")
        files = {path: self._shown(path) for path in {reference.module.path for reference in references}}
        failures = Failures(stay, self._used_around(files))
        while True:
            places = Places(self.program, self.options)
            plan = make_plan(offers, stay, refused, only, failures.closed, facts.moved_services)
            about = repr((sorted(stay.items()), sorted(failures.closed), refused, only))
            rewritten, failed = self.work.edit(plan, places, about, self.progress)
            if not failed:
                changes, failed = self._generate(rewritten, places)
            if not failed:
                break
            failures.note(failed, {path: outcome.stubs for path, (outcome, _) in rewritten.items()}, files)
        settled = plan.without(self.around)
        result = ledger.result(
            self.options,
            settled,
            rewritten,
            changes,
            self.files.errors,
            failures,
            self.placing if changes else (),
            ledger.Counts(
                sum(reference.module.path not in self.around for reference in references),
                len(self.paths),
                self.files.parsed,
                tuple(self.unexplained),
            ),
        )
        said = callers.findings(plan.units.stays)
        result = replace(result, findings=(*result.findings, *said), reach=self._reach(facts, references))
        if self.options.explain is not None:
            from grpc2connect.explain import explain

            told = list(zip(settled.decisions, result.ledger, strict=True))
            result = replace(result, explained=explain(facts, plan, told, *self.options.explain))
        return notebooks.told(result, self.around)

    def _reach(self, facts: Facts, references: list[Reference]) -> Reach:
        if self._reached is None:
            found = reach(self.program.looked_at(), *self.held, self.schema)
            modules, files, sources = self.program.modules(), [*self.python, *self.around], self.files.sources
            heard = loud(
                facts.state, modules, references, facts.stubs_of, files, lambda path: sources[path].data, found
            )
            self._reached = replace(found, loud=heard)
        return self._reached

    def _used_around(self, shown: Mapping[Path, str]) -> dict[Path, str]:
        """Files outside the given paths that belong together with code in them: they stay as they are."""
        why = "belongs to it and is not among the given files"
        return {path: f"{name} {why}" for path, name in sorted(shown.items()) if path in self.around}

    def _named_in_broken(self, references: list[Reference]) -> dict[str, str]:
        """Services whose names occur in a file that cannot be parsed stay as they are: full name to the reason."""
        stay = {}
        for path, source in self.files.broken.items():
            words = set(re.findall(rb"\w+", source.data))
            for service in {service for reference in references for service in reference.units}:
                names = {service.stub_class, service.servicer_class, service.adder}
                if any(name.encode() in words for name in names):
                    stay[service.full_name] = f"{self._shown(path)} uses it and cannot be parsed"
        return stay

    def _shown(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.options.root)).as_posix()

    def _generate(
        self, rewritten: dict[Path, tuple[Rewritten, FileChange]], places: Places
    ) -> tuple[list[FileChange], dict[str, str]]:
        needed = list({id(stubs): stubs for outcome, _ in rewritten.values() for stubs in outcome.stubs}.values())
        self.progress("generate", 0, max(len(needed), 1))
        modules: list[GrpcModule] = []
        for stubs, named in zip(needed, as_imported(needed, [*self.paths, *self.around], self.top), strict=True):
            modules.extend(self._placed(stubs, named, rewritten))
        changes, errors = generate_modules(self.schema, modules, self.options)
        self.placing = built_findings(modules, self.options.root, lambda: self.outs)
        failed = {}
        for error in errors:
            if error not in self.files.errors:
                self.files.errors.append(error)
            for stubs in needed:
                if not changes or _concerns(error, stubs):
                    failed.update({service.full_name: error.message for service in stubs.services})
        if self.options.runtime is RuntimeMode.VENDOR and not failed:
            roots = places.runtime_roots()
            for root in roots:
                changes.extend(_vendored(root))
            self.placing += places.findings(roots)
        return changes, failed or _missing(rewritten, modules, changes, places)

    def _placed(
        self, stubs: GrpcModule, named: GrpcModule, rewritten: dict[Path, tuple[Rewritten, FileChange]]
    ) -> list[GrpcModule]:
        """The module as it is generated: once, or once for each place that imports of one built elsewhere need."""
        if not is_built(named, self.options):
            return [named]
        users = {path: outcome.brought for path, (outcome, _) in rewritten.items() if stubs in outcome.stubs}
        importers = {module: users[module.path] for module in self.program.modules() if module.path in users}
        return placed(named, importers, self.program, lambda: self.outs) or [named]

    @cached_property
    def outs(self) -> frozenset[str]:
        """The folders that the project has protoc write stubs to."""
        return out_folders(self.options)


def _missing(
    rewritten: dict[Path, tuple[Rewritten, FileChange]],
    modules: list[GrpcModule],
    changes: list[FileChange],
    places: Places,
) -> dict[str, str]:
    """The files whose new imports would fail, with the reasons."""
    written = {change.path: change.after for change in (*changes, *(change for _, change in rewritten.values()))}
    lookup = Lookup(places, modules, written)
    faults = {str(path): lookup.missing(path, outcome.brought) for path, (outcome, _) in rewritten.items()}
    return {path: fault for path, fault in faults.items() if fault}


def _concerns(error: FileError, stubs: GrpcModule) -> bool:
    name = stubs.path.name.removesuffix("_pb2_grpc.py") if stubs.path else Path(stubs.proto).stem
    return error.path.name.split(".")[0].removesuffix("_pb2_grpc").removesuffix("_connect") == name


def _vendored(root: Path) -> Iterable[FileChange]:
    for relative, data in runtime_files():
        path = root / relative
        before = path.read_bytes() if path.is_file() else None
        if before != data:
            yield FileChange(path, before, data)


def _is_vendored(path: Path) -> bool:
    return PACKAGE in path.parts
