"""Dockerfiles: which program the image starts, how it is probed, which variables of gRPC it has, which ports it names.

Only the last stage counts for what runs; `COPY` and `ADD` say which folders of the project are in it.

Source: the Dockerfile reference (line continuations, the `escape` directive, heredocs, exec and shell forms).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.project.deployment import advice, starts
from grpc2connect.project.deployment.commands import words_of
from grpc2connect.project.deployment.found import PORT, START, File, Insertion, Looked, Spot
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.project.texts import Malformed
from grpc2connect.results import State

_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_WORD = re.compile(r"\s*([A-Za-z]+)(?:\s+|$)")
_HEREDOC = re.compile(r"(?<!\S)\d*<<-?([\"']?)([A-Za-z_]\w*)\1(?![\w<])")
_FLAGS = re.compile(r"(?:--[a-z][\w-]*(?:=(?:\"[^\"]*\"|'[^']*'|\S+))?\s+)*")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?[-+]([^}]*))?\})")
_KNOWN = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"}
    | {"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word in capitals, its text with continuations joined, and its lines (from 1, inclusive)."""

    word: str
    text: str
    line: int
    last: int

    @property
    def arguments(self) -> str:
        """The text without leading flags such as `--from=builder`."""
        return self.text[_flags_end(self.text) :]

    @property
    def flags(self) -> str:
        """The leading flags."""
        return self.text[: _flags_end(self.text)]


def _flags_end(text: str) -> int:
    found = _FLAGS.match(text)
    return found.end() if found else 0


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile; raises `Malformed` at the first line that is none."""
    lines = text.splitlines()
    escape = "\\"
    for line in lines:
        directive = _DIRECTIVE.match(line)
        if directive:
            escape = directive[1]
        if not line.lstrip().startswith("#"):
            break
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        first = at
        pieces: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            if pieces and (not line.strip() or line.lstrip().startswith("#")):
                continue
            if line.rstrip().endswith(escape):
                pieces.append(line.rstrip()[:-1])
                continue
            pieces.append(line)
            break
        joined = " ".join(piece.strip() if index else piece for index, piece in enumerate(pieces))
        word = _WORD.match(joined)
        if word is None or word[1].upper() not in _KNOWN:
            raise Malformed(first + 1, f"{' '.join(joined.split()[:1])!r} is no instruction")
        name = word[1].upper()
        if name in ("RUN", "COPY", "ADD"):
            for _, mark in _HEREDOC.findall(joined):
                while at < len(lines) and lines[at].strip() != mark:
                    at += 1
                if at >= len(lines):
                    raise Malformed(first + 1, f"the text up to {mark} does not end")
                at += 1
        found.append(Instruction(name, joined[word.end() :].strip(), first + 1, at))
    return found


def command_words(text: str) -> list[str]:
    """The words of an instruction in exec form (a JSON list) or in shell form."""
    if text.startswith("["):
        try:
            words = json.loads(text)
        except ValueError:
            return words_of(text)
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    return words_of(text)


@dataclass
class Image:
    """What a Dockerfile builds: its last stage, where its files come from, and the program it starts."""

    path: Path
    stage: list[Instruction]
    variables: dict[str, str]
    sources: list[tuple[Path, str]]
    workdir: str
    program: Program | None = None
    sure: bool = False

    def of(self, *words: str) -> list[Instruction]:
        """The instructions of the last stage with these words."""
        return [one for one in self.stage if one.word in words]

    @property
    def start(self) -> list[str]:
        """The words that the container starts: the entry point, then the command."""
        entry, command = self.of("ENTRYPOINT")[-1:], self.of("CMD")[-1:]
        return [word for one in (*entry, *command) for word in command_words(self.expand(one.arguments))]

    def expand(self, text: str) -> str:
        """The text with variables replaced by what the Dockerfile gives them; others stay."""
        return expand(text, self.variables)


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace `$NAME` and `${NAME:-default}`."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return variables.get(name, found[3] or found[0])

    for _ in range(3):
        text = _VARIABLE.sub(value, text)
    return text


def variables_of(every: list[Instruction]) -> dict[str, str]:
    """What `ARG` and `ENV` give their names, whatever their stage; an `ARG` without a default is empty."""
    variables: dict[str, str] = {}
    for one in every:
        if one.word == "ARG":
            name, _, default = one.arguments.partition("=")
            variables.setdefault(name.strip(), default.strip().strip("\"'"))
        elif one.word == "ENV":
            for name, given, *_ in env_pairs(one):
                variables[name] = expand(given, variables)
    return variables


def image(path: Path, text: str, world: World, context: Path | None = None) -> Image:
    """What a Dockerfile builds; `context` is the folder it is built in, if that is known. Raises `Malformed`."""
    every = instructions(text)
    variables = variables_of(every)
    stages: list[list[Instruction]] = [[]]
    for one in every:
        if one.word == "FROM":
            stages.append([])
        stages[-1].append(one)
    named = {
        base[2].lower(): stage
        for stage in stages
        if stage and len(base := re.split(r"\s+", stage[0].arguments)) >= 3 and base[1].lower() == "as"
    }
    stage = list(stages[-1])
    seen: set[str] = set()
    while stage and stage[0].word == "FROM":
        below = " ".join(expand(stage[0].arguments, variables).split()[:1]).lower()
        if below not in named or below in seen:  # nothing at all, where the image is an argument of the build
            break
        seen.add(below)
        stage = [*named[below], *stage[1:]]
    copied: list[tuple[str, str]] = []
    workdir = "/"
    wide = [one for one in every if one.word in ("COPY", "ADD") and "--from=" not in one.flags]
    for one in wide:
        words = command_words(expand(one.arguments, variables))
        copied += [(source, words[-1]) for source in words[:-1] if "://" not in source and "<<" not in source]
    for one in stage:
        if one.word == "WORKDIR":
            workdir = _joined(workdir, expand(one.arguments, variables))
    sources = _sources(path.parent, copied, world, context)
    made = Image(path, stage, variables, sources, workdir)
    made.program, made.sure = starts.program_of_image(made, world)
    return made


def again(made: Image, text: str) -> Image:
    """The same image by a text in which lines have moved; what is in it, and what it starts, is known."""
    every = instructions(text)
    starts_at = max((index for index, one in enumerate(every) if one.word == "FROM"), default=0)
    return replace(made, stage=[*(one for one in made.stage if one.line == 0), *every[starts_at:]])


def env_pairs(one: Instruction) -> Iterator[tuple[str, str, int]]:
    """The names and values of an `ENV`, with each name's offset into its text."""
    text = one.arguments
    if re.match(r"[A-Za-z_]\w*=", text):
        for found in re.finditer(r"([A-Za-z_]\w*)=(\"(?:\\.|[^\"])*\"|'[^']*'|(?:\\.|\S)*)", text):
            yield found[1], found[2].strip("\"'"), found.start()
    elif text:
        name, _, value = text.partition(" ")
        yield name, value.strip(), 0


