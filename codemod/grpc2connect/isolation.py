"""Runs the engine in a process of its own, and again without the file that ended it.

A parser that overruns its stack, a file of a million lines, an endless loop: each costs that file, which is reported,
and whose services stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from grpc2connect.options import Options
from grpc2connect.results import RunResult
from grpc2connect.worker import Job

Progress = Callable[[str, int, int], None]

FILE_SECONDS = 120.0
"""How long the work on one file may take without a sign of life."""
ATTEMPTS = 20
"""How many files may be lost before the run gives up."""
_CODE = "import sys; sys.path[:0] = sys.argv[1:]; from grpc2connect.worker import main; main()"


class WorkerFailed(Exception):
    """The run failed, and no file can be told to be the reason."""


def run(
    options: Options,
    progress: Progress | None = None,
    parts: Path | None = None,
    *,
    file_seconds: float = FILE_SECONDS,
    command: Sequence[str] | None = None,
) -> RunResult:
    """What `engine.analyse` gives, from a process that may be lost: the worker, or another `command` that speaks alike.

    What is finished before the end is kept in the folder `parts`, for the same question about the same project.
    Raises `WorkerFailed`.
    """
    with Conversation(file_seconds=file_seconds, command=command) as conversation:
        return conversation.run(options, progress, parts)


class Conversation:
    """A worker that is asked more than once: the same with other choices needs no second look at the sources.

    With `fresh` they are looked at each time, since they change; what is kept is the process.
    """

    def __init__(
        self, *, file_seconds: float = FILE_SECONDS, command: Sequence[str] | None = None, fresh: bool = False
    ) -> None:
        self._file_seconds = file_seconds
        self._fresh = fresh
        self._command = command or _command()
        self._spared: dict[Path, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.Queue[Any] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, options: Options, progress: Progress | None = None, parts: Path | None = None) -> RunResult:
        """See `run`."""
        if self._fresh:
            self._spared = {}
        for _ in range(ATTEMPTS):
            try:
                outcome = self._attempt(Job(options, self._spared, self._fresh, self._file_seconds, parts), progress)
            except BaseException:
                self._end()
                raise
            if isinstance(outcome, RunResult):
                return outcome
            self._end()
            path, reason = outcome
            if path in self._spared:
                break
            self._spared[path] = reason
        spared = self._spared
        raise WorkerFailed(f"the analysis of {len(spared)} files failed; the last was {list(spared)[-1]}")

    def _attempt(self, job: Job, progress: Progress | None) -> RunResult | tuple[Path, str]:
        """The result, or the file that ended the process and how."""
        process = self._started()
        assert process.stdin is not None
        at: Path | None = None
        with contextlib.suppress(BrokenPipeError):  # it has ended, which is told below
            pickle.dump(job, process.stdin)
            process.stdin.flush()
        while True:
            try:
                kind, *rest = self._messages.get(timeout=self._file_seconds if at is not None else None)
            except queue.Empty:
                assert at is not None
                return at, f"took more than {self._file_seconds:.0f} s"
            match kind:
                case "at":
                    at = rest[0]
                case "progress" if progress is not None:
                    progress(*rest)
                case "say":
                    sys.stderr.write(f"grpc2connect: {rest[0]}\n")
                case "result":
                    result: RunResult = rest[0]
                    return result
                case "failed":
                    if os.environ.get("G2C_TRACEBACK"):
                        sys.stderr.write(rest[1])
                    raise WorkerFailed(rest[0])
                case "end":
                    process.wait()
                    if at is None:
                        raise WorkerFailed(f"the analysis ended with exit code {process.returncode}")
                    return at, f"ended the analysis (exit code {process.returncode})"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._messages = queue.Queue()
            threading.Thread(target=_read, args=(self._process.stdout, self._messages), daemon=True).start()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            with contextlib.suppress(BrokenPipeError), process:
                process.kill()


def _command() -> list[str]:
    """Isolated (-I): no folder of the project under migration gets on the path, so that none of its code is run."""
    here = {"", os.getcwd()}
    return [sys.executable, "-I", "-c", _CODE, *(path for path in sys.path if path not in here)]


def _read(stream: IO[bytes], messages: queue.Queue[Any]) -> None:
    try:
        while True:
            messages.put(pickle.load(stream))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        messages.put(("end",))
