"""The ledger: every gRPC reference with the state it ended in, summed up per unit and per file.

Percentages are taken over references with behaviour; imports and annotations follow their users and would only
flatter the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.results import Entry, RunResult, State

NO_UNIT = "(no service)"


@dataclass(frozen=True)
class Count:
    """How many references ended native, bridged and left."""

    native: int = 0
    bridged: int = 0
    left: int = 0

    @property
    def references(self) -> int:
        """All of them."""
        return self.native + self.bridged + self.left

    def of(self, state: State) -> int:
        """How many ended in `state`."""
        return {State.NATIVE: self.native, State.BRIDGED: self.bridged, State.LEFT: self.left}[state]


@dataclass(frozen=True)
class Ledger:
    """The sums of one run; an entry that belongs to several units counts in each of them, once in the rest."""

    total: Count
    behaviour: Count
    by_unit: dict[str, Count]
    by_file: dict[str, Count]


def count(entries: Iterable[Entry]) -> Count:
    """The states of `entries`, counted."""
    states = [entry.state for entry in entries]
    return Count(states.count(State.NATIVE), states.count(State.BRIDGED), states.count(State.LEFT))


def ledger(result: RunResult) -> Ledger:
    """All sums of `result`, with units and files in alphabetical order."""
    by_unit: dict[str, list[Entry]] = {}
    by_file: dict[str, list[Entry]] = {}
    for entry in result.ledger:
        by_file.setdefault(shown(entry.place.path, result.root), []).append(entry)
        for unit in entry.units or (NO_UNIT,):
            by_unit.setdefault(unit, []).append(entry)
    return Ledger(
        total=count(result.ledger),
        behaviour=count(entry for entry in result.ledger if entry.behaviour),
        by_unit={name: count(by_unit[name]) for name in sorted(by_unit)},
        by_file={name: count(by_file[name]) for name in sorted(by_file)},
    )


def percent(part: int, whole: int) -> str:
    """A share with one digit, in which only nothing is 0.0% and only everything is 100.0%."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < part < whole:
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f}%"


def summary_line(result: RunResult, changed: str = "would change") -> str:
    """The one line that is always shown; `changed` says what happens to the changed files."""
    sums = ledger(result)
    files = len({entry.place.path for entry in result.ledger})
    states = ", ".join(f"{sums.total.of(state)} {state.value}" for state in State)
    whole = sums.behaviour.references
    if whole:
        shares = ", ".join(percent(sums.behaviour.of(state), whole) for state in State)
        states += f" ({shares} of the {whole} that are no imports or annotations)"
    line = (
        f"{plural(sums.total.references, 'reference')} in {plural(files, 'file')}: {states}; {tally(result, changed)}"
    )
    return line if result.audit.holds else f"{line}; THE LEDGER DOES NOT ADD UP"


def tally(result: RunResult, changed: str) -> str:
    """How many files change, findings and errors there are; files that the run adds are told apart."""
    added = sum(change.before is None for change in result.changes)
    files = f"{plural(len(result.changes), 'file')} {changed}" + (f" ({added} new)" if added else "")
    return f"{files}, {plural(len(result.findings), 'finding')}, {plural(len(result.errors), 'error')}"


def render(result: RunResult, paint: Paint, changed: str = "would change") -> list[str]:
    """The ledger as lines of text; the summary line comes last."""
    sums = ledger(result)
    out: list[str] = []
    if result.ledger:
        out += _table("unit", sums.by_unit, paint)
        out.append("")
        out += _table("file", sums.by_file, paint)
        out.append("")
    out += [paint.bad(line) for line in audit_lines(result)]
    style: Callable[[str], str] = paint.bold if result.audit.holds else paint.bad
    out.append(style(summary_line(result, changed)))
    return out


def audit_lines(result: RunResult) -> list[str]:
    """What does not add up, a line each; empty when the audit holds."""
    audit = result.audit
    if audit.holds:
        return []
    out = []
    if audit.counted != audit.entered:
        out.append(f"ledger: {audit.counted} references were counted, {audit.entered} were entered")
    out += [f"ledger: not accounted for: {one_line(text)}" for text in audit.unexplained]
    return out


def plural(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(heading: str, rows: dict[str, Count], paint: Paint) -> list[str]:
    width = max(len(heading), *(len(name) for name in rows))
    out = [paint.bold(f"{heading:<{width}}  {'native':>7}  {'bridged':>7}  {'left':>7}")]
    for name, sums in rows.items():
        cells = (
            _cell(sums.native, paint.good),
            _cell(sums.bridged, paint.warn),
            _cell(sums.left, paint.bad),
        )
        out.append(f"{one_line(name):<{width}}  " + "  ".join(cells))
    return out


def _cell(number: int, style: Callable[[str], str]) -> str:
    text = f"{number:>7}"
    return style(text) if number else text
