"""Which generated module an import names, when all that is known is the ends of paths."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class SuffixIndex(Generic[T]):
    """Modules by the parts of their paths, last part first to match.

    A candidate has the `parts` of its path without the extension, and `sure`, how many of them at the end its import
    name has at least (the parts of its proto's name, for a module that is not on disk).
    """

    def __init__(self) -> None:
        self._by_last: dict[str, list[tuple[tuple[str, ...], int, T]]] = {}

    def add(self, parts: Sequence[str], sure: int, item: T) -> None:
        """Make `item` known."""
        self._by_last.setdefault(parts[-1], []).append((tuple(parts), sure, item))

    def find(self, dotted: str) -> tuple[T | None, bool]:
        """The item that `dotted` names, and whether that is certain: one of the two names is the end of the other.

        Of several, the one with the longest common end. A guess that could mean two different items is none.
        """
        best, certain = self.find_all(dotted)
        if not best or (not certain and not _all_equal(best)):
            return None, False
        return best[0], certain

    def find_all(self, dotted: str) -> tuple[list[T], bool]:
        """All that `dotted` names equally well, and whether it is certain that it names one of them."""
        wanted = dotted.split(".")
        best: list[T] = []
        score = (False, 0)
        for parts, sure, item in self._by_last.get(wanted[-1], ()):
            common = _common_end(wanted, parts)
            now = (common == len(wanted) or common >= sure, common)
            if now > score:
                best, score = [item], now
            elif now == score:
                best.append(item)
        return best, score[0]


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _all_equal(items: Iterable[T]) -> bool:
    return len(set(items)) == 1
