"""`migrate --interactive`: the questions of `review`, on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from grpc2connect.cli import pager
from grpc2connect.cli.session import Session
from grpc2connect.errors import Failure, Title
from grpc2connect.options import Choices
from grpc2connect.report.diff import label, shown_hunk
from grpc2connect.report.hunks import Block, Hunk
from grpc2connect.report.ledger import plural, summary_line
from grpc2connect.report.paint import one_line, shown
from grpc2connect.report.text import entry_line
from grpc2connect.results import Entry, RunResult
from grpc2connect.review.questions import (
    Answer,
    Asked,
    Conclusion,
    Consequence,
    Edited,
    Question,
    review,
)

_KEYS = {
    "y": (Answer.YES, "yes, change this"),
    "n": (Answer.NO, "no; what that means is shown, and asked for, before it counts"),
    "r": (Answer.RULE, "yes to this and to all else of its rule"),
    "u": (Answer.UNIT, "yes to this and to all else of its service, what it shares with others too"),
    "e": (None, "edit what it becomes in $EDITOR"),
    "x": (None, "explain it"),
    "b": (Answer.BACK, "back to the place before"),
    "q": (Answer.QUIT, "quit; services that were not decided about as wholes stay as they are"),
    "?": (None, "this help"),
}
_WORDS = {
    "yes": "y", "no": "n", "rule": "r", "unit": "u", "service": "u", "edit": "e", "explain": "x", "back": "b",
    "quit": "q", "help": "?",
}  # fmt: skip
"""Answers in words: what begins with a letter need not be its key."""
_DROPPED = b"#: "
_LONG = 60
_TOGETHER = "\0"
"""A blank at which no line ends."""


class Ended(Exception):
    """There is nobody to answer any more."""


def decide(
    session: Session, whole: RunResult, plan: Callable[[Choices], RunResult]
) -> tuple[RunResult, Choices] | None:
    """What a person wants written of `whole`; None if nothing."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        what = "--interactive asks questions, and needs a terminal for that"
        raise Failure(Title.NO_TERMINAL, what, "`diff` shows what would be asked about")
    if not any(change.regions for change in whole.changes):
        return whole, Choices()
    talk = _Talk(session, whole)
    questions = review(whole, plan)
    answer: Answer | Edited | None = None
    try:
        while True:
            asked = questions.send(answer) if answer is not None else next(questions)
            answer = talk.answer(asked)
    except StopIteration as end:
        if end.value is None:
            session.output.lines(["nothing is written"])
            return None
        return end.value.result, end.value.choices
    except Ended:
        session.output.lines(["", "nothing is written"])
        return None


