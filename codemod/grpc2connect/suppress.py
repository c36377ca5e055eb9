"""`# g2c: ignore[CODE] reason`: what a line says it knows about. One without a reason, or a use, is reported.

The comment stands in the logical line that it is about, or alone on the line before. It silences findings, and takes
references out of what `check` judges; it changes nothing of what a migration does (`# g2c: hold` and the settings do).
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.options import Options
from grpc2connect.results import FileError, Finding, Place, RunResult, Severity, Suppressed
from grpc2connect.sources import find, is_python, read

if TYPE_CHECKING:
    from grpc2connect.sources.notebook import Notebook

MARK = b"g2c:"
_DIRECTIVE = re.compile(r"#\s*g2c:\s*([\w-]*)\s*(?:\[([^\]]*)\])?\s*(.*)")


@dataclass(frozen=True)
class _Directive:
    place: Place
    word: str
    codes: tuple[str, ...]
    reason: str
    lines: range
    book: Notebook | None = field(default=None, compare=False)

    def covers(self, place: Place, code: str) -> bool:
        line = self.book.row_of(place.line, place.column) if self.book else place.line
        return self.word == "ignore" and line in self.lines and code.startswith(self.codes)


def apply(result: RunResult, options: Options) -> RunResult:
    """`result` without the findings that comments silence, with what they cover, and with findings about them."""
    paths, _ = find(options)
    directives = [one for path in paths if is_python(path) for one in _of_file(path)]
    if not directives:
        return result
    by_path: dict[Path, list[_Directive]] = {}
    for one in directives:
        by_path.setdefault(one.place.path, []).append(one)

    def match(place: Place, code: str) -> _Directive | None:
        good = (one for one in by_path.get(place.path, ()) if one.codes and one.reason and one.covers(place, code))
        return next(good, None)

    findings, suppressed, used = [], [], set()
    for finding in result.findings:
        by = match(finding.place, finding.code)
        if by is None:
            findings.append(finding)
        else:
            used.add(by)
            suppressed.append(Suppressed(finding.place, finding.code, finding.message, by.reason))
    for entry in result.ledger:
        by = match(entry.place, entry.code)
        if by is not None:
            used.add(by)
            suppressed.append(Suppressed(entry.place, entry.code, entry.text, by.reason, reference=True))
    lines = {(entry.place.path, entry.place.line) for entry in result.ledger}
    used |= {one for one in directives if one.word == "hold" and (one.place.path, one.place.line) in lines}
    findings += [about for one in directives if (about := _about(one, one in used)) is not None]
    return replace(result, findings=tuple(findings), suppressed=tuple(suppressed))


def _about(directive: _Directive, used: bool) -> Finding | None:
    """What is wrong with a directive itself."""
    if directive.word not in ("ignore", "hold"):
        what, advice = f"there is no comment `g2c: {directive.word}`", "write ignore[CODE] REASON, or hold REASON"
        return Finding("G2C020", directive.place, what, advice, Severity.WARNING)
    if directive.word == "hold":
        what, advice = "no reference is on this line, so it holds nothing", "put it on the line of one, or remove it"
        return None if used else Finding("G2C021", directive.place, what, advice, Severity.WARNING)
    if not directive.codes:
        what, advice = "this names no code, and silences nothing", "name it: # g2c: ignore[G2C201] the reason"
        return Finding("G2C020", directive.place, what, advice, Severity.WARNING)
    if not directive.reason:
        what, advice = "this has no reason, and silences nothing", "say why, behind the bracket"
        return Finding("G2C020", directive.place, what, advice, Severity.WARNING)
    if used:
        return None
    codes = ", ".join(directive.codes)
    return Finding("G2C021", directive.place, f"nothing here needs ignore[{codes}]", "remove the comment")


def _of_file(path: Path) -> Iterator[_Directive]:
    try:
        if MARK not in path.read_bytes():
            return
    except OSError:
        return
    source = read(path)
    if isinstance(source, FileError):
        return
    text = source.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    for one in _directives(path, tokens):
        if source.notebook is not None:
            place = Place(path, *source.notebook.place(one.place.line, one.place.column))
            one = replace(one, place=place, book=source.notebook)
        yield one


def _directives(path: Path, tokens: Iterable[tokenize.TokenInfo]) -> Iterator[_Directive]:
    """The directives of a file; one that stands alone is about the logical line after it."""
    waiting: list[_Directive] = []
    here: list[_Directive] = []
    start: int | None = None
    for token in tokens:
        if token.type == tokenize.COMMENT:
            found = _DIRECTIVE.match(token.string)
            if found is not None:
                row, column = token.start
                codes = tuple(code.strip() for code in (found[2] or "").split(",") if code.strip())
                place, own = Place(path, row, column + 1), range(row, row + 1)
                directive = _Directive(place, found[1], codes, found[3].strip(), own)
                (waiting if start is None else here).append(directive)
        elif token.type == tokenize.NEWLINE:
            lines = range(start or token.start[0], token.start[0] + 1)
            yield from (replace(one, lines=lines) for one in (*waiting, *here))
            waiting, here, start = [], [], None
        elif start is None and token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING):
            start = token.start[0]
    yield from (*waiting, *here)
