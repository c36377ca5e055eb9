"""What the commands need of the engine, and the engine that is installed. Tests pass one of their own."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grpc2connect.options import Choices, Options, Stage
from grpc2connect.results import Entry, FileChange, FileError, Moved, RunResult

if TYPE_CHECKING:
    from grpc2connect.isolation import Conversation

Progress = Callable[[str, int, int], None]
Watch = Callable[[RunResult, Iterable[Path], Container[Path]], None]


class RuleInfo(Protocol):
    """A rule as the catalogue lists it."""

    @property
    def code(self) -> str:
        """Its code, as `G2C201`."""

    @property
    def title(self) -> str:
        """One line."""

    @property
    def documentation(self) -> str:
        """The text that `explain` prints."""

    @property
    def family(self) -> str:
        """The group it is listed in."""

    @property
    def unsafe(self) -> str:
        """What its unsafe outcomes change in what a program does; "" if it has none."""


class Engine(Protocol):
    """The things the command line asks for."""

    def run(self, options: Options, progress: Progress | None = None) -> RunResult:
        """Everything a migration with `options` would do; writes nothing."""

    def kept(self) -> AbstractContextManager[None]:
        """In this context, runs that differ in `Options.choices` alone share one look at the sources."""

    def generate(self, options: Options, progress: Progress | None = None) -> RunResult:
        """Only the `*_connect.py` modules; writes nothing."""

    def debt(self, options: Options) -> Sequence[Entry]:
        """Every use of the runtime in code that has been migrated."""

    def moved(self, options: Options) -> Sequence[Moved]:
        """What of each service has moved before."""

    def catalogue(self, packs: Sequence[str] = ()) -> Sequence[RuleInfo]:
        """The rules in force: the built-in ones, and those of packs. Raises `Failure` for a pack of no use."""

    def write(self, changes: Sequence[FileChange]) -> list[FileError]:
        """Write all of `changes` or none of them; the errors say why."""

    def watch(self, options: Options, arguments: Sequence[str], settings: Sequence[Path]) -> Watch | None:
        """What has to be called with a run's result, for later hooks to be quick; None where they cannot be.

        It wants the files that do not pass, and those that pass whatever becomes of the references they have.
        """


class InstalledEngine:
    """The real one; its parts are imported when they are first used."""

    def __init__(self) -> None:
        self._conversation: Conversation | None = None

    def run(self, options: Options, progress: Progress | None = None) -> RunResult:
        """See `Engine.run`."""
        from grpc2connect import cache
        from grpc2connect.project import complete
        from grpc2connect.suppress import apply

        if options.stage is Stage.GENERATE:
            return complete(self.generate(options, progress), options)
        name = cache.key(options) if options.choices == Choices() else None
        result = cache.load(name) if name is not None else None
        if result is None:
            from grpc2connect.isolation import run

            parts = cache.parts(name) if name is not None else None
            result = (self._conversation.run if self._conversation else run)(options, progress, parts)
            if name is not None and not any(error.code == "G2C014" for error in result.errors):
                cache.store(name, result)
        return apply(complete(result, options), options)

    @contextmanager
    def kept(self, *, fresh: bool = False) -> Iterator[None]:
        """See `Engine.kept`; with `fresh` the runs share a process, and look at the sources each time."""
        from grpc2connect.isolation import Conversation

        if self._conversation is not None:  # within another: it goes on to the end of that
            yield
            return
        with Conversation(fresh=fresh) as self._conversation:
            try:
                yield
            finally:
                self._conversation = None

    def generate(self, options: Options, progress: Progress | None = None) -> RunResult:
        """See `Engine.generate`."""
        from grpc2connect.engine import generate

        return generate(options, progress)

    def debt(self, options: Options) -> Sequence[Entry]:
        """See `Engine.debt`."""
        from grpc2connect.debt import uses

        return uses(options)

    def moved(self, options: Options) -> Sequence[Moved]:
        """See `Engine.moved`."""
        from grpc2connect.moved import moved

        return moved(options)

    def catalogue(self, packs: Sequence[str] = ()) -> Sequence[RuleInfo]:
        """See `Engine.catalogue`."""
        from grpc2connect.rules_api import catalogue

        return catalogue(tuple(packs))

    def write(self, changes: Sequence[FileChange]) -> list[FileError]:
        """See `Engine.write`."""
        from grpc2connect.sources import write_all

        return write_all(changes)

    def watch(self, options: Options, arguments: Sequence[str], settings: Sequence[Path]) -> Watch | None:
        """See `Engine.watch`."""
        from grpc2connect.warm import record

        before = record.take(options, arguments, settings)
        return None if before is None else partial(record.keep, before)
