"""How long each phase of a run takes, by what the engine says of its progress."""

from __future__ import annotations

import time
from collections.abc import Iterator

from grpc2connect.cli.engine import Progress


class Phases:
    """A clock for one run."""

    def __init__(self) -> None:
        self._start = self._since = time.perf_counter()
        self._phase = "start"
        self._seconds: dict[str, float] = {}

    def watching(self, other: Progress | None) -> Progress:
        """What the engine calls; it passes everything on."""

        def progress(phase: str, done: int, total: int) -> None:
            if phase != self._phase:
                self._turn(phase)
            if other is not None:
                other(phase, done, total)

        return progress

    def lines(self) -> Iterator[str]:
        """The phases in their order, with seconds; without any, the result was there already."""
        self._turn("end")
        known = [phase for phase in self._seconds if phase != "start"]
        if not known:
            yield f"time: {self._since - self._start:.2f} s, from the cache"
            return
        parts = ", ".join(f"{phase} {seconds:.2f}" for phase, seconds in self._seconds.items())
        yield f"time: {self._since - self._start:.2f} s ({parts})"

    def _turn(self, phase: str) -> None:
        now = time.perf_counter()
        self._seconds[self._phase] = self._seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now
