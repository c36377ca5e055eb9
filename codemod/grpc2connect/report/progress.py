"""How far each service is, stage by stage: what has moved already, what a run would move, and what is held.

The stages are those of `--stage`: generate, server, client, cleanup. What waits counts for the stage that moves it.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.report.document import (
    Document,
    Moved,
    Progress,
    Reference,
    SideName,
    Step,
    StepName,
    Steps,
    StepState,
)

STEPS: tuple[StepName, ...] = ("generate", "server", "client", "cleanup")
WORDS: dict[StepState, str] = {
    "done": "done",
    "open": "to do",
    "held": "held",
    "waits": "waits",
    "none": "-",
}
"""What the state of a step is called; a clean-up waits for the other steps."""


def progress(document: Document) -> list[Progress]:
    """The services that are shown, those of which nothing but moved code is left among them."""
    known = {one["name"]: one for one in document.get("moved", [])}
    rows: dict[str, list[Reference]] = {}
    for row in document["references"]:
        for name in row["units"]:
            rows.setdefault(name, []).append(row)
    shown = document.get("shown", {})
    limits = [set(names) for names in (shown.get("units"), shown.get("shard_units")) if names is not None]
    if shown.keys() & {"paths", "owners", "since", "shard_units"}:
        limits.append(set(rows))
    names = sorted(name for name in {*known, *rows} if all(name in limit for limit in limits))
    pending = {unit for row in document["changes"] if row["path"].endswith("_connect.py") for unit in row["units"]}
    changed = {row["path"] for row in document["changes"]}
    return [
        {"name": name, "steps": _steps(known.get(name), rows.get(name, []), name in pending, changed)} for name in names
    ]


def totals(rows: Iterable[Progress]) -> dict[StepName, tuple[int, int]]:
    """Of each step for how many services it is done, and for how many there is anything to do or done."""
    every = [row["steps"] for row in rows]
    return {
        step: (
            sum(one[step]["state"] == "done" for one in every),
            sum(one[step]["state"] != "none" for one in every),
        )
        for step in STEPS
    }


def _steps(moved: Moved | None, rows: list[Reference], pending: bool, changed: set[str]) -> Steps:
    server = _of_side("server", rows, moved["server"] if moved else 0, changed)
    client = _of_side("client", rows, moved["client"] if moved else 0, changed)
    has_module, has_stubs = (moved["module"], moved["stubs"]) if moved else (False, False)
    generate: StepState = "open" if pending else "done" if has_module else "held" if rows else "none"
    cleanup: StepState = "none"
    if has_stubs:
        unfinished = {server["state"], client["state"]} & {"open", "held"} or not has_module
        cleanup = "waits" if unfinished else "open"
    elif has_module:
        cleanup = "done"
    return {"generate": _whole(generate), "server": server, "client": client, "cleanup": _whole(cleanup)}


def _of_side(side: SideName, rows: list[Reference], done: int, changed: set[str]) -> Step:
    """What there is of one side; what is bridged where nothing changes has moved, and goes on so."""
    mine = [row for row in rows if row["behaviour"] and side in row.get("sides", ())]
    later = sum(row.get("later", False) for row in mine)
    held = sum(row["state"] == "left" for row in mine) - later
    moves = [row["path"] in changed for row in mine if row["state"] != "left"]
    open_, done = sum(moves) + later, done + len(moves) - sum(moves)
    state: StepState = "open" if open_ else "held" if held else "done" if done else "none"
    return {"state": state, "done": done, "open": open_, "held": held}


def _whole(state: StepState) -> Step:
    return {"state": state, "done": int(state == "done"), "open": int(state == "open"), "held": int(state == "held")}


def said(step: Step) -> str:
    """A step in a word or two: `done`, `3 to do, 2 held`."""
    if step["state"] in ("done", "none", "waits") or step["done"] + step["open"] + step["held"] == 1:
        return WORDS[step["state"]]
    parts = [f"{step['open']} to do" if step["open"] else "", f"{step['held']} held" if step["held"] else ""]
    return ", ".join(part for part in parts if part)
