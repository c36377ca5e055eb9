"""Pages that tell people to run protoc: commands of a shell in the fenced blocks of Markdown.

Pages are not edited, as nothing says who follows them, where, and what they have installed. But what such a command
says of where stubs go counts where nothing that runs says it; and where its stubs have moved, a note says what to tell.

Source: CommonMark, "Fenced code blocks".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.generation import place as places
from grpc2connect.project.generation.commands import Protoc, find, folder, folders
from grpc2connect.project.generation.place import KIND, SETTLED, Task, Way
from grpc2connect.project.generation.words import Command, commands
from grpc2connect.project.situation import PLUGIN, TOOL, Answer, Found, ProjectFile, Situation
from grpc2connect.results import Severity, State

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$", re.MULTILINE)
_SHELLS = frozenset({"", "sh", "bash", "shell", "zsh", "console", "shell-session", "shellscript", "terminal", "text"})
_PROMPTS = frozenset({"$", "%", ">"})
_WHY = "a page is not edited"


@dataclass(frozen=True)
class Told:
    """A command that a page tells to run, and the folders that the page goes into before."""

    protoc: Protoc
    entered: tuple[str, ...]

    def run_in(self, start: Path) -> Path:
        """The folder that it is run in by who starts in `start`; the first one may be what `git clone` has made."""
        for name in self.entered:
            start = start / name if (start / name).is_dir() else start
        return start


def told(text: str) -> Iterator[Told]:
    """The commands of a page that make gRPC stubs."""
    for start, end in _blocks(text):
        entered: list[str] = []
        block = [_without_prompt(command) for command in commands(text, start, end)]
        made = {id(protoc.command): protoc for protoc in find(text, [command for command in block if command.words])}
        for command in block:
            words = [word.value for word in command.words]
            if words[:1] == ["cd"] and len(words) == 2:
                entered.append(words[1])
            elif (protoc := made.get(id(command))) is not None:
                yield Told(protoc, tuple(entered))


def out_folders(path: Path, text: str, top: Path) -> Iterator[Path]:
    """Where the stubs go that a page tells to make: seen from the page's folder and those above it, and their `cd`."""
    for one in told(text):
        out = folder(one.protoc.out)
        for start in path.parents:
            if folders(out, path, top) and start.is_relative_to(top):
                yield one.run_in(start) / out


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    answer = Answer()
    for one in told(file.text):
        protoc = one.protoc
        text = " ".join(word.raw for word in protoc.command.words)[:120]
        out = os.path.join(os.path.relpath(one.run_in(file.path.parent), file.path.parent), folder(protoc.out))
        task = Task(file.place(protoc.option[0]), text, protoc.stems, out)
        how = places.way(task, situation, fixed=False)
        if how in SETTLED:
            continue
        if situation.cleanup:
            _note(answer, task, places.KEPT, "this tells to generate gRPC stubs", "tell to generate Connect code only")
        elif protoc.done:
            places.done(answer, task)
        else:
            _note(
                answer, task, places.CODE, "this tells to generate gRPC stubs, and not Connect code", _advice(task, how)
            )
    return answer


def _advice(task: Task, how: Way) -> str:
    if how is Way.OPTIONS:
        option = f"--connectrpc_out={os.path.normpath(task.out)} --connectrpc_opt=protobuf=google"
        return f"tell to install '{PLUGIN}', and to add {option}"
    return f"tell to run `grpc2connect generate {os.path.normpath(task.out)}` after it, with '{TOOL}' installed"


def _note(answer: Answer, task: Task, code: str, message: str, advice: str) -> None:
    answer.found.append(Found(task.place, KIND, code, State.BRIDGED, task.text, _WHY))
    answer.warn(code, task.place, message, advice, Severity.NOTE)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the fenced blocks that hold commands of a shell."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence["mark"].startswith(opened["mark"]) and not fence["info"].strip():
            language = opened["info"].strip().partition(" ")[0].lower().strip("{}.")
            if language in _SHELLS:
                yield opened.end() + 1, fence.start()
            opened = None


def _without_prompt(command: Command) -> Command:
    plain = len(command.words) > 1 and command.words[0].value in _PROMPTS
    return Command(command.words[1:], command.before, command.after) if plain else command
