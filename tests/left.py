"""What a run leaves on gRPC, to compare one that migrates with one that looks at what it wrote."""

from __future__ import annotations

import re
from collections import Counter

from grpc2connect.results import RunResult, State

Left = Counter[tuple[str, str, str, tuple[str, ...], str]]
_LINES = re.compile(r":\d+:\d+")


def left(result: RunResult) -> Left:
    """The references that stay: file, code, kind, services and reason; lines move, and a text may have others in it."""
    return Counter(
        (
            entry.place.path.relative_to(result.root).as_posix(),
            entry.code,
            entry.kind,
            entry.units,
            _LINES.sub("", entry.why),
        )
        for entry in result.ledger
        if entry.state is State.LEFT
    )
