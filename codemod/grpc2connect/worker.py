"""The process that a run takes place in: a crash or a hang in it costs a file, not the command.

Speaks to `isolation` over its standard streams: pickled `Job` in, pickled messages out, then perhaps another job. It
keeps what it found, so that the same question with other choices is answered soon. It ends when its parent does.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from grpc2connect.options import Options

STACK_BYTES = 512 * 1024 * 1024
RECURSION = 20_000
"""Deep enough for what Python's own parser accepts; the stack is address space, and used only where it is needed."""


@dataclass(frozen=True)
class Job:
    """What to do, and which files are to be left out, with the reasons; with `fresh`, the sources may have changed.

    The work on one file may take `seconds`. What is finished is kept in the folder `parts`, if there is one.
    """

    options: Options
    spared: Mapping[Path, str]
    fresh: bool = False
    seconds: float = 120.0
    parts: Path | None = None


def main() -> None:
    """Read jobs, do each, and write what happens, until nobody is there to read it."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but messages may get into the stream
    sys.setrecursionlimit(RECURSION)
    threading.stack_size(STACK_BYTES)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_work, args=(jobs, sink), daemon=True).start()
    try:
        while True:
            jobs.put(pickle.load(source))
    finally:
        os._exit(1)


def _work(jobs: queue.SimpleQueue[Job], sink: IO[bytes]) -> None:
    job = jobs.get()
    from grpc2connect.engine import Kept, analyse
    from grpc2connect.kept import NOWHERE, Logs
    from grpc2connect.spread import Team

    def send(*message: Any) -> None:
        pickle.dump(message, sink)
        sink.flush()

    kept = Kept()
    while True:
        if job.fresh:
            kept = Kept()
        try:
            # Forking is safe: the only other thread waits for the parent, and holds nothing that a child asks for.
            team = Team(job.options.jobs, job.seconds, lambda line: send("say", line), lambda path: send("at", path))
            result = analyse(
                job.options,
                lambda stage, done, total: send("progress", stage, done, total),
                team,
                job.spared,
                kept=kept,
                parts=NOWHERE if job.parts is None else Logs(job.parts),
            )
        except BaseException as problem:
            import traceback

            send("failed", f"{type(problem).__name__}: {problem}", traceback.format_exc())
        else:
            send("result", result)
        job = jobs.get()
