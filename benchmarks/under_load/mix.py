"""The mix of calls: what each asks, and whether what came is exactly what must come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from .answers import RICH, data, digest
from .servicers import LIMIT

LONG_S = 60.0
"""The deadline of calls that must not run into it, in seconds."""
_SHORT_S = 0.1
_TOO_LONG_MS = 400
_SIZES = (0, 10, 100, 1_000, 10_000, 70_000, 300_000, 1_000_000)
_SIZE_WEIGHTS = (2, 8, 8, 8, 4, 2, 1, 1)
_KINDS = {
    "one": 44,
    "down": 12,
    "up": 8,
    "both": 8,
    "abort": 4,
    "rich": 3,
    "raise": 2,
    "abort late": 2,
    "refused": 1,
    "deadline": 3,
    "unknown": 1,
    "cancel at once": 4,
    "cancel working": 3,
    "cancel down": 3,
    "cancel both": 2,
}
_ENDLESS = ("cancel at once", "cancel working", "cancel down", "cancel both", "deadline")


@dataclass(frozen=True)
class Plan:
    """One call.

    Attributes:
        id: its name, unique in a run.
        kind: a key of the mix.
        service: `Blocking` or `Async`.
        size: bytes of data in each message.
        count: how many messages where they stream.
    """

    id: str
    kind: str
    service: str
    size: int
    count: int

    @property
    def method(self) -> str:
        """The name of the method."""
        return {
            "down": "Down",
            "abort late": "Down",
            "cancel down": "Down",
            "up": "Up",
            "refused": "Up",
            "both": "Both",
            "cancel both": "Both",
            "unknown": "Nope",
        }.get(self.kind, "One")

    @property
    def timeout_s(self) -> float:
        """Its deadline, in seconds."""
        return _SHORT_S if self.kind == "deadline" else LONG_S

    @property
    def metadata(self) -> tuple[tuple[str, Any], ...]:
        """What it sends, and gets back from some methods."""
        return (("echo-id", self.id), ("echo-raw-bin", self.id.encode() + b"\x00\xff"))

    def request(self, pb2: Any, number: int = 0) -> Any:
        """The request, or one of those that it streams."""
        fail = {"abort": "abort", "abort late": "abort", "rich": "rich", "raise": "raise"}.get(self.kind, "")
        wait = _TOO_LONG_MS if self.kind in ("deadline", "cancel working") else 0
        sent = data(self.id, -number, self.size) if self.kind != "down" else b""
        return pb2.Ask(id=self.id, size=self.size, count=self.count, wait_ms=wait, data=sent, fail=fail)

    def requests(self, pb2: Any) -> Iterator[Any]:
        """The requests that it streams."""
        return (self.request(pb2, number) for number in range(self.count))

    def answers(self, pb2: Any) -> list[Any]:
        """The answers that must come."""

        def answer(number: int, of: str = "") -> Any:
            return pb2.Answer(id=self.id, number=number, data=data(self.id, number, self.size), digest=of)

        if self.method == "Down":
            return [answer(number) for number in range(self.count)]
        sent = [data(self.id, -number, self.size) for number in range(self.count)]
        if self.method == "Up":
            return [answer(self.count, digest(sent))]
        if self.method == "Both":
            return [answer(number, digest([part])) for number, part in enumerate(sent)]
        return [answer(0, digest([data(self.id, 0, self.size)]))]

    def status(self) -> tuple[grpc.StatusCode, str | None]:
        """The status that must come; the text is None where each library has its own."""
        code = grpc.StatusCode
        match self.kind:
            case "abort" | "abort late":
                return code.NOT_FOUND, f"no {self.id} é"
            case "rich":
                return code.FAILED_PRECONDITION, "rich"
            case "raise":
                return code.UNKNOWN, None
            case "refused":
                return code.RESOURCE_EXHAUSTED, "too much data"
            case "deadline":
                return code.DEADLINE_EXCEEDED, None
            case "unknown":
                return code.UNIMPLEMENTED, "Method not found!"
            case "cancel working" | "cancel down" | "cancel both" | "cancel at once":
                return code.CANCELLED, None
        return code.OK, ""

    def trailers(self) -> dict[str, Any]:
        """Trailing metadata that must be there."""
        if self.kind == "rich":
            return {"grpc-status-details-bin": RICH, "kept": "1"}
        if self.kind in ("one", "down", "up", "both", "abort", "abort late"):
            return dict(self.metadata)
        return {}

    def initial(self) -> dict[str, Any]:
        """Initial metadata that must be there."""
        return dict(self.metadata) if self.kind in ("one", "abort", "rich") else {}


def plans(name: str, number: int, seed: int, *, finite: bool = False) -> Iterator[Plan]:
    """The calls of one client, always the same for the same arguments.

    Args:
        name: of the client.
        number: how many.
        seed: of the choice.
        finite: whether to leave out those that are cancelled or run into their deadline.
    """
    choice = random.Random(f"{name}/{seed}")
    kinds = {kind: weight for kind, weight in _KINDS.items() if not (finite and kind in _ENDLESS)}
    for index in range(number):
        (kind,) = choice.choices(list(kinds), list(kinds.values()))
        (size,) = choice.choices(_SIZES, _SIZE_WEIGHTS)
        count = choice.choice((1, 2, 5, 20, 100))
        if size > 1_000:
            count = min(count, 5)
        if size * count > LIMIT:
            count = 1
        if kind == "refused":
            size, count = 100_000, 200
        if kind.startswith("cancel "):
            size, count = min(size, 10_000), 1_000
        service = choice.choice(("Blocking", "Async"))
        yield Plan(f"{name}-{index}", kind, service, size, count)
