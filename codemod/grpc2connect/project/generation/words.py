"""Commands of a shell in a text, with the span of each word: as much of its grammar as it takes to edit a command.

Source of the grammar: POSIX, "Shell Command Language"; what make, Dockerfiles and YAML put around it is for callers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPERATOR = re.compile(r"&&|\|\||;;|[;|&()]")
_CONTINUED = re.compile(r"(?:\\|\^|`)\r?\n")
_NESTED = {"$(": ")", "${": "}"}


@dataclass(frozen=True)
class Word:
    """A word as it is written, quotes and all, and where."""

    start: int
    end: int
    raw: str

    @property
    def value(self) -> str:
        """The word without its outer quotes."""
        raw = self.raw
        return raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" else raw


@dataclass
class Command:
    """The words of one simple command, and the operators around it (a line end is one; `` at the ends of the text)."""

    words: list[Word] = field(default_factory=list)
    before: str = ""
    after: str = ""

    @property
    def start(self) -> int:
        """Where its first word starts."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """Where its last word ends."""
        return self.words[-1].end

    @property
    def alone(self) -> bool:
        """Whether it is all that stands on its line, continued lines included."""
        return self.before in ("", "\n") and self.after in ("", "\n")


def commands(text: str, start: int = 0, end: int | None = None, *, folded: bool = False) -> list[Command]:
    """The commands in a part of a text. Never fails: what is not understood is a word.

    `folded` says that its line ends are blanks, as in most scalars of YAML.
    """
    stop = len(text) if end is None else end
    found: list[Command] = []
    current = Command()
    for piece in _pieces(text, start, stop):
        if isinstance(piece, Word):
            current.words.append(piece)
            continue
        if folded and piece == "\n":
            continue
        if current.words:
            current.after = piece
            found.append(current)
            current = Command(before=piece)
        elif piece != "\n" or current.before in ("", "\n"):
            current.before = piece
    if current.words:
        found.append(current)
    return found


def _pieces(text: str, at: int, stop: int) -> Iterator[Word | str]:
    """Words, and the operators between them; a comment is neither."""
    while at < stop:
        if continued := _CONTINUED.match(text, at, stop):
            at = continued.end()
        elif text[at] == "\n":
            yield "\n"
            at += 1
        elif text[at].isspace():
            at += 1
        elif text[at] == "#":
            at = _to(text, "\n", at, stop)
        elif operator := _OPERATOR.match(text, at, stop):
            yield operator[0]
            at = operator.end()
        else:
            end = _word_end(text, at, stop)
            yield Word(at, end, text[at:end])
            at = end


def _word_end(text: str, at: int, stop: int) -> int:
    while at < stop and not text[at].isspace():
        if text[at] == "\\":
            if _CONTINUED.match(text, at, stop):
                return at
            at += 2
        elif text[at] in "\"'":
            at = _quote_end(text, at, stop)
        elif text[at : at + 2] in _NESTED:
            at = _nested_end(text, at, stop)
        elif text[at] == "`":
            if _CONTINUED.match(text, at, stop):
                return at
            at = _to(text, "`", at + 1, stop) + 1
        elif _OPERATOR.match(text, at, stop) or (text[at] == "^" and _CONTINUED.match(text, at, stop)):
            return at
        else:
            at += 1
    return min(at, stop)


def _quote_end(text: str, at: int, stop: int) -> int:
    quote = text[at]
    at += 1
    while at < stop and text[at] != quote:
        at += 2 if text[at] == "\\" and quote == '"' else 1
    return min(at + 1, stop)


def _nested_end(text: str, at: int, stop: int) -> int:
    """The end of `$(...)` or `${...}`, in which there may be more of them; a line end closes what nobody closed."""
    opened, closed = text[at + 1], _NESTED[text[at : at + 2]]
    depth = 0
    while at < stop and text[at] != "\n":
        depth += (text[at] == opened) - (text[at] == closed)
        at += 1
        if depth == 0 and text[at - 1] == closed:
            break
    return at


def _to(text: str, mark: str, at: int, stop: int) -> int:
    found = text.find(mark, at, stop)
    return stop if found < 0 else found
