"""Where text goes: results to stdout, everything else to stderr; colour by choice; progress on a terminal only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

import click

from grpc2connect.cli.engine import Progress
from grpc2connect.cli.phases import Phases
from grpc2connect.errors import Failure, Title
from grpc2connect.report.paint import Paint
from grpc2connect.report.text import failure_line


class Output:
    """The streams of one command."""

    def __init__(self, colour: str, *, quiet: bool = False, verbose: bool = False) -> None:
        self._colour = colour
        self.quiet = quiet
        self._verbose = verbose
        self.out = Paint(self._coloured(sys.stdout))
        self.err = Paint(self._coloured(sys.stderr))

    def lines(self, lines: Iterable[str]) -> None:
        """Results."""
        for line in lines:
            self._write(line, err=False)

    def notes(self, lines: Iterable[str]) -> None:
        """Errors, advice and whatever else must not mix with results."""
        for line in lines:
            self._write(line, err=True)

    def error(self, failure: Failure) -> None:
        """What has failed, and what to do about it."""
        self.notes([failure_line(failure, self.err)])

    def raw(self, data: bytes) -> None:
        """Bytes that must arrive as they are."""
        with _arriving():
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """A progress bar for the engine to drive, or None where nobody would see it; then, if asked for, the times."""
        if not self._verbose:
            with self._bar() as bar:
                yield bar
            return
        phases = Phases()
        with self._bar() as bar:
            yield phases.watching(bar)
        self.notes(phases.lines())

    @contextmanager
    def _bar(self) -> Iterator[Progress | None]:
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bar(*columns, console=Console(stderr=True, no_color=not self.err.on), transient=True) as bar:
            task = bar.add_task("", total=None)

            def report(stage: str, done: int, total: int) -> None:
                bar.update(task, description=stage, completed=done, total=total or None)

            yield report

    def _write(self, line: str, *, err: bool) -> None:
        stream = sys.stderr if err else sys.stdout
        encoding = getattr(stream, "encoding", None) or "utf-8"
        # A name that the terminal cannot show is escaped; click must not strip colour that was asked for.
        with contextlib.suppress(OSError) if err else _arriving():  # nobody could be told that stderr is full
            click.echo(line.encode(encoding, "backslashreplace").decode(encoding), err=err, color=True)

    def _coloured(self, stream: IO[str]) -> bool:
        if self._colour == "auto":
            return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return self._colour == "always"


@contextmanager
def _arriving() -> Iterator[None]:
    """Results on their way: a full disk behind a redirection is no fault of ours, nor a reader who leaves."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        forget_stdout()
        what = f"standard output cannot be written: {problem.strerror}"
        raise Failure(Title.OUTPUT_NOT_WRITTEN, what, "make room, or send it elsewhere") from None


def forget_stdout() -> None:
    """Let the interpreter not complain at its end that what it holds for stdout cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
