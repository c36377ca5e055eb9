"""A command that has protoc make gRPC stubs: what it asks for, how it is started, and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.generation.words import Command, Word

OPTION = re.compile(
    r"(?P<flag>--grpc(?:_python)?_out)(?P<between>=|[ \t]+|$)"
    r"(?P<value>(?:\$\([^)\n]*\)|\$\{[^}\n]*\}|\{[^}\n]*\}|\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'`;|&()<>,\]])*)"
)
"""The option that asks for gRPC stubs, as a word or in the middle of one."""
RETIRED = re.compile(
    r"--(?:grpc_python|mypy_grpc)_(?:out|opt)(?:[= \t]|$)|--plugin=(?:protoc-gen-grpc_python|protoc-gen-mypy_grpc)="
)
"""Options that only gRPC stubs need."""
DONE = ("--connectrpc_out", "grpc2connect generate", 'grpc2connect", "generate', "grpc2connect', 'generate")
_MODULES = ("grpc_tools.protoc", "grpc.tools.protoc", "grpc_tools")
_PROGRAM = re.compile(r"(?:.*[/\\])?(?:protoc|python-grpc-tools-protoc)(?:\.exe)?|\$[({]?\w*PROTOC\w*[)}]?", re.I)
_COMPUTED = frozenset("$`{*~<")
"""What the name of a folder has in it that is not written out."""
_LEADING = frozenset({"then", "do", "else", "{", "time", "!"})
_OPENING, _CLOSING = frozenset({"for", "while", "until", "if", "case", "select"}), frozenset({"done", "fi", "esac"})
_REFUSED = frozenset({"if", "while", "until", "elif", "exec", "docker", "docker-compose", "podman", "nohup", "eval"})
_XARGS_WITH_VALUE = frozenset({"-n", "-I", "-P", "-L", "-s", "-E", "-d", "-a"})
_FIXERS = re.compile(r"(?:.*[/\\])?(?:g?sed|perl|awk|2to3(?:-\S+)?|protol|fix-protobuf-imports|fixup_\w+)")
_FIXER_MODULES = ("protoletariat", "lib2to3", "fissix")


@dataclass(frozen=True)
class Protoc:
    """A command with `--grpc_python_out`.

    `option` is where the option and its value stand, `out` the value as it is written. `starter` is what `grpc2connect
    generate` has to follow for running as protoc does: `poetry run python -m`; None where that cannot be told, with
    the reason in `unsure`. `stems` are the names of the protos without suffix, as far as they are written out.
    """

    command: Command
    word: Word
    option: tuple[int, int]
    out: str
    starter: str | None
    unsure: str = ""
    stems: tuple[str, ...] = ()
    done: bool = False


def find(text: str, commands: Sequence[Command]) -> Iterator[Protoc]:
    """The commands that ask for gRPC's Python stubs."""
    for command in commands:
        for index, word in enumerate(command.words):
            option = OPTION.search(word.raw)
            if option is None:
                continue
            raw = text[command.start : command.end]
            if option["flag"] == "--grpc_out" and "grpc_python_plugin" not in raw:
                continue
            start, end, out = word.start + option.start(), word.start + option.end(), option["value"]
            if not option["between"] or (not out and option["between"] != "="):
                if option.end() != len(word.raw) or index + 1 == len(command.words):
                    continue
                end, out = command.words[index + 1].end, command.words[index + 1].raw
            starter, unsure = _starter(text, command)
            done = any(mark in raw for mark in DONE)
            yield Protoc(command, word, (start, end), out, starter, unsure, _stems(command), done)
            break


def folder(out: str) -> str:
    """The folder of an option's value, which may have settings of the plugin before a colon."""
    quoted = out.strip("\"'")
    settings, colon, rest = quoted.rpartition(":")
    return rest if colon and len(settings) > 1 and "/" not in settings else quoted


def folder_word(protoc: Protoc) -> str:
    """The folder of a command as a word of another one, in the quotes that it has."""
    bare = folder(protoc.out) or "."
    for quoted in (protoc.out, protoc.word.raw):
        if len(quoted) > 1 and quoted[0] == quoted[-1] and quoted[0] in "\"'":
            return f"{quoted[0]}{bare}{quoted[0]}"
    return bare


def generating(protoc: Protoc) -> str | None:
    """The command that generates for the folder of `protoc`, started as it is; None if nothing is known to start it."""
    if protoc.starter is None:
        return None
    return f"{protoc.starter.rstrip()} grpc2connect generate {folder_word(protoc)}".strip()


def folders(out: str, file: Path, top: Path | None) -> list[Path]:
    """Where the folder of an option's value may be; nothing if that is not written out.

    It is seen from the folder of the file that has the option. A script in a folder of its own may be run from one
    above: with `top` it is seen from those, too.
    """
    named = folder(out)
    if not named or not _COMPUTED.isdisjoint(named):
        return []
    starts = [one for one in file.parents if top is not None and one.is_relative_to(top)]
    return [start / named for start in starts or [file.parent]]


def is_fixer(text: str, command: Command) -> bool:
    """Whether a command goes over generated modules to correct their imports."""
    raw = text[command.start : command.end]
    words = [word.value.lstrip("@-+") for word in command.words]
    if not any(_FIXERS.fullmatch(word) or word in _FIXER_MODULES for word in words):
        return False
    return "_pb2" in raw or any(name in raw for name in (".py", "protol"))


def after_corrections(text: str, anchor: Command, later: Sequence[Command], out: str) -> Command | None:
    """The command after which nothing that follows in a script corrects imports any more.

    Loops and conditions that hold such commands are over there. None where it is not plain: what corrects imports is in
    a function, or comes after a loop that writes to folders of its own.
    """
    depth = lowest = 0
    is_pending = in_function = False
    last = anchor
    for command in later:
        values = [word.value for word in command.words]
        first = next((value for value in values if value not in _LEADING), "")
        in_function = in_function or not {"{", "}"}.isdisjoint(values)
        depth += (first in _OPENING) - (first in _CLOSING)
        lowest = min(lowest, depth)
        if is_fixer(text, command):
            if in_function or (lowest < 0 and not _COMPUTED.isdisjoint(out)):
                return None
            is_pending = True
        if is_pending and depth <= lowest:
            last, is_pending = command, False
    return None if is_pending else last


def _stems(command: Command) -> tuple[str, ...]:
    names = [word.value for word in command.words if word.value.endswith(".proto")]
    if not names or any(set(name.rpartition("/")[2]) & set("*?$[{") for name in names):
        return ()
    return tuple(name.rpartition("/")[2].removesuffix(".proto") for name in names)


def _starter(text: str, command: Command) -> tuple[str | None, str]:
    """What goes before `grpc2connect generate`; or why that is not known."""
    words = command.words
    first = 0
    while first < len(words) and words[first].value in _LEADING:
        first += 1
    for index, word in enumerate(words):
        if word.value == "xargs":
            first = index + 1
            while first < len(words) and words[first].raw.startswith("-"):
                first += 2 if words[first].raw in _XARGS_WITH_VALUE else 1
    for index in range(first, len(words)):
        value = words[index].value.lstrip("@-+") if index == first else words[index].value
        if value in _REFUSED:
            return None, f"it is started by `{value}`"
        if value == "-m" and index + 1 < len(words) and words[index + 1].value in _MODULES and index > first:
            return text[words[first].start : words[index].end], ""
        if _PROGRAM.fullmatch(value):
            marks = words[index].raw[: len(words[index].raw) - len(words[index].raw.lstrip("@-+"))]
            return text[words[first].start : words[index].start] + marks, ""
    return None, "what runs here is not known to be protoc"
