"""The last step of a migration: what nothing needs any more goes, and what stays is said with its reason.

Gone are generated gRPC modules, the options and plugins that make them, and requirements of grpc-python. Nothing goes
that anything in the project still mentions, nor what belongs to code that has not moved yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.project.dependencies import uses
from grpc2connect.project.dependencies.documents import Documents
from grpc2connect.project.dependencies.names import GRPCIO, TOOLS
from grpc2connect.project.dependencies.removing import Removals
from grpc2connect.project.dependencies.uses import Use
from grpc2connect.project.files import find_with_pages, mentions
from grpc2connect.project.generation import copies, modules
from grpc2connect.project.packaging import built_by
from grpc2connect.project.places import read_places
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.situation import ProjectFile, Situation
from grpc2connect.project.stubs import Stubs
from grpc2connect.project.texts import Texts
from grpc2connect.results import FileChange, Finding, Place, RunResult, Severity
from grpc2connect.schema import CONNECT_SUFFIX, GRPC_SUFFIX
from grpc2connect.sources import around
from grpc2connect.sources import find as find_sources
from grpc2connect.vendor import PACKAGE

_TOOLS = (b"grpc_tools", b"grpc.tools.protoc", b"python-grpc-tools-protoc")
STAYS = "G2C916"
PUBLISHED = "G2C917"


def clean(result: RunResult, options: Options) -> RunResult:
    """What a clean-up changes; `result` is that of a migration, whose changes show what has not moved yet."""
    from grpc2connect.project.completing import merged

    top = options.project or options.root
    files, pages = find_with_pages(options)
    given, _ = find_sources(options)
    python = [path for path in [*given, *around(options, given)] if path.suffix in (".py", ".pyw", ".ipynb")]
    connect = modules.known((), python)
    if not connect:
        note = Finding(
            STAYS, Place(top, 1, 1), "nothing has moved to Connect here", "grpc2connect migrate", Severity.NOTE
        )
        return replace(result, changes=(), findings=(*result.findings, note))
    pending = [change.path for change in result.changes if change.before is not None and change.units]
    stubs = Stubs(top, sorted(path for path in given if path.name.endswith(GRPC_SUFFIX)))
    stubs.judge(python, (module.path for module in connect), pending)
    texts = Texts()
    _copied(files, texts, stubs)
    situation = Situation(options, files, lambda: connect, cleanup=True, stays=stubs.why)
    answer, _ = read_places([*files, *pages], texts, situation)
    for stems, folder, where in answer.kept:
        stubs.keep(stems, folder, f"{where.path.name}:{where.line} goes on generating it")
    documents = Documents(texts, files)
    removals = Removals(
        top,
        documents,
        texts,
        _uses(python, files, stubs, answer.tools),
        lambda folder: any(module.path.is_relative_to(folder) for module in connect) or folder == top,
    )
    removals.make()
    gone = list(stubs.gone())
    findings = [*removals.findings, *_kept(stubs), *_published(gone)]
    completed = merged(replace(result, changes=()), texts, answer, findings, documents.errors)
    deletions = [FileChange(path, path.read_bytes(), b"", deletes=True) for path in gone]
    changes = sorted([*completed.changes, *deletions], key=lambda change: change.path)
    return replace(completed, changes=tuple(changes))


def _uses(python: Iterable[Path], files: Iterable[Path], stubs: Stubs, tools: Iterable[Path]) -> dict[Path, list[Use]]:
    """What of grpc-python the project needs when it is clean, by the files that need it."""
    gone = set(stubs.gone())
    found: dict[Path, list[Use]] = {}
    for path in python:
        if PACKAGE in path.parts or path in gone or path.name.endswith(CONNECT_SUFFIX):
            continue
        here = list(uses.of_python(path))
        if here:
            found[path] = here
    for path in {*tools, *(path for path in files if _speaks(path) and mentions(path, *_TOOLS))}:
        found.setdefault(path, []).append(Use(TOOLS, path, 0, "it runs protoc"))
    for path in files:
        if path.suffix != ".py" and _speaks(path) and mentions(path, b"G2C_WIRE"):
            found.setdefault(path, []).append(Use(GRPCIO, path, 0, "G2C_WIRE may have grpcio carry the calls"))
    return found


def _copied(files: Iterable[Path], texts: Texts, stubs: Stubs) -> None:
    """Keep what is copied by its name where that is not edited."""
    for path in files:
        text = texts.get(path) if kind_of(path) and mentions(path, *copies.MENTIONS) else None
        if text is None:
            continue
        file = ProjectFile(path, text, texts.newline(path))
        for copy in copies.find(file):
            if not copy.edited and "_pb2_grpc" in text[copy.command.start : copy.command.end]:
                where = file.place(copy.command.start)
                stubs.keep((), None, f"{path.name}:{where.line} copies it by its name")


def _speaks(path: Path) -> bool:
    """Whether what a file says is done, not only told."""
    return path.suffix not in (".md", ".rst", ".txt", ".in") and PACKAGE not in path.parts


def _kept(stubs: Stubs) -> Iterable[Finding]:
    for path, why in sorted(stubs.kept.items()):
        if why != "a person wrote it":
            yield Finding(STAYS, Place(path, 1, 1), f"this stays: {why}", "", Severity.NOTE)


def _published(gone: Iterable[Path]) -> Iterable[Finding]:
    """One finding for each project that is built and whose stubs others could import."""
    by_build: dict[Path, list[Path]] = {}
    for path in gone:
        build = built_by(path)
        if build is not None:
            by_build.setdefault(build, []).append(path)
    for build, paths in sorted(by_build.items()):
        message = f"{len(paths)} generated gRPC module(s) go from what is built here: other projects may import them"
        yield Finding(PUBLISHED, Place(build, 1, 1), message, "look for them there first", Severity.WARNING)
