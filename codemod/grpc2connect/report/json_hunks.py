"""The patch of a file as plain data: lines, and the references that each part of it comes from."""

from __future__ import annotations

from grpc2connect.report.document import EncodingName, HunkReference, HunkRow, StateName
from grpc2connect.report.hunks import Hunk, hunks
from grpc2connect.report.paint import shown
from grpc2connect.results import FileChange, RunResult, State

_WORST_FIRST = (State.LEFT, State.BRIDGED, State.NATIVE)
_NAMES: dict[State, StateName] = {State.NATIVE: "native", State.BRIDGED: "bridged", State.LEFT: "left"}


def rows_of(change: FileChange, result: RunResult) -> tuple[EncodingName, list[HunkRow]]:
    """The hunks of a change, and how its bytes are told."""
    # Latin-1 gives every byte a character, so that what is not UTF-8 can be told without loss too.
    encoding: EncodingName = "utf-8" if all(map(_is_utf8, (change.before or b"", change.after))) else "latin-1"
    return encoding, [_row(hunk, encoding, result) for hunk in hunks(change)]


def _row(hunk: Hunk, encoding: EncodingName, result: RunResult) -> HunkRow:
    found = {(one.place, one.code): one for block in hunk.blocks for one in block.references}
    states = {one.state for one in found.values()}
    worst = next((state for state in _WORST_FIRST if state in states), None)
    references: list[HunkReference] = [
        {
            "path": shown(one.place.path, result.root),
            "line": one.place.line,
            "column": one.place.column,
            "code": one.code,
            "state": _NAMES[one.state],
            "units": list(one.units),
        }
        for one in found.values()
    ]
    made: HunkRow = {
        "old_start": hunk.old[0],
        "old_lines": hunk.old[1],
        "new_start": hunk.new[0],
        "new_lines": hunk.new[1],
        "units": sorted({unit for block in hunk.blocks for unit in block.units}),
        "codes": list(dict.fromkeys(code for block in hunk.blocks for code in block.codes)),
        "references": references,
        "lines": [(row.sign + row.line).decode(encoding) for row in hunk.rows],
    }
    if worst is not None:
        made["state"] = _NAMES[worst]
    return made


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
