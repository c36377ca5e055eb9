"""The report to be read in a terminal: services by stage, who owns what, and all that is not native with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grpc2connect.report.document import Counts, Document, Progress, Steps, StepState
from grpc2connect.report.ledger import percent, plural
from grpc2connect.report.paint import Paint, one_line
from grpc2connect.report.progress import STEPS, said, totals
from grpc2connect.report.stages import STAGES

_HEADS = ("native", "bridged", "left")


def render(document: Document, paint: Paint) -> list[str]:
    """The lines; the summary comes last."""
    out: list[str] = []
    part = part_of(document)
    if part:
        out += [paint.bold(f"Part of the run: {part}"), ""]
    if document["units"]:
        out += _table("service", [(unit["name"], unit) for unit in document["units"]], paint)
        out.append("")
        out += _table("stage", _by_stage(document), paint)
        out.append("")
    if document.get("progress"):
        out += [*_progress(document["progress"], paint), ""]
    if document.get("owners"):
        owners = document["owners"]
        more = [f"{plural(owner['files'], 'file')}, {plural(owner['findings'], 'finding')}" for owner in owners]
        out += _table("owner", [(owner["name"], owner) for owner in owners], paint, more)
        out.append("")
    out += _rows(document, paint)
    if document["suppressed"]:
        out.append(paint.bold("Suppressed by comments"))
        for row in document["suppressed"]:
            place = f"{row['path']}:{row['line']}:{row['column']}"
            out.append(f"  {place} {paint.mark(row['code'])} {one_line(row['text'])}: {one_line(row['reason'])}")
        out.append("")
    out.append(paint.bold(summary_line(document)))
    return out


def summary_line(document: Document) -> str:
    """The one line that is always shown."""
    summary = document["summary"]
    files = len(document["files"])
    states = ", ".join(f"{_number(summary, state)} {state}" for state in _HEADS)
    whole = summary["behaviour"]["references"]
    if whole:
        shares = ", ".join(percent(_number(summary["behaviour"], state), whole) for state in _HEADS)
        states += f" ({shares} of the {whole} that are no imports or annotations)"
    new = sum(change["new"] for change in document["changes"])
    line = (
        f"{plural(summary['references'], 'reference')} in {plural(files, 'file')}: {states}; "
        f"{plural(summary['files_changed'], 'file')} would change{f' ({new} new)' if new else ''}, "
        f"{plural(summary['findings'], 'finding')}, {plural(summary['errors'], 'error')}"
    )
    return line if document["audit"]["holds"] else f"{line}; THE LEDGER DOES NOT ADD UP"


def part_of(document: Document) -> str:
    """Which part of the run is shown, in words; empty for all of it."""
    shown = document.get("shown", {})
    words = [
        ("shard", [shown["shard"]] if "shard" in shown else []),
        ("service", shown.get("units", [])),
        ("path", shown.get("paths", [])),
        ("owner", shown.get("owners", [])),
        ("changed since", [shown["since"]] if "since" in shown else []),
    ]
    return "; ".join(f"{name} {', '.join(values)}" for name, values in words if values)


def _progress(rows: Sequence[Progress], paint: Paint) -> list[str]:
    """How far each service is with each step, and for how many services each is done."""
    sums = totals(rows)
    table: list[tuple[str, list[str]]] = [
        ("progress", [*STEPS]),
        *((row["name"], [said(row["steps"][step]) for step in STEPS]) for row in rows),
    ]
    table.append((f"{plural(len(rows), 'service')} done", [f"{done} of {of}" for done, of in sums.values()]))
    widths = [max(len(cells[index]) for _, cells in table) for index in range(len(STEPS))]
    width = max(len(one_line(name)) for name, _ in table)
    styles: dict[StepState, Callable[[str], str]] = {"done": paint.good, "open": paint.warn, "held": paint.bad}
    states: list[Steps | None] = [None, *(row["steps"] for row in rows), None]
    out = []
    for (name, cells), steps in zip(table, states, strict=True):
        line = f"{one_line(name):<{width}}"
        for step, cell, space in zip(STEPS, cells, widths, strict=True):
            text = f"{cell:<{space}}"
            line += "  " + (styles.get(steps[step]["state"], str)(text) if steps is not None else text)
        out.append(line.rstrip())
    return [paint.bold(out[0]), *out[1:]]


def _by_stage(document: Document) -> list[tuple[str, Counts]]:
    made: list[tuple[str, Counts]] = []
    for stage, title in STAGES.items():
        rows = [row["state"] for row in document["references"] if row["stage"] == stage]
        counts: Counts = {
            "references": len(rows),
            "native": rows.count("native"),
            "bridged": rows.count("bridged"),
            "left": rows.count("left"),
        }
        if rows:
            made.append((title, counts))
    return made


def _rows(document: Document, paint: Paint) -> list[str]:
    """Errors, findings, and references that are not native, file by file."""
    by_path: dict[str, list[tuple[int, int, str]]] = {}
    for error in document["errors"]:
        title = paint.bad(f"error[{error['title']}]")
        text = f"{title}: {error['code']} {_sentence(error['message'], error['advice'])}"
        by_path.setdefault(error["path"], []).append((0, 0, text))
    styles: dict[str, Callable[[str], str]] = {"note": paint.mark, "warning": paint.warn, "error": paint.bad}
    for row in document["findings"]:
        text = f"{styles[row['severity']](row['code'])} {_sentence(row['message'], row['advice'])}"
        by_path.setdefault(row["path"], []).append((row["line"], row["column"], text))
    states: dict[str, Callable[[str], str]] = {"bridged": paint.warn, "left": paint.bad}
    for entry in document["references"]:
        if entry["state"] in states:
            why = f"; {one_line(entry['why'])}" if entry["why"] else ""
            state = states[entry["state"]](entry["state"])
            text = f"{paint.mark(entry['code'])} {state}: {one_line(entry['text'])}{why}"
            by_path.setdefault(entry["path"], []).append((entry["line"], entry["column"], text))
    owners = {row["path"]: row.get("owners", []) for row in (*document["references"], *document["findings"])}
    out = []
    for path in sorted(by_path):
        names = " ".join(owners.get(path, []))
        out.append(paint.bold(path) + (f"  {paint.dim(names)}" if names else ""))
        for line, column, text in sorted(by_path[path]):
            out.append(f"  {f'{line}:{column}':<8} {text}" if line else f"  {text}")
        out.append("")
    return out


def _table(heading: str, rows: Sequence[tuple[str, Counts]], paint: Paint, more: Sequence[str] = ()) -> list[str]:
    width = max(len(heading), *(len(name) for name, _ in rows))
    out = [paint.bold(f"{heading:<{width}}  {'native':>7}  {'bridged':>7}  {'left':>7}")]
    styles = (paint.good, paint.warn, paint.bad)
    for index, (name, counts) in enumerate(rows):
        cells = []
        for state, style in zip(_HEADS, styles, strict=True):
            number = _number(counts, state)
            cells.append(style(f"{number:>7}") if number else f"{number:>7}")
        line = f"{one_line(name):<{width}}  " + "  ".join(cells)
        out.append(f"{line}  {more[index]}" if more else line)
    return out


def _number(counts: Counts, state: str) -> int:
    return {"native": counts["native"], "bridged": counts["bridged"], "left": counts["left"]}[state]


def _sentence(message: str, advice: str) -> str:
    return f"{one_line(message)}; {one_line(advice)}" if advice else one_line(message)
