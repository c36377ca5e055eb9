"""How many processes work on the files of a run, and what becomes of a file that ends one of them."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grpc2connect.expendable import Expendable

Item = TypeVar("Item")
Found = TypeVar("Found")

MOST = 8
"""Processes where nobody says how many: what one process has to do by itself leaves no work for more."""
SECONDS = 120.0
"""How long the work on one file may take."""


@dataclass(frozen=True)
class Team:
    """The processes of a run.

    `jobs` is their number; None: one for each usable processor, as far as there is enough to do. `seconds` is how long
    one file may take, `say` is told (in one line) what the user should know, `at` which file this process works on.
    Only for a process in which no other thread may hold a lock: children are forked.
    """

    jobs: int | None = None
    seconds: float = SECONDS
    say: Callable[[str], None] = lambda line: None
    at: Callable[[Path | None], None] = lambda path: None

    def each(
        self,
        items: Sequence[Item],
        work: Callable[[Item], Found],
        *,
        path: Callable[[Item], Path],
        weight: Callable[[Item], int],
        least: int,
        done: Callable[[int], None] = lambda count: None,
        dumps: Callable[[Item, Any], bytes] = lambda item, found: pickle.dumps(found),
        loads: Callable[[bytes], Any] = pickle.loads,
        keep: Callable[[Item, bytes], None] | None = None,
    ) -> list[Found]:
        """What `work` finds for each item, in their order, as if it were called for one after the other, here.

        `path` names the file that an item is about, `weight` says how much there is to do for it, and `least` how much
        of that makes another process worth it. `done` is told how many are done. What `work` changes in this process
        is not seen where it ran in another. `dumps` may refuse, by any exception: the item is then done here. `keep`
        is given what `dumps` makes, for later runs.
        Raises the `Expendable` of the first item that cannot be dealt with.
        """
        found: dict[int, Found | Expendable] = {}
        workers = self.workers(list(map(weight, items)), least)
        if workers > 1:
            from grpc2connect.spread.processes import Processes, Task

            def received(index: int, data: bytes) -> Found:
                one: Found = loads(data)
                if keep is not None:
                    keep(items[index], data)
                return one

            task = Task(
                list(map(path, items)), lambda index: dumps(items[index], work(items[index])), received, done, self
            )
            order = sorted(range(len(items)), key=lambda index: -weight(items[index]))
            found = Processes(task).run(order, workers)
        results = []
        for index, item in enumerate(items):
            one = found[index] if index in found else self._here(item, work, path)
            if isinstance(one, Expendable):
                raise one
            if index not in found and keep is not None:
                with contextlib.suppress(Exception):
                    keep(item, dumps(item, one))
            results.append(one)
            done(max(len(found), index + 1))
        return results

    def workers(self, weights: Sequence[int], least: int) -> int:
        """How many processes are worth it."""
        if self.jobs == 1 or not hasattr(os, "fork"):
            return 1
        if self.jobs is not None:
            return min(self.jobs, len(weights))
        return max(1, min(usable(), MOST, len(weights), sum(weights) // least))

    def _here(self, item: Item, work: Callable[[Item], Found], path: Callable[[Item], Path]) -> Found:
        self.at(path(item))
        try:
            return work(item)
        finally:
            self.at(None)


ALONE = Team(jobs=1)
"""Everything in this process."""


def usable() -> int:
    """How many processors this process may use."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
