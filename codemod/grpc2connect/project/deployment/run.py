"""The whole of it for one run: find the files, know the programs, look at each file, and add what was seen."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.project.deployment import (
    agents,
    ci,
    compose,
    config_maps,
    dockerfile,
    kubernetes,
    routes,
    text_files,
    values,
    watched,
)
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.edits import can_be_edited, with_lines
from grpc2connect.project.deployment.files import Kind, candidates, is_template, kind_at, read, with_marks
from grpc2connect.project.deployment.found import BROKEN, File, Looked, Spot
from grpc2connect.project.deployment.images import Images, base_name
from grpc2connect.project.deployment.world import RUNTIME, Program, World
from grpc2connect.project.texts import Malformed
from grpc2connect.results import Entry, Explained, FileChange, Finding, Place, RunResult, Severity

BOM = codecs.BOM_UTF8
_BUILDS = re.compile(r"compose|skaffold", re.IGNORECASE)
_LIKE_A_MANIFEST = re.compile(r"^(?:apiVersion|kind|services|groups|static_resources)\s*:", re.MULTILINE)


def deploy(result: RunResult, options: Options) -> RunResult:
    """Add what is to be known and done where the project's programs are started, probed, reached and watched."""
    files, python = candidates(options)
    own = tuple(path for path in python if RUNTIME not in path.parts)
    world = World(options, result.ledger, options.project or options.root, own)
    if not world.any_moved:
        return result
    changed = {change.path: change for change in result.changes}
    seen = _Run(world, changed, lambda code: _wanted(code, options))
    seen.prepare(files)
    seen.look(files)
    seen.spots += [(path, spot) for path, spot in agents.imported(world) if seen.wanted(spot.code)]
    return _added(result, seen, options)


def _wanted(code: str, options: Options) -> bool:
    return (not options.select or code.startswith(options.select)) and not (
        options.ignore and code.startswith(options.ignore)
    )


