"""Lines of Python that are made at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

Lines = list[str]
Way = Callable[[], Lines]

CODES = (
    "NOT_FOUND",
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "UNAVAILABLE",
    "ABORTED",
    "PERMISSION_DENIED",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
    "CANCELLED",
    "ALREADY_EXISTS",
    "UNAUTHENTICATED",
    "OUT_OF_RANGE",
    "DATA_LOSS",
    "RESOURCE_EXHAUSTED",
    "UNKNOWN",
)
UNARY, SERVER, CLIENT, BIDI = "Get", "Watch", "Put", "Talk"
"""The kinds of RPCs, by what their names begin with."""
COUNTS = {UNARY: 12, SERVER: 8, CLIENT: 5, BIDI: 5}
"""How many RPCs of each kind a service has."""


def indented(lines: Iterable[str]) -> Lines:
    """Lines one level further in."""
    return [f"    {line}" if line else line for line in lines]


class Writer:
    """What writes both sides: choices, codes and texts, and what differs between sync and async code."""

    def __init__(self, rng: random.Random, *, aio: bool) -> None:
        self.rng, self.aio = rng, aio
        self.wait = "await " if aio else ""
        self.def_ = "async def" if aio else "def"
        self.for_ = "async for" if aio else "for"
        self._used: dict[str, bool] = {}

    def pick(self, ways: Sequence[Way]) -> Way:
        """One of some ways to write something, of those that this program uses.

        Each program goes without some of them, so that what one of them does to the others is seen, and what they
        become without it.
        """
        for way in ways:
            if way.__name__ not in self._used:
                self._used[way.__name__] = self.chance(0.6)
        return self.rng.choice([way for way in ways if self._used[way.__name__]] or list(ways))

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share

    def one(self, choices: Sequence[str]) -> str:
        """One of some texts."""
        return self.rng.choice(choices)

    def member(self) -> str:
        """A status code, spelt in one of two ways."""
        return self.one(("grpc.StatusCode.", "grpc.StatusCode.", "StatusCode.")) + self.one(CODES)

    def code(self) -> str:
        """An expression that is a status code; a number `n` is in scope."""
        return self.rng.choice(
            (
                self.member,
                self.member,
                self.member,
                lambda: "GONE",
                lambda: self.one(("TABLE['gone']", "TABLE['busy']")),
                lambda: f"LIST[n % {self.rng.choice((2, 3))}]",
                lambda: f"{self.member()} if n % 2 else {self.member()}",
            )
        )()

    def text(self) -> str:
        """An expression that is a text; a number `n` and a text `text` are in scope."""
        return self.one(('"no such thing"', 'f"{text} is gone"', '"%s: %d" % (text, n)', '"é ü"', "text", '""', "NOTE"))


CONSTANTS = [
    "GONE = grpc.StatusCode.NOT_FOUND",
    'TABLE = {"gone": grpc.StatusCode.DATA_LOSS, "busy": StatusCode.UNAVAILABLE}',
    "LIST = [grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL, StatusCode.OUT_OF_RANGE]",
    'NOTE = "as noted"',
]
"""What `Writer.code` and `Writer.text` name."""
