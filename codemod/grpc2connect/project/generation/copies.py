"""Generated modules that are copied by their names: `COPY a_pb2.py a_pb2_grpc.py ./`. Connect's have to come along.

The sources of a Dockerfile's `COPY` are edited; `cp` and the like are reported. Names with stars count as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grpc2connect.project.generation.place import FIXERS, NOT_GENERATED
from grpc2connect.project.generation.words import Command, Word, commands
from grpc2connect.project.scripts_in_files import Region, kind_of, regions
from grpc2connect.project.situation import Answer, Found, ProjectFile, Situation
from grpc2connect.project.texts import Edit, Malformed
from grpc2connect.results import State
from grpc2connect.schema import CONNECT_SUFFIX

MENTIONS = (b"_pb2_grpc.py", b"_pb2*")
KIND = "copy of stubs"
_COPIERS = frozenset({"cp", "mv", "install", "rsync", "ln", "zip", "tar", "scp", "include"})
_NAME = re.compile(r"(?P<stem>[\w.\-/*]*?)_pb2(?:_grpc|\*)(?:\.py)?(?P<end>[\"',\]]*)")


@dataclass(frozen=True)
class Copy:
    """A command that copies gRPC modules: which words name them, and whether it is a `COPY` that can be edited."""

    command: Command
    words: tuple[Word, ...]
    edited: bool


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    answer = Answer()
    for copy in find(file):
        text = file.text[copy.command.start : copy.command.end]
        place = file.place(copy.command.start)
        found = [word for word in copy.words if _twin(word) not in text]
        if situation.cleanup:
            if copy.edited:
                gone = [word for word in copy.words if "_pb2_grpc" in word.raw and _twin(word) in text]
                answer.edits += [_without(file.text, word) for word in gone if not _stays(word, situation)]
            continue
        moved = [word for word in found if _has_moved(word, situation)]
        if not moved:
            why = "Connect's come along" if not found else NOT_GENERATED
            answer.found.append(Found(place, KIND, FIXERS, State.LEFT if found else State.NATIVE, text[:120], why))
        elif copy.edited:
            answer.edits += [
                Edit(word.end, word.end, f"{', ' if ',' in word.raw else ' '}{_twin(word)}") for word in moved
            ]
            answer.found.append(Found(place, KIND, FIXERS, State.NATIVE, text[:120], "Connect's come along"))
        else:
            why = "generated modules are named one by one here, without those of Connect"
            answer.found.append(Found(place, KIND, FIXERS, State.LEFT, text[:120], why))
            answer.warn(FIXERS, place, why, f"add {' '.join(map(_twin, moved))}")
    return answer


def find(file: ProjectFile) -> Iterator[Copy]:
    """The commands of a file that copy gRPC modules by name; of a malformed one none."""
    docker = kind_of(file.path, file.text) == "docker"
    if docker:
        parts = [Region(0, len(file.text))]
    else:
        try:
            parts = regions(file.path, file.text)
        except Malformed:
            return
    for region in parts:
        for command in commands(file.text, region.start, region.end, folded=region.folded):
            first = command.words[0].value.lstrip("@-+")
            copies = docker and first.upper() in ("COPY", "ADD")
            names = {word.value.rpartition("/")[2] for word in command.words}
            words = tuple(word for word in command.words[1:] if _NAME.fullmatch(word.raw.lstrip("[\"'")))
            if words and (copies or names & _COPIERS):
                yield Copy(command, words, copies and _into_a_folder(command, words))


def _into_a_folder(command: Command, words: tuple[Word, ...]) -> bool:
    """Whether more can be copied to where a `COPY` copies; not if it is written as JSON."""
    last = command.words[-1]
    several = sum(not word.raw.startswith("--") for word in command.words[1:-1]) > 1
    return (
        last not in words and last.raw[-1:] != "]" and (several or last.raw.endswith(("/", ".")) or "*" in words[0].raw)
    )


def _twin(word: Word) -> str:
    found = _NAME.fullmatch(word.raw.lstrip("[\"'"))
    assert found is not None
    return f"{found['stem']}{CONNECT_SUFFIX}"


def _stem(word: Word) -> str:
    return _twin(word).rpartition("/")[2].removesuffix(CONNECT_SUFFIX)


def _has_moved(word: Word, situation: Situation) -> bool:
    stem = _stem(word)
    return any("*" in stem or module.stem == stem for module in situation.modules)


def _stays(word: Word, situation: Situation) -> str:
    stem = _stem(word)
    return situation.stays(() if "*" in stem else (stem,), None)


def _without(text: str, word: Word) -> Edit:
    start = len(text[: word.start].rstrip(" \t"))
    return Edit(start, word.end, "")
