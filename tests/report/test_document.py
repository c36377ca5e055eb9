"""The document: its published schema, its sums, and names of rows that outlive moved lines."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grpc2connect.report import json_report
from grpc2connect.report.document import SCHEMA_VERSION, Document
from grpc2connect.report.json_report import document
from grpc2connect.report.shape import WrongShape, check
from grpc2connect.results import Place, RunResult
from tests.report import reports, samples

REPOSITORY = Path(__file__).parents[2]
SCHEMA = json.loads((REPOSITORY / "docs" / "report.schema.json").read_bytes())


def test_published_schema_is_that_of_the_types() -> None:
    made = runpy.run_path(str(REPOSITORY / "scripts" / "report_schema.py"))["text"]()
    assert (REPOSITORY / "docs" / "report.schema.json").read_bytes().decode() == made, "run scripts/report_schema.py"
    assert SCHEMA["$id"] == f"urn:grpc2connect:report:{SCHEMA_VERSION}"


@pytest.mark.parametrize("full", [True, False], ids=["report", "another command"])
def test_documents_fit_the_schema_and_the_own_check(full: bool) -> None:
    made = reports.report() if full else document(samples.result(), command="check", exit_code=1)
    read = json.loads(json_report.dump(made))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(read, SCHEMA, jsonschema.Draft202012Validator)
    check(read, Document)


def spoiled(data: Any, *path: str | int, value: object = None) -> Any:
    made = copy.deepcopy(data)
    at = made
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


@pytest.mark.parametrize(
    "path, value, says",
    [
        (("summary",), None, "summary is missing"),
        (("references", 0, "line"), "7", r"references\[0\].line is no integer"),
        (("references", 0, "behaviour"), 1, r"references\[0\].behaviour is no boolean"),
        (("references", 0, "state"), "done", r"references\[0\].state is 'done'; known are native, bridged, left"),
        (("units",), {}, "units is not a list"),
        (("audit",), [], "audit is not an object"),
        (("excerpts",), {"a.py": [{"line": 1}]}, r"excerpts\['a.py'\]\[0\].lines is missing"),
    ],
)
def test_both_checks_find_what_is_wrong(path: tuple[str | int, ...], value: object, says: str) -> None:
    data = spoiled(json.loads(json_report.dump(reports.report())), *path, value=value)
    with pytest.raises(WrongShape, match=says):
        check(data, Document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)


def moved(run: RunResult, by: int) -> RunResult:
    """The same run, where `by` lines have been put on top of every file."""

    def down(place: Place) -> Place:
        return Place(place.path, place.line + by, place.column)

    return dataclasses.replace(
        run,
        ledger=tuple(dataclasses.replace(entry, place=down(entry.place)) for entry in run.ledger),
        findings=tuple(dataclasses.replace(one, place=down(one.place)) for one in run.findings),
    )


def names(made: Document) -> list[str]:
    return [row["fingerprint"] for row in (*made["references"], *made["findings"], *made["errors"])]


def test_fingerprints_are_unique_and_stay_when_lines_move() -> None:
    before, after = names(reports.report()), names(reports.report(moved(reports.result(), 40)))
    assert before == after
    assert len(set(before)) == len(before)


def test_a_reference_that_goes_leaves_the_names_of_others_alone() -> None:
    run = reports.result()
    fewer = dataclasses.replace(run, ledger=tuple(e for e in run.ledger if e.place.path != run.ledger[-1].place.path))
    assert set(names(reports.report(fewer))) < set(names(reports.report(run)))


def test_sums_agree_with_the_rows_and_count_shared_ones_for_each() -> None:
    made = reports.report()
    summary = made["summary"]
    assert summary["references"] == summary["native"] + summary["bridged"] + summary["left"] == len(made["references"])
    assert sum(file["references"] for file in made["files"]) == summary["references"]
    for unit in made["units"]:
        of_unit = [row for row in made["references"] if unit["name"] in (row["units"] or ["(no service)"])]
        assert unit["references"] == len(of_unit)
        assert sum(counts["references"] for counts in unit["stages"].values()) == unit["references"]
    owners = {owner["name"]: owner for owner in made["owners"]}
    assert owners["@org/team0"]["files"] == 4
    assert owners["(no owner)"]["findings"] == 1


def test_rows_stand_in_the_order_of_their_places() -> None:
    rows = reports.report()["references"]
    places = [(row["path"], row["line"], row["column"]) for row in rows]
    assert places == sorted(places)


def test_lines_are_kept_around_what_is_not_native_only() -> None:
    made = reports.report()
    for path, excerpts in made["excerpts"].items():
        numbers = {n for one in excerpts for n in range(one["line"], one["line"] + len(one["lines"]))}
        rows = [row for row in made["references"] if row["path"] == path]
        assert all((row["line"] in numbers) for row in rows if row["state"] != "native")
        assert all(right["line"] > left["line"] + len(left["lines"]) for left, right in itertools.pairwise(excerpts))