@dataclass
class _Run:
    world: World
    changed: dict[Path, FileChange]
    wanted: Callable[[str], bool]
    images: Images = field(default_factory=Images)
    made: dict[Path, dockerfile.Image] = field(default_factory=dict)
    spots: list[tuple[Path, Spot]] = field(default_factory=list)
    broken: dict[Path, Malformed] = field(default_factory=dict)
    edits: dict[Path, FileChange] = field(default_factory=dict)
    kinds: dict[Path, Kind] = field(default_factory=dict)
    named: dict[Path, Program] = field(default_factory=dict)

    def prepare(self, files: list[tuple[Path, Kind]]) -> None:
        """Know the images: from compose files and skaffold's where they are built, from Dockerfiles what is in them."""
        self.images.root = self.world.root
        contexts: dict[Path, Path] = {}
        for path, kind in files:
            if kind is Kind.YAML and _BUILDS.search(path.name):
                for document in self._documents(path):
                    for one in [*compose.builds(path, document), *compose.artifacts(path, document)]:
                        contexts.setdefault(one.dockerfile, one.context)
                        for name in one.names:
                            self.images.names.setdefault(base_name(name), one.dockerfile)
        for path, kind in files:
            text = self._text(path) if kind is Kind.DOCKERFILE else None
            if text is None:
                continue
            try:
                image = dockerfile.image(path, text, self.world, contexts.get(path))
            except Malformed as problem:
                if not is_template(text):
                    self.broken[path] = problem
                continue
            self.made[path] = image
            self.images.programs[path] = image.program
            asked = self.world.options.connect_port is not None and not self.world.single
            self.images.ports[path] = "G2C_CONNECT_ADDRESS" in text or (
                asked and bool(dockerfile.look(File(path, text), self.world, image).insertions)
            )
        known = {path.parent for path in self.images.programs}
        for folder in sorted({path.parent for path, part in self.world.parts.items() if part.serves and part.moved}):
            if folder not in known and folder != self.world.root:
                self.images.programs[folder / "Dockerfile"] = self.world.of_folder(folder)

    def look(self, files: list[tuple[Path, Kind]]) -> None:
        """Look at every file that has a mark."""
        cluster = kubernetes.Cluster()
        parsed: dict[Path, list[y.Node]] = {}
        texts: dict[Path, tuple[Kind, str]] = {}
        for path, kind, data in with_marks(files, self.images.moved_names()):
            text = read(data)
            if text is None:
                self.broken[path] = Malformed(1, "it is not UTF-8")
                continue
            if kind is Kind.YAML and is_template(text):
                kind = Kind.TEMPLATE
            texts[path] = (kind, text)
            if kind is Kind.CI or (kind is Kind.YAML and values.is_values(path.name)):
                parsed[path] = self._documents(path, text)
            elif kind is Kind.YAML:
                # Nodes take much more room than text: those of other people's manifests are not kept.
                parsed[path] = [one for one in self._documents(path, text) if self._may_be_ours(one, cluster)]
        for document in (one for documents in parsed.values() for one in documents):
            kubernetes.collect_services(document, cluster)
            cluster.config_maps.collect(document)
        for path, documents in parsed.items():
            for document in (one for one in documents if compose.is_compose(one)):
                for named, program in compose.env_files(File(path, texts[path][1]), document, self.world, self.images):
                    if named not in self.named or (program.calls and not self.named[named].calls):
                        self.named[named] = program
        for path, (kind, text) in texts.items():
            self.kinds[path] = kind
            change = self.changed.get(path)
            now = text if change is None else (read(change.after) or text)
            looked = self._looked(File(path, text), kind, parsed.get(path, []), cluster)
            self.spots += [(path, spot) for spot in looked.spots if self.wanted(spot.code)]
            self._edit(path, kind, text, now, looked, cluster)

    def _may_be_ours(self, document: y.Node, cluster: kubernetes.Cluster) -> bool:
        """Whether a document is looked at: it runs a program of ours, or may lead to one; notes workloads."""
        if compose.is_compose(document) or y.text_of(y.get(document, "kind")) in routes.KINDS:
            return True
        if config_maps.is_config_map(document):
            return True
        return kubernetes.collect(document, self.world, self.images, cluster)

    def _looked(self, file: File, kind: Kind, documents: Iterable[y.Node], cluster: kubernetes.Cluster) -> Looked:
        try:
            return self._look(file, kind, documents, cluster)
        except Malformed as problem:
            self.broken[file.path] = problem
            return Looked()

    def _look(self, file: File, kind: Kind, documents: Iterable[y.Node], cluster: kubernetes.Cluster) -> Looked:
        world, images = self.world, self.images
        if kind is Kind.DOCKERFILE:
            image = self.made.get(file.path)
            return Looked() if image is None else dockerfile.look(file, world, dockerfile.again(image, file.text))
        if kind is Kind.CI:
            return _together(ci.look(file, document, world) for document in documents)
        if kind is Kind.VARIABLES:
            return text_files.variables(file, world, self.named.get(file.path))
        if kind is Kind.YAML:
            seen = [watched.look(file, world), routes.look_at_text(file, world)]
            for document in documents:
                if compose.is_compose(document):
                    seen.append(compose.look(file, document, world, images))
                elif y.get(document, "kind") is not None:
                    seen.append(kubernetes.look(file, document, world, images, cluster))
                    seen.append(routes.look(file, document, world, cluster))
                    seen.append(config_maps.look(document, cluster.config_maps, world))
                elif values.is_values(file.path.name):
                    seen.append(values.look(document, world, images))
            return _together(seen)
        if kind is Kind.TEMPLATE:
            return text_files.template(file, world, images)
        lines: dict[Kind, Callable[[File, World], Looked]] = {
            Kind.JSON: watched.look,
            Kind.PROCFILE: text_files.procfile,
            Kind.UNIT: text_files.unit,
            Kind.GUNICORN: text_files.gunicorn,
        }
        return lines[kind](file, world)

    def _edit(self, path: Path, kind: Kind, text: str, now: str, looked: Looked, cluster: kubernetes.Cluster) -> None:
        """Put in what is to be put in, into the file as it will be; and prove that it is read as before."""
        insertions = looked.insertions
        if not insertions or not self.wanted("G2C941") or not can_be_edited(now):
            return
        if now != text:
            documents = self._documents(path, now) if kind is Kind.YAML else []
            insertions = self._looked(File(path, now), kind, documents, cluster).insertions
        after = with_lines(now, insertions)
        documents = self._documents(path, after) if kind is Kind.YAML else []
        again = self._looked(File(path, after), kind, documents, cluster)
        if again.insertions or path in self.broken:
            return
        change = self.changed.get(path)
        before = change.before if change is not None else path.read_bytes()
        bom = BOM if before is not None and before.startswith(BOM) else b""
        self.edits[path] = FileChange(path, before, bom + after.encode("utf-8"), change.units if change else ())

    def _documents(self, path: Path, text: str | None = None) -> list[y.Node]:
        given = text if text is not None else self._text(path)
        if given is None or (is_template(given) and kind_at(path) is not Kind.CI):
            return []
        try:
            return y.documents(given)
        except Malformed as problem:
            helm_s = values.is_values(path.name) and "image:" in given
            if _LIKE_A_MANIFEST.search(given) or ((helm_s or kind_at(path) is Kind.CI) and not is_template(given)):
                self.broken[path] = problem
            return []

    def _text(self, path: Path) -> str | None:
        try:
            return read(path.read_bytes())
        except OSError:
            return None


