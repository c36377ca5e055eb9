"""What a server's process and its children use: memory, file descriptors, threads, CPU time. On Linux only."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.5
_PROC = Path("/proc")


@dataclass(frozen=True)
class Sample:
    """One look at a server.

    Attributes:
        mib: resident memory, in MiB.
        files: open file descriptors.
        threads: threads.
    """

    mib: float
    files: int
    threads: int


def _family(pid: int) -> list[int]:
    found = [pid]
    for thread in (_PROC / str(pid) / "task").iterdir():
        for child in (thread / "children").read_text().split():
            found += _family(int(child))
    return found


def look(pid: int) -> Sample | None:
    """Look at a process and all its children; None where that cannot be done."""
    mib, files, threads = 0.0, 0, 0
    try:
        for one in _family(pid):
            fields = dict(line.split(":", 1) for line in (_PROC / str(one) / "status").read_text().splitlines())
            mib += int(fields["VmRSS"].split()[0]) / 1024
            threads += int(fields["Threads"])
            files += len(os.listdir(_PROC / str(one) / "fd"))
    except (OSError, KeyError):
        return None
    return Sample(mib, files, threads)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used; 0 where that cannot be seen."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Gauge:
    """Looks at a process again and again while it is entered."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.samples: list[Sample] = []

    def _watch(self) -> None:
        while not self._done.wait(_EVERY_S):
            with contextlib.suppress(OSError):
                if (sample := look(self._pid)) is not None:
                    self.samples.append(sample)

    def __enter__(self) -> Gauge:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def mib_along(self, parts: int = 5) -> list[float]:
        """The memory at the ends of this many parts of the time; the first part is for warming up."""
        if not self.samples:
            return []
        last = len(self.samples) - 1
        return [round(self.samples[last * part // parts].mib, 1) for part in range(1, parts + 1)]
