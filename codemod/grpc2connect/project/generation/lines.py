"""Edits of one command: what comes beside `--grpc_python_out`, what comes after the command, and what goes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grpc2connect.project.generation.commands import RETIRED, Protoc, folder
from grpc2connect.project.generation.words import Command, Word
from grpc2connect.project.scripts_in_files import Region
from grpc2connect.project.texts import Edit, line_span

PARAMETER = "--connectrpc_opt=protobuf=google"
_CONTINUATION = re.compile(r"\s*(?:\\|\^|`)?$")


def beside(text: str, place: Protoc, newline: str) -> Edit:
    """Connect's options after gRPC's: on lines of their own where that has one."""
    start, end = place.option
    options = [_out(text, place), PARAMETER]
    line_start, line_end = line_span(text, start)
    indent, tail = text[line_start:start], text[end:line_end]
    own = not indent.strip() and place.option[0] == place.word.start and _CONTINUATION.fullmatch(tail) is not None
    if not own or "\n" in text[start:end]:
        return Edit(end, end, "".join(f" {option}" for option in options))
    if tail.strip():
        return Edit(line_end, line_end, "".join(f"{newline}{indent}{option}{tail}" for option in options))
    before = text[:line_start].rstrip("\r\n")
    mark = before[len(before.rstrip("\\^`").rstrip()) :]
    if not mark.strip():  # a folded text goes on without a mark
        return Edit(end, end, "".join(f"{newline}{indent}{option}" for option in options))
    return Edit(end, end, "".join(f"{mark}{newline}{indent}{option}" for option in options))


def _out(text: str, place: Protoc) -> str:
    """`--connectrpc_out` with the value of gRPC's, without the settings of gRPC's plugin."""
    start, end = place.option
    written = (
        text[start:end].replace("--grpc_python_out", "--connectrpc_out", 1).replace("--grpc_out", "--connectrpc_out")
    )
    plain, bare = place.out.strip("\"'"), folder(place.out)
    return written if plain == bare else written.replace(plain, bare)


def followed(text: str, anchor: Command, generate: str, newline: str, region: Region) -> Edit | None:
    """`generate` as a command after another one in a region; None where none can follow."""
    if region.own_line is not None and anchor.alone:
        _, end = line_span(text, anchor.end)
        return Edit(end, end, f"{newline}{_indent(text, anchor.start)}{region.own_line}{generate}")
    if not region.shell or anchor.after in ("|", "&", "("):
        return None
    bare = generate.lstrip("@-+")
    if line_span(text, anchor.start) == line_span(text, anchor.end):
        return Edit(anchor.end, anchor.end, f" && {bare}")
    mark = "" if region.folded else " \\"
    return Edit(anchor.end, anchor.end, f"{mark}{newline}{_indent(text, anchor.end)}&& {bare}")


def _indent(text: str, offset: int) -> str:
    start, end = line_span(text, offset)
    return text[start : start + len(text[start:end]) - len(text[start:end].lstrip(" \t"))]


def without(text: str, command: Command) -> list[Edit]:
    """The command without the options that only gRPC stubs need."""
    gone: list[tuple[int, int]] = []
    words = command.words
    for index, word in enumerate(words):
        found = list(RETIRED.finditer(word.raw))
        if not found:
            continue
        if found[0].start() > 0 or (word.raw[0] in "\"'" and " " in word.raw):
            gone += [_within(text, word, word.start + one.start()) for one in found]
            continue
        end = word.end
        if "=" not in word.raw and index + 1 < len(words) and words[index + 1].raw[:1] != "-":
            end = words[index + 1].end
        gone.append(_around(text, word.start, end))
    return [Edit(start, end, "") for start, end in _merged(gone)]


def _within(text: str, word: Word, start: int) -> tuple[int, int]:
    """An option in the middle of a quoted text, with the blanks before it."""
    value = re.compile(r"--\w+(?:=|[ \t]+)?(?:\{[^}\n]*\}|\$\{[^}]*\}|\$\([^)]*\)|[^\s\"'`;|&()<>])*").match(
        text, start
    )
    end = value.end() if value else start
    before = start - (len(text[word.start : start]) - len(text[word.start : start].rstrip(" \t")))
    if before > word.start + 1:
        return before, end
    return start, end + len(text[end:]) - len(text[end:].lstrip(" \t"))


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """What goes with a word: its line, if it is alone there, with the mark that continues the line before it."""
    line_start, line_end = line_span(text, start)
    if text[line_start:start].strip() or "\n" in text[start:end]:
        return len(text[:start].rstrip(" \t")), end
    tail = text[end:line_end]
    if not _CONTINUATION.fullmatch(tail):
        return start, end + len(tail) - len(tail.lstrip(" \t"))
    if tail.strip():
        following = text.find("\n", end)
        return line_start, following + 1 if following >= 0 else line_end
    before = text[:line_start].rstrip("\r\n")
    return len(before.rstrip("\\^`").rstrip(" \t")), end


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
