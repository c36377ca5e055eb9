"""One place that runs protoc, whatever file it stands in: what is to be done about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.generation.commands import folder, folders
from grpc2connect.project.generation.modules import ConnectModule, made_by
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
    ELSEWHERE = "its Connect modules lie where the settings say (`generated`), and not where it writes"


SETTLED = (Way.NONE, Way.ELSEWHERE)
"""Ways of places that stay as they are."""


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
    top = situation.options.project or situation.options.root
    found = made_by(situation.modules, task.stems, out_folder(task, top), situation.part_of(task.place.path))
    if not found:
        return Way.NONE
    if situation.options.generated is not None and not _writes_there(task, found):
        return Way.ELSEWHERE
    return Way.OPTIONS if not fixed and all(module.plain for module in found) else Way.GENERATE


def _writes_there(task: Task, found: list[ConnectModule]) -> bool:
    folder = out_folder(task)
    return folder is not None and any(module.path.is_relative_to(folder) for module in found)


def out_folder(task: Task, top: Path | None = None) -> Path | None:
    """The folder that a place writes to, if it is written out and there: see `folders`."""
    places = (path.resolve() for path in folders(task.out, task.place.path, top))
    return next((path for path in places if path.is_dir()), None)


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


def idle(answer: Answer, task: Task, how: Way) -> None:
    """Note that a place stays as it is, for nothing of it has moved or Connect modules are made elsewhere."""
    if how is Way.NONE:
        answer.found.append(Found(task.place, KIND, CODE, State.LEFT, task.text, NOT_GENERATED))
        return
    answer.found.append(Found(task.place, KIND, CODE, State.BRIDGED, task.text, how.value))
    advice = "run `grpc2connect generate` in the project when protos change"
    answer.warn(CODE, task.place, f"this stays as it is: {how.value}", advice, Severity.NOTE)


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
