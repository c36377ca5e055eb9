"""Reads every file of a project that may generate stubs, each by the reader for its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grpc2connect.project.files import mentions
from grpc2connect.project.generation import buf, copies, place, programs, quoted, scripts, told
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.situation import Answer, ProjectFile, Reader, Situation
from grpc2connect.project.texts import Texts
from grpc2connect.vendor import PACKAGE

_IN_SCRIPTS = (b"--grpc_python_out", b"grpc_python_plugin")
_ELSEWHERE = {
    "BUILD": (re.compile(r"^\s*(?:py_grpc_library|python_grpc_library|py_proto_grpc\w*)\s*\(", re.MULTILINE), "Bazel"),
    "BUILD.bazel": (re.compile(r"^\s*(?:py_grpc_library|python_grpc_library)\s*\(", re.MULTILINE), "Bazel"),
    "BUILD.pants": (re.compile(r"\bgrpc\s*=\s*True"), "Pants"),
}
"""Build systems that make stubs in ways of their own."""


def read_places(files: list[Path], texts: Texts, situation: Situation) -> tuple[Answer, dict[Path, set[str]]]:
    """What is to be said of all places, with their edits made; and what is needed where something was added."""
    whole = Answer()
    needs: dict[Path, set[str]] = {}
    for path in [*filter(_is_buf, files), *(path for path in files if not _is_buf(path))]:
        if PACKAGE in path.parts:
            continue
        answer = Answer()
        for reader in _readers(path, situation):
            text = texts.get(path)
            if text is None:
                break
            said = reader(ProjectFile(path, text, texts.newline(path)), situation)
            texts.edit(path, said.edits)
            answer.add(said)
        if answer.needs:
            needs[path] = answer.needs
        whole.add(_once(answer))
    return whole, needs


def _once(answer: Answer) -> Answer:
    """The answer with the advice about publishing given once for a file, not for every place in it."""
    said = [finding for finding in answer.findings if finding.code == place.PUBLISHED]
    answer.findings = [finding for finding in answer.findings if finding not in said[1:]]
    return answer


def _readers(path: Path, situation: Situation) -> Iterator[Reader]:
    """Who reads a file, by its name and by what its bytes mention."""
    if _is_buf(path):
        yield buf.read
    elif path.suffix in (".py", ".pyw"):
        if mentions(path, *programs.MENTIONS):
            yield programs.read
    elif path.suffix in (".toml", ".json"):
        if mentions(path, _IN_SCRIPTS[0]):
            yield quoted.read
    elif path.name in _ELSEWHERE:
        if mentions(path, b"grpc"):
            yield _elsewhere
    elif path.suffix in (".md", ".markdown"):
        if mentions(path, *_IN_SCRIPTS):
            yield told.read
    elif kind_of(path) or not path.suffix:
        wanted = (*_IN_SCRIPTS, b"buf generate") if situation.buf_out else _IN_SCRIPTS
        if mentions(path, *wanted):
            yield scripts.read
        if mentions(path, *copies.MENTIONS):
            yield copies.read


def _elsewhere(file: ProjectFile, situation: Situation) -> Answer:
    """Build systems of which nothing is edited."""
    answer = Answer()
    pattern, name = _ELSEWHERE[file.path.name]
    for found in pattern.finditer(file.text):
        task = place.Task(file.place(found.start()), found[0].strip(), (), "")
        if situation.cleanup:
            place.kept(answer, task, f"{name} generates it", "edit its rules by hand")
        elif situation.modules:
            place.by_hand(answer, task, place.Way.GENERATE, f"{name} has rules of its own")
    return answer


def _is_buf(path: Path) -> bool:
    return buf.NAMES.fullmatch(path.name) is not None
