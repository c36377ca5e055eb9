"""The process that a run takes place in: a crash or a hang in it costs a file, not the command.

Speaks to `isolation` over its standard streams: pickled `Job` in, pickled messages out. It ends when its parent does.
"""

from __future__ import annotations

import os
import pickle
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
    """What to do, and which files are to be left out, with the reasons."""

    options: Options
    spared: Mapping[Path, str]


def main() -> None:
    """Read a job, do it, and write what happens."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but messages may get into the stream
    job: Job = pickle.load(source)
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    sys.setrecursionlimit(RECURSION)
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_work, args=(job, sink))
    thread.start()
    thread.join()


def _work(job: Job, sink: IO[bytes]) -> None:
    from grpc2connect.engine import analyse

    def send(*message: Any) -> None:
        pickle.dump(message, sink)
        sink.flush()

    try:
        result = analyse(
            job.options,
            lambda stage, done, total: send("progress", stage, done, total),
            lambda path: send("at", path),
            job.spared,
        )
    except BaseException as problem:
        import traceback

        send("failed", f"{type(problem).__name__}: {problem}", traceback.format_exc())
    else:
        send("result", result)


def _end_with_parent(source: IO[bytes]) -> None:
    source.read()
    os._exit(1)
