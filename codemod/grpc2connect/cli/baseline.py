"""The baseline of `check`: what may remain, one reference a line, as a text file to be committed. It only shrinks.

A line is a path, a code and what stands there, without a line number: moving code changes nothing, and two branches
that pay off different references merge. A reference that was let in later has the reason behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.errors import Failure, Title
from grpc2connect.report.paint import one_line

HEADER = (
    "# What may still be gRPC, one reference a line; it only shrinks.\n"
    "# Written by: grpc2connect check --update-baseline\n"
)
_FIRST = HEADER.partition("\n")[0]
_WIDTH = 160
"""Characters of a reference's text that are kept."""


@dataclass(frozen=True, order=True)
class Key:
    """What the baseline knows of a reference: its file from the root, its code, and its text on one line."""

    path: str
    code: str
    text: str

    @classmethod
    def of(cls, path: str, code: str, text: str) -> Key:
        """The key with its text as the file holds it."""
        return cls(path, code, one_line(text)[:_WIDTH].rstrip())


@dataclass(frozen=True)
class Baseline:
    """How often each reference may remain, and why those that came later were let in."""

    allowed: Counter[Key] = field(default_factory=Counter)
    reasons: Mapping[Key, str] = field(default_factory=dict)

    def beyond(self, there: Counter[Key], root: Path) -> Counter[Key]:
        """What is there and not allowed; a reference that went along with its renamed file is."""
        excess = there - self.allowed
        lost = Counter(
            {key: number for key, number in (self.allowed - there).items() if excess and not (root / key.path).exists()}
        )
        for key in sorted(excess):
            for old in sorted(lost):
                if (old.code, old.text) == (key.code, key.text):
                    moved = min(excess[key], lost[old])
                    excess[key] -= moved
                    lost[old] -= moved
        return +excess

    def paid(self, there: Counter[Key]) -> int:
        """How many references fewer there are than allowed."""
        return (self.allowed - there).total()

    def now(self, there: Counter[Key], excess: Counter[Key], reason: str = "") -> Baseline:
        """The baseline for what is there; `excess` has come with a reason."""
        kept = {key: why for key, why in self.reasons.items() if key in there}
        return Baseline(there, kept | dict.fromkeys(excess, one_line(reason)) if reason else kept)

    def render(self) -> bytes:
        """The file: sorted, so that its own diff is small."""
        return "".join([HEADER, *self._lines()]).encode("utf-8", "backslashreplace")

    def _lines(self) -> Iterator[str]:
        for key in sorted(self.allowed):
            reason = self.reasons.get(key, "")
            parts = [key.path, key.code, key.text, *([f"# {reason}"] if reason else [])]
            yield from ["\t".join(parts) + "\n"] * self.allowed[key]


def load(path: Path) -> Baseline:
    """The baseline in `path`; raises `Failure` if there is none that can be used."""
    advice = "write one with check --update-baseline"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise _invalid(f"{path}: cannot be read: {problem.strerror}", advice) from problem
    except ValueError as problem:
        raise _invalid(f"{path}: not a baseline", advice) from problem
    if not text.startswith(_FIRST):
        raise _invalid(f"{path}: not a baseline, or one of an older version", f"remove it, and {advice}")
    return _parse(path, text.splitlines())


def _invalid(cause: str, step: str) -> Failure:
    return Failure(Title.BASELINE_INVALID, cause, step)


def _parse(path: Path, lines: Iterable[str]) -> Baseline:
    allowed: Counter[Key] = Counter()
    reasons: dict[Key, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match line.split("\t"):
            case [file, code, text]:
                allowed[Key(file, code, text)] += 1
            case [file, code, text, reason]:
                allowed[Key(file, code, text)] += 1
                reasons[Key(file, code, text)] = reason.removeprefix("# ")
            case _:
                what = "a conflict of a merge" if line.startswith(("<<<<", "====", ">>>>")) else "no entry"
                raise _invalid(f"{path}:{number}: {what}", "settle it, or remove the line")
    return Baseline(allowed, reasons)