class _Talk:
    """Shows what is asked, and reads what is answered."""

    def __init__(self, session: Session, whole: RunResult) -> None:
        self._output = session.output
        self._paint = session.output.out
        self._root = whole.root
        self._result = whole
        self._rules = {rule.code: rule for rule in session.engine.catalogue()}

    def answer(self, asked: Asked) -> Answer | Edited:
        """The answer to one question."""
        match asked:
            case Question():
                return self._place(asked)
            case Consequence():
                self._show_consequence(asked)
                answer = self._ask("Is this what you want?", {"y": "yes", "b": "back to the question"})
                return Answer.YES if answer == "y" else Answer.BACK
            case Conclusion():
                self._show_conclusion(asked)
                answer = self._ask("Write this?", {"y": "yes", "n": "no, write nothing", "b": "back"})
                return {"y": Answer.YES, "n": Answer.NO}.get(answer, Answer.BACK)

    def _place(self, question: Question) -> Answer | Edited:
        self._show(question)
        while True:
            key = self._ask("Change this?", {key: text for key, (_, text) in _KEYS.items()})
            answer = _KEYS[key][0]
            if answer is not None:
                return answer
            if key == "x":
                self._explain(question.block)
            elif (lines := self._edit(question.block)) is not None:
                return Edited(lines)

    def _show(self, question: Question) -> None:
        block, paint = question.block, self._paint
        where = f"{shown(block.change.path, self._root)}:{block.references[0].place.line}"
        units = ", ".join(block.units) or "no service in particular"
        told = f"{question.number} of {question.total}"
        self._lines("", f"{paint.bold(where)}  {one_line(units)}  {paint.dim(told)}")
        for code in block.codes:
            title = self._rules[code].title if code in self._rules else ""
            states = sorted({one.state.value for one in block.references if one.code == code})
            self._lines(f"  {paint.mark(code)} {', '.join(states)}: {one_line(title)}")
        for finding in self._result.findings:
            if any((finding.place, finding.code) == (one.place, one.code) for one in block.references):
                self._lines(paint.warn(f"  {one_line(finding.message)}; {one_line(finding.advice)}"))
        self._output.raw(self._hunk(question.hunk))
        if question.problem:
            self._lines(paint.bad(question.problem))

    def _hunk(self, hunk: Hunk) -> bytes:
        return shown_hunk(hunk, colour=self._paint.on)

    def _show_consequence(self, one: Consequence) -> None:
        paint = self._paint
        lines = [""]
        if one.staying:
            units = f"{', '.join(one.units)} stays on gRPC as a whole" if one.units else "more stays on gRPC"
            stay = "place stays as it is" if len(one.staying) == 1 else "places stay as they are"
            lines.append(paint.bad(f"Without this, {units}: {len(one.staying)} {stay}."))
            lines += self._named(one.staying)
        if one.bridged:
            lines.append(paint.warn(f"{plural(len(one.bridged), 'place')} through the runtime, with the old meaning:"))
            lines += self._named(one.bridged)
        if not one.staying and not one.bridged:
            lines.append("No other place is touched by that.")
        self._paged(lines)
        if one.instead is not None:
            self._lines("This place becomes:")
            self._output.raw(self._hunk(one.instead))
        else:
            self._lines("This place stays as it is.")

    def _show_conclusion(self, one: Conclusion) -> None:
        if one.unasked:
            left = f"{plural(one.unasked, 'place')} {'is' if one.unasked == 1 else 'are'} not decided about"
            stay = f"{', '.join(one.units)} {'stays' if len(one.units) == 1 else 'stay'} on gRPC for now"
            self._lines("", self._paint.warn(f"{left}; {stay}." if one.units else f"{left}."))
        self._lines(self._paint.bold(summary_line(one.result)))

    def _named(self, entries: Sequence[Entry]) -> list[str]:
        """Every one of some places, a paragraph for each file."""
        by_file: dict[str, list[str]] = {}
        for entry in entries:
            text = one_line(entry.text)
            told = f"{entry.place.line} {text if len(text) <= _LONG else text[:_LONG] + '...'}"
            by_file.setdefault(shown(entry.place.path, self._root), []).append(told.replace(" ", _TOGETHER))
        width = shutil.get_terminal_size().columns - 2
        return [
            line.replace(_TOGETHER, " ")
            for name, found in by_file.items()
            for line in (
                f"  {name}",
                *textwrap.wrap(
                    " \N{MIDDLE DOT} ".join(found), width, initial_indent=" " * 4, subsequent_indent=" " * 4
                ),
            )
        ]

    def _paged(self, lines: Sequence[str]) -> None:
        """Show lines; a page at a time, if they are more than fit the screen."""
        program = pager.command(os.environ)
        if len(lines) > shutil.get_terminal_size().lines - 4 and program is not None:
            text = "".join(f"{line}\n" for line in lines)
            if pager.page(text.encode("utf-8", "backslashreplace"), program):
                return
        self._lines(*lines)

    def _explain(self, block: Block) -> None:
        told = {(one.place, one.code) for one in block.references}
        lines: list[str] = []
        for entry in self._result.ledger:
            if (entry.place, entry.code) in told:
                lines.append(entry_line(entry, self._result, self._paint))
                evidence = (one_line(why) for why in entry.evidence)
                lines += [f"    because {why}" for why in evidence if why != one_line(entry.text)]
        rules = [self._rules[code] for code in block.codes if code in self._rules]
        texts = dict.fromkeys(rule.documentation for rule in rules)
        for text in texts:
            heading = ", ".join(rule.code for rule in rules if rule.documentation == text)
            lines += ["", self._paint.bold(heading), *text.splitlines()]
        place = block.references[0].place
        lines += ["", f"grpc2connect explain {shown(place.path, Path.cwd())}:{place.line} shows the whole chain"]
        self._paged(lines)

    def _edit(self, block: Block) -> tuple[bytes, ...] | None:
        """What a person makes of the new lines in an editor; None if they are left as they are, or all taken out."""
        first, last = block.old[0] + 1, block.old[1]
        numbers = f"line {first}" if first >= last else f"lines {first} to {last}"
        where = f"{numbers} of {shown(block.change.path, self._root)}"
        told = [
            f"The lines above replace {where}.",
            f"({label([block])})",
            "Lines that start so are dropped. Without any other the place is asked about again.",
        ]
        comments = b"".join(_DROPPED + line.encode("utf-8", "backslashreplace") + b"\n" for line in told)
        before = b"".join(block.after)
        closed = before + (b"" if not before or before.endswith(b"\n") else b"\n")
        after = _edited(closed + comments)
        if after is None:
            self._lines(self._paint.bad("nothing is edited: the editor cannot be run, or failed; EDITOR names another"))
            return None
        kept = tuple(line for line in after.splitlines(keepends=True) if not line.startswith(_DROPPED.rstrip()))
        return kept if kept and b"".join(kept) != closed else None

    def _ask(self, question: str, keys: dict[str, str]) -> str:
        choices = ",".join(keys)
        while True:
            # Not `input`, which would have the question on stderr.
            print(self._paint.bold(f"{question} [{choices}] "), end="", flush=True)
            line = sys.stdin.readline()
            if not line:
                raise Ended
            said = line.strip().lower()
            given = _WORDS.get(said, said)
            if given in keys and given != "?":
                return given
            if given not in ("", "?"):
                self._lines(f"{one_line(said)!r} is no answer; these are:")
            self._lines(*(f"  {key}  {text}" for key, text in keys.items()))

    def _lines(self, *lines: str) -> None:
        self._output.lines(lines)


def _edited(text: bytes) -> bytes | None:
    """Bytes as an editor leaves them; None if it fails."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as folder:
        path = Path(folder, "place.py")
        path.write_bytes(text)
        try:
            click.edit(filename=str(path))
        except click.ClickException:
            return None
        return path.read_bytes()
