"""docs/semantics.md: the cases and the reviewed differences; `scripts/semantics_page.py` writes it."""

from __future__ import annotations

from tests.semantics import cases
from tests.semantics.cases import Case
from tests.semantics.differences import Difference, load
from tests.semantics.program import FLAVOURS, REPOSITORY

PAGE = REPOSITORY / "docs" / "semantics.md"
_LONGEST = 220

_HEAD = """\
# Semantics

Each case is written once, in grpc-python, under `fixtures/semantics`: a handler (or a server's setting) and a probe
that writes down what a client sees, and where it matters what the handler saw. `tests/semantics` runs the program as
it is written (the reference: `grpcio` on both sides) and migrated by the tool, in these targets, each with sync and
`grpc.aio` clients and servers:

| target | client | server |
|---|---|---|
| `old-old` | grpc-python | grpc-python: the reference |
| `connect-old` | migrated | grpc-python |
| `old-connect` | grpc-python | migrated |
| `connect-connect` | migrated | migrated |
| `grpcio-old` | migrated, `G2C_WIRE=grpcio` | grpc-python |
| `old-grpcio` | grpc-python | migrated, `G2C_WIRE=grpcio` |
| `grpcio-grpcio` | migrated, `G2C_WIRE=grpcio` | migrated, `G2C_WIRE=grpcio` |

What a case shows is the same in all of them but for the differences in the one table below. A difference that is not
listed fails the tests, and so does a row that is no longer seen. This page is made from the docstrings of the program
and from `tests/semantics/differences.toml`: `python scripts/semantics_page.py`.
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(
        [
            _HEAD,
            "## Differences\n",
            "| case | target | client > server | grpc-python | migrated | reason |",
            "|---|---|---|---|---|---|",
            *map(_difference, load()),
            "",
            "## Handlers\n",
            "What a client sees of each, and what the handler itself sees.\n",
            *_table(cases.handlers()),
            "",
            "## Clients\n",
            *_table(cases.probes()),
            "",
        ]
    )


def _table(found: list[Case]) -> list[str]:
    rows = [f"| `{case.name}` | {_flavours(case.flavours)} | {_cell(case.text)} |" for case in found]
    return ["| case | in | what it shows |", "|---|---|---|", *rows]


def _flavours(flavours: tuple[str, ...]) -> str:
    return "both" if set(flavours) == set(FLAVOURS) else ", ".join(flavours)


def _difference(row: Difference) -> str:
    name = f"`{row.case}`" + (f" {row.part}" if row.part else "")
    ways = f"{_flavours(row.clients)} > {_flavours(row.servers)}"
    values = f"{_value(row.old)} | {_value(row.new)}"
    return f"| {name} | {', '.join(row.targets)} | {ways} | {values} | {_cell(row.reason)} |"


def _value(text: str) -> str:
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
    shown = shown.replace("\n", " ").replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else "(empty)"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
