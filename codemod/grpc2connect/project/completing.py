"""A run's result with the project's files around the code: what generates, what is required, what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grpc2connect.options import Options, Stage
from grpc2connect.project import cleanup
from grpc2connect.project.dependencies.adding import Additions
from grpc2connect.project.dependencies.documents import Documents
from grpc2connect.project.deployment import deploy
from grpc2connect.project.files import find, find_with_pages
from grpc2connect.project.generation import modules
from grpc2connect.project.made_sync import made_sync
from grpc2connect.project.packaging import vendored_into_a_build
from grpc2connect.project.places import read_places
from grpc2connect.project.situation import Answer, Found, Situation
from grpc2connect.project.taken_along import left_behind
from grpc2connect.project.texts import Texts
from grpc2connect.results import Entry, Explained, FileChange, FileError, Finding, RunResult
from grpc2connect.sources import is_python


def complete(result: RunResult, options: Options) -> RunResult:
    """Add what the changes need of the project's files around the code; of a clean-up, all that it is."""
    if options.stage is Stage.CLEANUP:
        return cleanup.clean(result, options)
    files, pages = find_with_pages(options)
    texts = Texts(result.changes)
    situation = Situation(options, files, lambda: modules.known(result.changes, files))
    answer, needs = read_places([*files, *pages], texts, situation)
    edited = [change.path for change in result.changes if change.before is not None and is_python(change.path)]
    findings, errors = _require(edited, needs, files, texts, options)
    findings += vendored_into_a_build(result.changes)
    findings += left_behind(result.changes, files)
    findings += made_sync(result.changes, files)
    completed = merged(result, texts, answer, findings, errors)
    told = _explained(answer, options)
    completed = replace(completed, explained=(*completed.explained, *told)) if told else completed
    return deploy(completed, options) if options.stage.moves else completed


def require(changed: Iterable[Path], options: Options) -> tuple[list[FileChange], list[Finding], list[FileError]]:
    """What some changed files need of what is required near them: edits, findings, and files that are malformed."""
    files = find(options)
    texts = Texts()
    findings, errors = _require(list(changed), {}, files, texts, options)
    return texts.result(), findings, errors


def merged(
    result: RunResult, texts: Texts, answer: Answer, findings: Iterable[Finding], errors: Iterable[FileError]
) -> RunResult:
    """The result with edits, findings and errors of project files, and their places in the ledger."""
    entries = [_entry(found) for found in answer.found]
    changes = texts.result()
    every = [*result.findings, *answer.findings, *findings]
    return replace(
        result.with_entries(entries),
        changes=tuple(changes),
        findings=tuple(sorted(dict.fromkeys(every), key=lambda finding: (finding.place, finding.code))),
        errors=tuple(dict.fromkeys([*result.errors, *answer.errors, *errors, *texts.errors])),
    )


def _require(
    edited: list[Path], needs: dict[Path, set[str]], files: list[Path], texts: Texts, options: Options
) -> tuple[list[Finding], list[FileError]]:
    if not edited and not needs:
        return [], []
    documents = Documents(texts, files)
    additions = Additions(options, documents, texts)
    additions.for_code(edited)
    additions.for_places(needs)
    additions.done()
    additions.python_versions([*edited, *needs], files)
    return additions.findings, documents.errors


def _explained(answer: Answer, options: Options) -> list[Explained]:
    """What is to be said of the line that was asked about, if it is one of the places."""
    if options.explain is None:
        return []
    advice = {finding.place: finding.advice for finding in answer.findings}
    return [
        Explained(found.place, found.text, found.kind, _entry(found), why=found.why, better=advice.get(found.place, ""))
        for found in answer.found
        if (found.place.path, found.place.line) == options.explain
    ]


def _entry(found: Found) -> Entry:
    return Entry(found.place, found.kind, found.code, found.state, found.text, behaviour=False, why=found.why)
