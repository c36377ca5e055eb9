"""The process behind `grpc2connect lsp` that looks at projects: questions on stdin, answers on stdout, one by one.

What is on disk is asked of the engine as every command asks it, with its cache; what only the editor has is put into a
folder of links (`stdin`). The engine's process is kept from one question to the next.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grpc2connect.cli.engine import Engine, InstalledEngine
from grpc2connect.cli.session import open_session
from grpc2connect.cli.stdin import run_with
from grpc2connect.codes import CODES
from grpc2connect.editor.analyst import LENGTH, SCRATCH
from grpc2connect.editor.questions import Answer, Question, Rule, TextChange, What
from grpc2connect.errors import Failure, Title
from grpc2connect.options import Options
from grpc2connect.report.paint import Paint, shown
from grpc2connect.report.text import failure_line
from grpc2connect.results import FileError, RunResult
from grpc2connect.review.alone import alone
from grpc2connect.sources import SKIPPED, NotEncodable, Source, encode, find, read

_PYTHON = (".py", ".pyw")


@dataclass
class _Project:
    """The open files of one project: all that count, and those of which the editor has more than the disk."""

    options: Options
    files: set[Path] = field(default_factory=set)
    contents: dict[Path, bytes] = field(default_factory=dict)


def main() -> None:
    """Answer until nobody asks any more."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but answers may get into the stream
    engine = InstalledEngine()
    with engine.kept(fresh=True):
        while head := source.read(LENGTH.size):
            question: Question = pickle.loads(source.read(*LENGTH.unpack(head)))
            data = pickle.dumps(_safely(question, engine), pickle.HIGHEST_PROTOCOL)
            sink.write(LENGTH.pack(len(data)) + data)
            sink.flush()
    # The server has gone; if it was killed, nobody else takes this away.
    scratch = Path(tempfile.gettempdir())
    if scratch.name.startswith(SCRATCH):
        shutil.rmtree(scratch, ignore_errors=True)


def _safely(question: Question, engine: Engine) -> Answer:
    try:
        return _answer(question, engine)
    except Failure as failure:
        return Answer(problem=failure_line(failure, Paint()))
    except Exception as problem:
        if os.environ.get("G2C_TRACEBACK"):
            raise
        what = f"{type(problem).__name__}: {problem}"
        return Answer(problem=failure_line(Failure(Title.INTERNAL, what, "please report it"), Paint()))


def _answer(question: Question, engine: Engine) -> Answer:
    projects = _projects(question, engine)
    if question.path is not None:
        projects = [one for one in projects if question.path in one.files]
    known = {code: Rule(title) for code, title in CODES.items()}
    for rule in engine.catalogue(question.settings.rules):
        known[rule.code] = Rule(rule.title, rule.documentation)
    results: list[RunResult] = []
    changes: tuple[TextChange, ...] = ()
    for project in projects:
        if question.what is What.MOVE:
            result = _seen(project, InstalledEngine(), lambda engine, these: _moved(engine, these, question.unit))
            changes += tuple(_texts(result, project))
        elif question.what is What.EXPLAIN:
            assert question.path is not None
            options = replace(project.options, explain=(question.path, 0))
            result = _seen(replace(project, options=options), engine)
        else:
            result = _seen(project, engine)
        results.append(replace(result, changes=()))
    files = frozenset(path for one in projects for path in one.files)
    # The innermost project first: it is the one that a file below several belongs to.
    results.sort(key=lambda one: len(one.root.parts), reverse=True)
    return Answer(tuple(results), files, known, changes)


def _seen(project: _Project, engine: Engine, run: Callable[[Engine, Options], RunResult] | None = None) -> RunResult:
    """What a run says of a project as the editor has it."""
    these = run or (lambda engine, options: engine.run(options))
    if not project.contents:
        return these(engine, project.options)
    whole = run is not None
    return run_with(project.options, project.contents, lambda options: these(engine, options), whole=whole)


def _projects(question: Question, engine: Engine) -> list[_Project]:
    """The projects of the open files; files that a run would not look at belong to none."""
    by_folder: dict[Path, Options] = {}
    by_root: dict[Path, _Project] = {}
    listed: dict[Path, frozenset[Path]] = {}
    for path, text in question.files.items():
        folder = next((one for one in path.parents if one.is_dir()), path.parent)
        if folder not in by_folder:
            settings = question.settings
            session = open_session(
                engine, paths=(folder,), python=settings.python, rules=settings.rules, unsafe=settings.unsafe
            )
            by_folder[folder] = replace(session.options, paths=(session.options.root,))
        options = by_folder[folder]
        if options.root not in listed:
            listed[options.root] = frozenset(find(options)[0])
        new = not path.exists() and path.suffix in _PYTHON and SKIPPED.isdisjoint(path.relative_to(options.root).parts)
        if path not in listed[options.root] and not new:
            continue
        project = by_root.setdefault(options.root, _Project(options))
        project.files.add(path)
        there = None if new else read(path)
        data = _encoded(text, there if isinstance(there, Source) else None)
        if new or not _same(path, data):
            project.contents[path] = data
    return list(by_root.values())


def _encoded(text: str, there: Source | None) -> bytes:
    """The bytes that saving would write; editors show no byte order mark, and bring it back."""
    text = text.removeprefix("\ufeff")
    if there is not None:
        try:
            return encode(there, text)
        except NotEncodable:
            pass
    return text.encode("utf-8", "replace")


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _moved(engine: Engine, options: Options, unit: str) -> RunResult:
    """The result in which one service moves, and of the others only those that cannot stay without it."""
    assert isinstance(engine, InstalledEngine)
    with engine.kept():
        found = alone([unit], engine.run(options), lambda choices: engine.run(replace(options, choices=choices)))
    if found is None:
        raise Failure(Title.SERVICE_STAYS, f"{unit} stays on gRPC", "the diagnostics of its references say why")
    if not found[0].audit.holds:
        what = "nothing is changed, because the ledger does not add up"
        raise Failure(Title.LEDGER, what, "please report it, with what grpc2connect diff says")
    return found[0]


def _texts(result: RunResult, project: _Project) -> Iterator[TextChange]:
    """The changes as an editor makes them. Raises `Failure` for a file that has no text."""
    for change in result.changes:
        there: Any = read(change.path) if change.before is not None else None
        if isinstance(there, FileError):
            what = f"{shown(change.path, result.root)} {there.message}"
            raise Failure(Title.EDITOR_REQUEST, what, "grpc2connect migrate can change it")
        encoding = there.encoding if isinstance(there, Source) else "utf-8"
        before, after = (
            None if data is None else data.decode(encoding).removeprefix("\ufeff")
            for data in (change.before, None if change.deletes else change.after)
        )
        yield TextChange(change.path, before, after, change.units)