_FIRST = {Kind.DOCKERFILE: 0, Kind.YAML: 1, Kind.PROCFILE: 2, Kind.UNIT: 2}


def said_once(spots: Iterable[tuple[Path, Spot]], kinds: Mapping[Path, Kind], root: Path) -> list[tuple[Path, Spot]]:
    """The spots; of those that say the same of one program only the first says it, that of the image before others."""
    together: dict[str, list[tuple[Path, Spot]]] = {}
    out: list[tuple[Path, Spot]] = []
    for path, spot in spots:
        if spot.once and spot.advice is not None:
            together.setdefault(spot.once, []).append((path, spot))
        else:
            out.append((path, spot))
    for group in together.values():
        group.sort(key=lambda one: (_FIRST.get(kinds[one[0]], 3), one[0], one[1].line))
        (path, spot), *others = group
        if others:
            other = f"{Path(os.path.relpath(others[0][0], root)).as_posix()}:{others[0][1].line}"
            more = f" and {len(others) - 1} more" if others[1:] else ""
            assert spot.advice is not None
            also = replace(spot.advice, todo=f"{spot.advice.todo}; its ports stand at {other}{more}, too")
            spot = replace(spot, advice=also)
        out.append((path, spot))
        for path, one in others:
            assert one.advice is not None
            out.append((path, replace(one, advice=None, why=f"{one.why}; {one.advice.todo}")))
    return sorted(out, key=lambda one: (one[0], one[1].line, one[1].column, one[1].code))


def _together(seen: Iterable[Looked]) -> Looked:
    every = Looked()
    for one in seen:
        every.spots += one.spots
        every.insertions += one.insertions
    return every


def _added(result: RunResult, seen: _Run, options: Options) -> RunResult:
    entries: list[Entry] = []
    findings: list[Finding] = []
    explained: list[Explained] = []
    for path, spot in said_once(dict.fromkeys(seen.spots), seen.kinds, result.root):
        place = Place(path, spot.line, spot.column)
        if spot.advice is not None:
            unit = spot.units[0] if len(spot.units) == 1 else ""
            told = spot.advice
            findings.append(Finding(spot.code, place, told.message, told.todo, told.severity, unit))
        if spot.state is None:
            continue
        entry = Entry(place, spot.kind, spot.code, spot.state, spot.text, spot.units, True, spot.why)
        entries.append(entry)
        if options.explain == (path, spot.line):
            explained.append(Explained(place, spot.text, f"a {spot.kind}", entry, why=spot.why))
    for path, problem in seen.broken.items():
        if seen.wanted(BROKEN):
            message = f"this cannot be read: {problem.message}"
            todo = "correct it, and run again: what it has of gRPC is not known"
            findings.append(Finding(BROKEN, Place(path, problem.line, 1), message, todo, Severity.WARNING))
    changes = {change.path: change for change in result.changes} | seen.edits
    return replace(
        result.with_entries(entries),
        changes=tuple(sorted(changes.values(), key=lambda change: change.path)),
        findings=tuple(sorted([*result.findings, *findings], key=lambda one: (one.place, one.code))),
        explained=(*result.explained, *explained),
    )
