"""One place that runs protoc, whatever file it stands in: what is to be done about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.generation.commands import folder
from grpc2connect.project.generation.modules import made_by
from grpc2connect.project.situation import PLUGIN, TOOL, Answer, Found, Situation
from grpc2connect.results import Place, Severity, State

CODE = "G2C910"
FIXERS = "G2C911"
PUBLISHED = "G2C912"
KEPT = "G2C915"
KIND = "stub generation"
NOT_GENERATED = "what it generates has not moved to Connect"


class Way(enum.Enum):
    """How a place comes to generate Connect code."""

    OPTIONS = "the plugin of protoc"
    GENERATE = "grpc2connect generate"
    NONE = "nothing of it has moved"


@dataclass(frozen=True)
class Task:
    """A place and what it generates: protos by their stems (none: unknown), and into which folder, as it is written."""

    place: Place
    text: str
    stems: tuple[str, ...]
    out: str


def way(task: Task, situation: Situation, *, fixed: bool) -> Way:
    """How the place is to generate Connect code; `fixed` says that something corrects the imports of what it writes."""
    if not situation.modules:
        return Way.NONE
    found = made_by(situation.modules, task.stems, out_folder(task), situation.part_of(task.place.path))
    if not found:
        return Way.NONE
    return Way.OPTIONS if not fixed and all(module.plain for module in found) else Way.GENERATE


def out_folder(task: Task) -> Path | None:
    """The folder that a place writes to, seen from its file, if it is written out and there."""
    named = folder(task.out)
    if not named or set(named) & set("$`{*~"):
        return None
    path = (task.place.path.parent / named).resolve()
    return path if path.is_dir() else None


def moved(answer: Answer, task: Task, how: Way) -> None:
    """Note that a place generates Connect code from now on, and what it needs for that."""
    answer.needs.add(PLUGIN if how is Way.OPTIONS else TOOL)
    answer.found.append(Found(task.place, KIND, CODE, State.NATIVE, task.text, f"Connect code comes from {how.value}"))
    if how is Way.GENERATE:
        message = (
            "Connect code is generated here by `grpc2connect generate`, since what the plugin writes would not import"
        )
        answer.warn(PUBLISHED, task.place, message, f"make '{TOOL}' installable where this runs", Severity.NOTE)


def done(answer: Answer, task: Task) -> None:
    """Note that a place generates Connect code already."""
    answer.found.append(Found(task.place, KIND, CODE, State.NATIVE, task.text, "it generates Connect code"))


def idle(answer: Answer, task: Task) -> None:
    """Note that nothing of what a place generates has moved."""
    answer.found.append(Found(task.place, KIND, CODE, State.LEFT, task.text, NOT_GENERATED))


def by_hand(answer: Answer, task: Task, how: Way, why: str) -> None:
    """Report a place that is not edited."""
    out = folder(task.out) or "FOLDER"
    what = (
        f"add --connectrpc_out={out} --connectrpc_opt=protobuf=google, and install '{PLUGIN}'"
        if how is Way.OPTIONS
        else f"run `grpc2connect generate {out}` after it and what corrects its imports, and install '{TOOL}'"
    )
    answer.found.append(Found(task.place, KIND, CODE, State.LEFT, task.text, why))
    answer.warn(CODE, task.place, f"this generates gRPC stubs, and is not edited: {why}", what)


def cleaned(answer: Answer, task: Task) -> None:
    """Note that a place generates Connect code only."""
    answer.found.append(Found(task.place, KIND, CODE, State.NATIVE, task.text, "it generates Connect code only"))


def kept(answer: Answer, task: Task, why: str, advice: str) -> None:
    """Report a place that goes on generating gRPC stubs after a clean-up."""
    answer.kept.append((task.stems, out_folder(task), task.place))
    answer.found.append(Found(task.place, KIND, KEPT, State.LEFT, task.text, why))
    answer.warn(KEPT, task.place, f"this goes on generating gRPC stubs: {why}", advice)
