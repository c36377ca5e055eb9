"""A patch of bytes that `git apply` takes exactly as it is.

Lines end at `\\n` and nowhere else (not at form feeds, nor at a lone `\\r`), no byte is decoded, and file names
are quoted the way git quotes them, so CRLF, latin-1 and a missing final newline arrive as they were.
"""

from __future__ import annotations

import difflib
import enum
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect.results import FileChange

_CONTEXT = 3
_NO_NEWLINE = b"\n\\ No newline at end of file\n"
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}


class Part(enum.Enum):
    """What a line of a patch is, with the terminal style that shows it."""

    HEADER = b"\x1b[1m"
    HUNK = b"\x1b[36m"
    CONTEXT = b""
    REMOVED = b"\x1b[31m"
    ADDED = b"\x1b[32m"


def patch(changes: Iterable[FileChange], base: Path, *, colour: bool = False) -> bytes:
    """One patch for all `changes`, with paths relative to `base` (the top of the git repository, if there is one)."""
    return b"".join(
        _painted(part, line) if colour else line for change in changes for part, line in lines(change, base)
    )


def lines(change: FileChange, base: Path) -> Iterator[tuple[Part, bytes]]:
    """The lines of one file's patch, each with its line end; nothing for a file that does not change."""
    if change.before == change.after and not change.deletes:
        return
    name = os.fsencode(Path(os.path.relpath(change.path, base)).as_posix())
    old, new = _quoted(b"a/" + name), _quoted(b"b/" + name)
    yield Part.HEADER, b"diff --git %s %s\n" % (old, new)
    if change.before is None:
        yield Part.HEADER, b"new file mode 100644\n"
    elif change.deletes:
        yield Part.HEADER, b"deleted file mode %o\n" % _mode(change.path)
    before, after = _split(change.before or b""), _split(change.after)
    if not before and not after:
        return
    # A tab ends a name that has a blank in it, as git writes it.
    end = b"\t\n" if b" " in name else b"\n"
    yield Part.HEADER, b"--- " + (b"/dev/null\n" if change.before is None else old + end)
    yield Part.HEADER, b"+++ " + (b"/dev/null\n" if change.deletes else new + end)
    yield from _hunks(before, after)


def counts(change: FileChange) -> tuple[int, int]:
    """How many lines a change adds and removes."""
    parts = [part for part, _ in lines(change, change.path.parent)]
    return parts.count(Part.ADDED), parts.count(Part.REMOVED)


def _hunks(before: list[bytes], after: list[bytes]) -> Iterator[tuple[Part, bytes]]:
    for group in difflib.SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield Part.HUNK, b"@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from ((Part.CONTEXT, b" " + _closed(line)) for line in before[i1:i2])
                continue
            yield from ((Part.REMOVED, b"-" + _closed(line)) for line in before[i1:i2])
            yield from ((Part.ADDED, b"+" + _closed(line)) for line in after[j1:j2])


def _mode(path: Path) -> int:
    """The mode of a file as git knows it."""
    try:
        return 0o100755 if path.stat().st_mode & 0o100 else 0o100644
    except OSError:
        return 0o100644


def _split(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _closed(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + _NO_NEWLINE


def _range(start: int, stop: int) -> bytes:
    length = stop - start
    if length == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + 1 if length else start, length)


def _quoted(name: bytes) -> bytes:
    """`name` in git's C style quotes where it needs them; a blank alone does not."""
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in name):
        return name
    body = b"".join(_ESCAPES.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte) for byte in name)
    return b'"' + body + b'"'


def _painted(part: Part, line: bytes) -> bytes:
    if not part.value:
        return line
    body = line.rstrip(b"\r\n")
    return part.value + body + b"\x1b[0m" + line[len(body) :]
