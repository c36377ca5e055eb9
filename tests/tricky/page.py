"""docs/tricky.md: what becomes of the trickiest idioms; `scripts/tricky_page.py` writes it.

A program's docstring says what the idiom is (first line) and why a naive rewriting is wrong (second paragraph).
Paragraphs after these begin with `Left:` (why its services stay) or `Over grpcio alone:` (why it is only the same
there).
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass

from grpc2connect.results import RunResult, State
from tests.tricky.programs import NAMES, REPOSITORY, SOURCE, WIRES

PAGE = REPOSITORY / "docs" / "tricky.md"

_HEAD = """\
# Tricky idioms

What a census of real gRPC code found hardest to rewrite, each as a small program under `fixtures/tricky`.
`tests/tricky` runs every program as it is written (grpc-python on both sides), migrates all, and runs them again: as
the tool writes them, with `G2C_WIRE=connect` and with `G2C_WIRE=grpcio`. What clients see (responses, their order,
codes, messages, metadata) and what servers print must be the same.

This page is made from the programs' docstrings and from the ledger of their migration: `python scripts/tricky_page.py`.

| # | idiom | what a naive rewriter gets wrong | outcome | proof |
|--:|---|---|---|---|
"""
_LEFT, _GRPCIO_ALONE = "Left:", "Over grpcio alone:"


@dataclass(frozen=True)
class Idiom:
    """What a program's docstring says; `left` and `grpcio_alone` are reasons, empty where there is none."""

    name: str
    what: str
    why: str
    left: str = ""
    grpcio_alone: str = ""

    @property
    def wires(self) -> tuple[str, ...]:
        """The wires over which the migrated program does the same."""
        return ("grpcio",) if self.grpcio_alone else WIRES


def idiom(name: str) -> Idiom:
    """Read a program's docstring."""
    text = ast.get_docstring(ast.parse((SOURCE / name / "program.py").read_bytes()))
    assert text is not None, name
    what, why, *others = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    reasons = dict.fromkeys((_LEFT, _GRPCIO_ALONE), "")
    for other in others:
        mark = next(mark for mark in reasons if other.startswith(mark))
        reasons[mark] = other.removeprefix(mark).strip()
    return Idiom(name, what, why, reasons[_LEFT], reasons[_GRPCIO_ALONE])


def states(result: RunResult, name: str) -> Counter[State]:
    """How many references with behaviour of a program ended in each state."""
    return Counter(entry.state for entry in result.ledger if entry.behaviour and name in entry.place.path.parts)


def page(result: RunResult) -> str:
    """The text of the page, for a migration of all programs."""
    return _HEAD + "".join(_row(idiom(name), states(result, name)) for name in NAMES)


def _row(one: Idiom, found: Counter[State]) -> str:
    counts = ", ".join(f"{found[state]} {state.value}" for state in State if found[state])
    outcome = f"left: {one.left}" if one.left else f"moves: {counts}"
    proof = "run before and after; unchanged" if one.left else "run before and after, over each wire"
    if one.grpcio_alone:
        proof = f"run before and after, with `G2C_WIRE=grpcio`: {one.grpcio_alone}"
    number = one.name.partition("-")[0]
    link = f"[{int(number)}](../fixtures/tricky/{one.name}/program.py)"
    cells = (link, one.what, one.why, outcome, proof)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
