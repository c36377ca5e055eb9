"""What moves at once, and what can only move together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grpc2connect.plan.sides import Side
from grpc2connect.schema import Service


@dataclass(frozen=True)
class Half:
    """What of a service moves at once: one side of it, or (None) all."""

    service: Service
    side: Side | None = None


def in_order(half: Half) -> tuple[str, str, str]:
    """The same order in every run."""
    return half.service.full_name, half.service.origin, half.side.value if half.side else ""


class Groups:
    """Halves of services in groups that only ever grow together."""

    def __init__(self) -> None:
        self._leader: dict[Half, Half] = {}

    def leader(self, half: Half) -> Half:
        """The first by name of a half's group."""
        while (above := self._leader.setdefault(half, half)) != half:
            half = above
        return half

    def join(self, halves: Iterable[Half]) -> None:
        """Make one group of the groups of some halves; what has moved is bound to nothing."""
        leaders = sorted({self.leader(half) for half in halves if not half.service.moved}, key=in_order)
        for other in leaders[1:]:
            self._leader[other] = leaders[0]

    def members(self, half: Half) -> frozenset[Half]:
        """All of a half's group."""
        leader = self.leader(half)
        return frozenset(other for other in list(self._leader) if self.leader(other) == leader)
