"""An engine that answers what a test tells it, and remembers what it was asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.cli.engine import Progress, RuleInfo, Watch
from grpc2connect.options import Options
from grpc2connect.results import Audit, Entry, Explained, FileChange, FileError, Moved, Place, RunResult, State, Step
from grpc2connect.sources import write_all

GREETER = "helloworld.Greeter"


@dataclass(frozen=True)
class Rule:
    code: str
    title: str
    documentation: str
    family: str
    unsafe: str = ""


RULES = (
    Rule("G2C401", "channels become clients", "A channel becomes a client.\n", "channels and stubs"),
    Rule("G2C201", "abort raises", "`context.abort` raises [int] `ConnectError`.\n", "context"),
)


@dataclass
class FakeEngine:
    """`answer` is given for every run, rooted at the root that was asked for."""

    answer: RunResult = field(default_factory=lambda: RunResult(Path()))
    failing: frozenset[str] = frozenset()
    asked: list[Options] = field(default_factory=list)
    owed: tuple[Entry, ...] = ()
    done: tuple[Moved, ...] = ()
    on_run: Callable[[], None] = lambda: None

    def run(self, options: Options, progress: Progress | None = None) -> RunResult:
        self.asked.append(options)
        self.on_run()
        return dataclasses.replace(self.answer, root=options.root)

    def kept(self) -> AbstractContextManager[None]:
        return nullcontext()

    def generate(self, options: Options, progress: Progress | None = None) -> RunResult:
        return self.run(options, progress)

    def debt(self, options: Options) -> Sequence[Entry]:
        return self.owed

    def moved(self, options: Options) -> Sequence[Moved]:
        return self.done

    def watch(self, options: Options, arguments: Sequence[str], settings: Sequence[Path]) -> Watch | None:
        return None

    def catalogue(self, packs: Sequence[str] = ()) -> Sequence[RuleInfo]:
        return RULES

    def write(self, changes: Sequence[FileChange]) -> list[FileError]:
        failing = [change.path for change in changes if change.path.name in self.failing]
        if failing:
            return [FileError(path, "G2C010", "cannot be written: Permission denied", "retry") for path in failing]
        return write_all(changes)


def reference(path: Path, line: int = 1, state: State = State.NATIVE, code: str = "G2C201") -> Entry:
    return Entry(
        Place(path, line, 1), "ContextCall", code, state, "context.abort(x)", (GREETER,), evidence=("x is a context",)
    )


def explained(path: Path, line: int) -> Explained:
    """What an engine may say of `reference(path, line)`."""
    because = (Step("`context` is the context of a handler", Place(path, line, 2)), Step("nothing else"))
    entry = reference(path, line)
    what = "the method abort of a handler's context"
    return Explained(entry.place, entry.text, what, entry, because, "it fits", (), "nothing")


def answer(*changes: FileChange, entries: Sequence[Entry] | None = None) -> RunResult:
    """A run that makes `changes`, with one native reference in each existing file unless `entries` are given."""
    if entries is None:
        entries = [reference(change.path) for change in changes if change.before is not None]
    return RunResult(Path(), changes, tuple(entries), audit=Audit(len(entries), len(entries)))


def edit(path: Path, *units: str) -> FileChange:
    """A change of the file that is there."""
    before = path.read_bytes()
    return FileChange(path, before, before.replace(b"grpc", b"connect"), units or (GREETER,))


def addition(path: Path, *units: str) -> FileChange:
    """A new file."""
    return FileChange(path, None, b"# new\n", units)