def _joined(folder: str, other: str) -> str:
    return other if other.startswith("/") else f"{folder.rstrip('/')}/{other}"


def _sources(home: Path, copied: list[tuple[str, str]], world: World, context: Path | None) -> list[tuple[Path, str]]:
    """The files and folders that are copied, with where to: from the folder in which most of them are."""
    folders = [context] if context else [home, *(one for one in home.parents if one.is_relative_to(world.root))]
    best: list[tuple[Path, str]] = []
    for folder in folders:
        there = [(folder / source.lstrip("/"), target) for source, target in copied if _literal(source)]
        there = [(one, target) for one, target in there if one.exists()]
        if len(there) > len(best):
            best = there
    return best


def _literal(source: str) -> bool:
    return not re.search(r"[*?$\[]", source)


def look(file: File, world: World, made: Image) -> Looked:
    """What a Dockerfile has that belongs to the migrated services."""
    found = Looked()
    program = made.program
    if program is None or not program.moved:
        return found
    start = made.of("CMD", "ENTRYPOINT")
    for one in start[-1:] if made.sure and (program.serves or program.calls) else ():
        found.spots += starts.spots(made.start, one.line, _column(file, one), program, world, one.text)
    for one in made.of("HEALTHCHECK"):
        words = command_words(one.arguments.removeprefix("CMD").strip())
        found.spots += starts.probe_spots(words, one.line, _column(file, one), program, world)
    for one in made.of("ENV"):
        for name, value, _ in env_pairs(one):
            line, column = _where(file, one, name)
            found.spots += advice.variable(name, value, line, column, program, world)
    if program.serves and not world.single:
        _connect_port(file, world, made, program, found)
    return found


def _connect_port(file: File, world: World, made: Image, program: Program, found: Looked) -> None:
    """The port that Connect clients have: put in where one is asked for, else suggested."""
    at = made.of("CMD", "ENTRYPOINT")
    if not at or "G2C_CONNECT_ADDRESS" in file.text or "G2C_WIRE" in file.text:
        return
    exposed = made.of("EXPOSE")
    taken = {int(port) for one in exposed for port in re.findall(r"\d+", made.expand(one.arguments))}
    port, obstacle = advice.connect_port(world, program, taken)
    lines = (f"ENV G2C_CONNECT_ADDRESS=0.0.0.0:{port}", f"EXPOSE {port}")
    anchor = exposed[-1] if exposed and exposed[-1] in _own(made) else None
    first = min(at, key=lambda one: one.line)
    if world.options.connect_port and not obstacle and made.sure and first in _own(made):
        after = anchor.last if anchor is not None else first.line - 1
        found.insertions.append(Insertion(after, lines))
        why = "Connect has a port of its own"
        found.spots.append(Spot(first.line, 1, PORT, "Connect port", lines[0], State.NATIVE, why, units=program.units))
    else:
        place = anchor or first
        told = advice.no_connect_port(f"add the lines `{lines[0]}` and `{lines[1]}`", port, obstacle)
        found.spots.append(advice.connect_port_spot(place.line, 1, place.text, told, program))


def _own(made: Image) -> list[Instruction]:
    """The instructions that stand in the last stage itself, where a line put in is reached by nothing else."""
    last = max((one.line for one in made.stage if one.word == "FROM"), default=0)
    return [one for one in made.stage if one.line >= last]


def _column(file: File, one: Instruction) -> int:
    line = file.lines[one.line - 1]
    return len(line) - len(line.lstrip()) + 1


def _where(file: File, one: Instruction, name: str) -> tuple[int, int]:
    """Where a name stands in the lines of an instruction."""
    for number in range(one.line, one.last + 1):
        found = re.search(rf"\b{re.escape(name)}\b", file.lines[number - 1])
        if found:
            return number, found.start() + 1
    return one.line, 1


__all__ = ["START", "Image", "Instruction", "command_words", "env_pairs", "expand", "image", "instructions", "look"]
