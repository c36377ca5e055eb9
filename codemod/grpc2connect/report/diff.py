"""A patch of bytes that `git apply` takes exactly as it is.

Lines end at `\\n` and nowhere else (not at form feeds, nor at a lone `\\r`), no byte is decoded, and file names
are quoted the way git quotes them, so CRLF, latin-1 and a missing final newline arrive as they were.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from grpc2connect.report.hunks import Block, Hunk, hunks
from grpc2connect.report.words import Marked, compare
from grpc2connect.results import FileChange

_NO_NEWLINE = b"\\ No newline at end of file\n"
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}
_RESET, _NEWS, _OLD_NEWS = b"\x1b[0m", b"\x1b[7m", b"\x1b[27m"


class Part(enum.Enum):
    """What a line of a patch is, with the terminal style that shows it."""

    HEADER = b"\x1b[1m"
    HUNK = b"\x1b[36m"
    CONTEXT = b""
    REMOVED = b"\x1b[31m"
    ADDED = b"\x1b[32m"


Line = tuple[Part, bytes]
_PARTS = {b" ": Part.CONTEXT, b"-": Part.REMOVED, b"+": Part.ADDED}


def patch(changes: Iterable[FileChange], base: Path, *, colour: bool = False, labels: bool = False) -> bytes:
    """One patch for all `changes`, with paths relative to `base` (the top of the git repository, if there is one).

    With `labels`, each hunk says behind its numbers which services, rules and states it comes from.
    """
    return b"".join(file_patch(change, base, colour=colour, labels=labels) for change in changes)


def file_patch(
    change: FileChange,
    base: Path,
    *,
    wanted: Collection[Block] | None = None,
    done: Collection[Block] = (),
    colour: bool = False,
    labels: bool = False,
) -> bytes:
    """The patch of one file; with `wanted` and `done` as in `hunks`."""
    found = lines(change, base, wanted=wanted, done=done, labels=labels)
    return _painted(found) if colour else b"".join(line for _, line in found)


def lines(
    change: FileChange,
    base: Path,
    *,
    wanted: Collection[Block] | None = None,
    done: Collection[Block] = (),
    labels: bool = False,
) -> Iterator[Line]:
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
    if not change.before and not change.after:
        return
    # A tab ends a name that has a blank in it, as git writes it.
    end = b"\t\n" if b" " in name else b"\n"
    yield Part.HEADER, b"--- " + (b"/dev/null\n" if change.before is None else old + end)
    yield Part.HEADER, b"+++ " + (b"/dev/null\n" if change.deletes else new + end)
    for hunk in hunks(change, wanted, done):
        yield from hunk_lines(hunk, label=label(hunk.blocks) if labels else "")


def hunk_lines(hunk: Hunk, *, label: str = "") -> Iterator[Line]:
    """The lines of one hunk, its numbers first."""
    told = f" {label}".encode() if label else b""
    yield Part.HUNK, b"@@ -%s +%s @@%s\n" % (_range(*hunk.old), _range(*hunk.new), told)
    for row in hunk.rows:
        yield _PARTS[row.sign], row.sign + row.line + (b"" if row.line.endswith(b"\n") else b"\n")
        if not row.line.endswith(b"\n"):
            yield Part.CONTEXT, _NO_NEWLINE


def label(blocks: Iterable[Block]) -> str:
    """`G2C201 native, G2C501 bridged [shop.v1.Stock]`: what blocks come from; \"\" if that is not known."""
    found = list(blocks)
    told = {(one.code, one.state.value) for block in found for one in block.references}
    if not told:
        return "imports" if found and all(block.imports_only for block in found) else ""
    units = sorted({unit for block in found for unit in block.units})
    return ", ".join(f"{code} {state}" for code, state in sorted(told)) + (f" [{', '.join(units)}]" if units else "")


def shown_hunk(hunk: Hunk, *, colour: bool) -> bytes:
    """One hunk by itself."""
    found = hunk_lines(hunk)
    return _painted(found) if colour else b"".join(line for _, line in found)


def counts(change: FileChange) -> tuple[int, int]:
    """How many lines a change adds and removes."""
    rows = [row.sign for hunk in hunks(change) for row in hunk.rows]
    return rows.count(b"+"), rows.count(b"-")


def _mode(path: Path) -> int:
    """The mode of a file as git knows it."""
    try:
        return 0o100755 if path.stat().st_mode & 0o100 else 0o100644
    except OSError:
        return 0o100644


def _range(start: int, length: int) -> bytes:
    return b"%d" % start if length == 1 else b"%d,%d" % (start, length)


def _quoted(name: bytes) -> bytes:
    """`name` in git's C style quotes where it needs them; a blank alone does not."""
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in name):
        return name
    body = b"".join(_ESCAPES.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte) for byte in name)
    return b'"' + body + b'"'


def _painted(found: Iterable[Line]) -> bytes:
    """Lines with colour, and in lines that replace each other the words that differ."""
    done: list[bytes] = []
    removed: list[bytes] = []
    for part, group in groupby(found, lambda line: line[0]):
        texts = [line for _, line in group]
        if part is Part.REMOVED:
            removed = texts
            continue
        if part is not Part.ADDED:
            done += [_styled(Part.REMOVED, [(line, False)]) for line in removed]
            done += [_styled(part, [(line, False)]) for line in texts]
        else:
            old, new = compare([line[1:] for line in removed], [line[1:] for line in texts])
            done += [_styled(Part.REMOVED, [(b"-", False), *pieces]) for pieces in old]
            done += [_styled(Part.ADDED, [(b"+", False), *pieces]) for pieces in new]
        removed = []
    return b"".join(done + [_styled(Part.REMOVED, [(line, False)]) for line in removed])


def _styled(part: Part, pieces: Marked) -> bytes:
    line = b"".join(text for text, _ in pieces)
    if not part.value:
        return line
    body = line.rstrip(b"\r\n")
    parts: list[bytes] = []
    left = len(body)
    for text, news in pieces:
        text = text[:left]
        left -= len(text)
        parts.append(_NEWS + text + _OLD_NEWS if news and text.strip() else text)
    return part.value + b"".join(parts) + _RESET + line[len(body) :]
