"""Ledger, text, JSON and annotations: the same numbers in every face, and source text shown as it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from grpc2connect.report import github, json_report, text
from grpc2connect.report.ledger import NO_UNIT, Count, ledger, percent, render, summary_line
from grpc2connect.report.paint import Paint, one_line, shown
from grpc2connect.results import Audit, FileError, RunResult
from tests.report import samples

PLAIN = Paint()


def test_ledger_sums_per_unit_and_per_file() -> None:
    sums = ledger(samples.result())
    assert sums.total == Count(2, 1, 1)
    assert sums.behaviour == Count(1, 1, 1)
    assert sums.by_unit == {samples.ECHO: Count(0, 0, 1), samples.GREETER: Count(2, 1, 1)}
    assert sums.by_file == {"pkg/client.py": Count(0, 0, 1), "server.py": Count(2, 1, 0)}


def test_entry_without_unit_has_a_row() -> None:
    result = dataclasses.replace(samples.result(), ledger=(samples.entry(units=()),))
    assert ledger(result).by_unit == {NO_UNIT: Count(1, 0, 0)}


def test_summary_line() -> None:
    assert summary_line(samples.result()) == (
        "4 references in 2 files: 2 native, 1 bridged, 1 left "
        "(33.3%, 33.3%, 33.3% of the 3 that are no imports or annotations); "
        "2 files would change (1 new), 2 findings, 1 error"
    )


def test_summary_line_of_nothing() -> None:
    assert summary_line(RunResult(Path("/r"))) == (
        "0 references in 0 files: 0 native, 0 bridged, 0 left; 0 files would change, 0 findings, 0 errors"
    )


def test_summary_line_says_when_the_ledger_does_not_add_up() -> None:
    result = dataclasses.replace(samples.result(), audit=Audit(5, 4, ("server.py:3 'grpc'",)))
    assert summary_line(result).endswith("THE LEDGER DOES NOT ADD UP")
    lines = render(result, PLAIN)
    assert "ledger: 5 references were counted, 4 were entered" in lines
    assert "ledger: not accounted for: server.py:3 'grpc'" in lines


@pytest.mark.parametrize(
    "part, whole, shows", [(0, 9, "0.0%"), (9, 9, "100.0%"), (9999, 10000, "99.9%"), (1, 10000, "0.1%"), (0, 0, "-")]
)
def test_percent_never_rounds_to_all_or_nothing(part: int, whole: int, shows: str) -> None:
    assert percent(part, whole) == shows


def test_ledger_is_a_table_with_the_summary_last() -> None:
    lines = render(samples.result(), PLAIN)
    assert lines[0].split() == ["unit", "native", "bridged", "left"]
    assert lines[1].split() == [samples.ECHO, "0", "0", "1"]
    assert lines[-1] == summary_line(samples.result())


def test_findings_in_order_of_place() -> None:
    assert text.findings(samples.result(), PLAIN) == [
        "pkg/client.py:7:2 G2C410 option dropped: a,b: 100%",
        "server.py:9:1 G2C305 the port newly accepts JSON; set protocols=",
    ]


def test_error_is_one_line_whatever_it_says() -> None:
    error = FileError(samples.ROOT / "a b.py", "G2C002", "bad\nthing\x1b[31m", "try\tthis")
    assert text.error_line(error, samples.ROOT, PLAIN) == (
        "error[cannot-parse]: a b.py: G2C002 bad thing\\x1b[31m; try this"
    )


def test_entry_shows_source_text_unchanged() -> None:
    entry = samples.entry(text="foo: List[int] = bar[bold]  # :smile:", why="[red]")
    assert text.entry_line(entry, samples.result(), PLAIN) == (
        "server.py:1:5 G2C201 native: foo: List[int] = bar[bold] # :smile: [helloworld.Greeter]; [red]"
    )


def test_paint_off_is_identity_and_on_only_surrounds() -> None:
    assert Paint().bad("x[int]") == "x[int]"
    assert Paint(on=True).bad("x[int]") == "\x1b[31mx[int]\x1b[0m"


def test_paths_outside_the_root_stay_absolute_and_blanks_stay() -> None:
    assert shown(Path("/elsewhere/a.py"), Path("/project")) == "/elsewhere/a.py"
    assert shown(Path("/project/a  b.py"), Path("/project")) == "a  b.py"
    assert one_line("a\n  b\udce9") == "a b\\xdce9"


def test_json_has_a_version_and_the_same_numbers() -> None:
    document = json.loads(json_report.render(samples.result(), command="diff", exit_code=1))
    assert document["schema_version"] == 1
    assert document["exit_code"] == 1
    assert document["summary"]["references"] == len(document["references"]) == 4
    assert document["summary"]["behaviour"] == {"references": 3, "native": 1, "bridged": 1, "left": 1}
    assert document["audit"] == {"holds": True, "counted": 4, "entered": 4, "unexplained": []}
    assert document["changes"][1] == {
        "path": "server.py",
        "new": False,
        "lines_added": 1,
        "lines_removed": 1,
        "units": [samples.GREETER],
    }
    assert document["changes"][0]["new"] is True
    assert document["references"][0]["state"] == "left"
    assert document["errors"][0]["path"] == "bad.py"
    assert {unit["name"]: unit["left"] for unit in document["units"]} == {samples.ECHO: 1, samples.GREETER: 1}


def annotations(result: RunResult) -> list[str]:
    return github.render(json_report.document(result, command="report", exit_code=0))


def test_github_annotations_escape_and_order() -> None:
    assert annotations(samples.result()) == [
        "::error file=bad.py,title=G2C002::cannot-parse: does not parse: line 3; correct it and run again",
        "::warning file=pkg/client.py,line=7,col=2,title=G2C410::option dropped: a,b: 100%25",
        "::warning file=pkg/client.py,line=3,col=5,title=G2C201::still gRPC: grpc.foo(List[int]); channelz",
        "::notice file=server.py,line=9,col=1,title=G2C305::the port newly accepts JSON; set protocols=",
    ]


def test_github_does_not_repeat_a_place() -> None:
    result = samples.result()
    there = dataclasses.replace(result.findings[0], place=result.ledger[3].place)
    lines = annotations(dataclasses.replace(result, findings=(there,)))
    assert sum("file=pkg/client.py,line=3" in line for line in lines) == 1
