"""Parts of a report: a service is whole in one, and all together are the report that was never divided."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc2connect.report import github, json_report, markdown, merging, narrowing, page, plain, sarif, shards
from grpc2connect.report.document import Document
from grpc2connect.report.ledger import NO_UNIT
from grpc2connect.report.paint import Paint
from tests.report import reports

FACES = {
    "json": json_report.dump,
    "sarif": sarif.render,
    "github": lambda made: "\n".join(github.render(made)),
    "html": page.render,
    "text": lambda made: "\n".join(plain.render(made, Paint())),
    "markdown": markdown.render,
}


def parts(whole: Document, of: int) -> list[Document]:
    """As `--shard` makes them."""
    made = []
    for index in range(1, of + 1):
        shard = shards.Shard(index, of)
        keep = shards.keeper(shard, [row["units"] for row in whole["references"]])
        units = [name for name in narrowing.units_of(whole) if name == NO_UNIT or keep("", [name])]
        part = narrowing.narrowed(whole, keep, {"shard": str(shard), "shard_units": sorted(units)})
        made.append(narrowing.with_excerpts(part, reports.lines))
    return made


def named(documents: list[Document]) -> list[tuple[Path, Document]]:
    return [(Path(f"{index}.json"), document) for index, document in enumerate(documents)]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
@pytest.mark.parametrize("face", FACES)
def test_merged_parts_are_the_whole_in_every_format(face: str, of: int) -> None:
    whole = reports.report()
    read = [json.loads(json_report.dump(part)) for part in reversed(parts(whole, of))]
    assert FACES[face](merging.merge(named(read))) == FACES[face](whole)


@pytest.mark.parametrize("of", [2, 3, 7])
def test_a_service_is_whole_in_one_part(of: int) -> None:
    whole = reports.report()
    sizes = {unit["name"]: unit["references"] for unit in whole["units"] if unit["name"] != NO_UNIT}
    found = Counter[str]()
    for part in parts(whole, of):
        for unit in part["units"]:
            if unit["name"] != NO_UNIT:
                assert unit["references"] == sizes[unit["name"]]
                found[unit["name"]] += 1
    assert found == Counter(dict.fromkeys(sizes, 1))


@settings(max_examples=50, deadline=None)
@given(sizes=st.dictionaries(st.text(max_size=4), st.integers(1, 50), max_size=30), of=st.integers(1, 9))
def test_parts_are_balanced(sizes: dict[str, int], of: int) -> None:
    dealt = shards.deal(Counter(sizes), of)
    loads = [sum(size for name, size in sizes.items() if dealt[name] == part) for part in range(1, of + 1)]
    assert dealt.keys() == sizes.keys()
    assert max(loads) - min(loads) <= max(sizes.values(), default=0)


def test_parts_of_a_result_have_the_rows_of_parts_of_its_report() -> None:
    run = reports.result()
    for index in (1, 2, 3):
        part = shards.part(run, shards.Shard(index, 3))
        made = json_report.document(part, command="report", exit_code=0)
        wanted = parts(reports.report(run), 3)[index - 1]
        places = [(row["path"], row["line"], row["column"]) for row in made["references"]]
        assert places == [(row["path"], row["line"], row["column"]) for row in wanted["references"]]
        assert made["changes"] == wanted["changes"]
        assert made["summary"]["findings"] == wanted["summary"]["findings"]
        assert part.audit == run.audit


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "1/", "a/b", "1/1001", "-1/2", "1/2/3", "9" * 20 + "/2"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match=r"1/n to n/n|is not i/n"):
        shards.parse(text)


def test_what_cannot_be_merged_is_one_line(tmp_path: Path) -> None:
    whole = reports.report()
    one, two, three = parts(whole, 3)
    other = parts(reports.report(reports.result(6)), 3)
    cases = {
        "missing: 2/3": [one, three],
        "as is 0.json": [one, one, two, three],
        "others are of 3": [one, *parts(whole, 2)],
        "of another run": [one, other[1], three],
        "not made with --shard": [whole, whole],
        "narrowed otherwise": [one, narrowing.narrowed(two, lambda path, units: True, {"paths": ["x"]}), three],
    }
    for says, documents in cases.items():
        with pytest.raises(merging.CannotMerge, match=says) as caught:
            merging.merge(named(documents))
        assert "\n" not in str(caught.value)
    plain_json = json_report.document(reports.result(), command="check", exit_code=0)
    with pytest.raises(merging.CannotMerge, match="made by check --json"):
        merging.merge(named([plain_json]))
    files = {
        "no JSON": b"{",
        "no report": b"[]",
        "summary is missing": b"{}",
        "schema version 7": b'{"schema_version": 7}',
    }
    for says, data in files.items():
        path = tmp_path / "a.json"
        path.write_bytes(
            data.replace(b"{}", json.dumps({**whole, "summary": 1}).encode().replace(b'"summary"', b'"s"'))
        )
        with pytest.raises(merging.CannotMerge, match=says):
            merging.load(path)
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(merging.CannotMerge, match="no JSON"):
        merging.load(path)


def test_narrowing_shows_less_and_decides_the_same() -> None:
    whole = reports.report()
    by_name = {row["fingerprint"]: row for row in whole["references"]}
    only = {"shop.v1.Service1"}
    part = narrowing.narrowed(whole, lambda path, units: bool(only & set(units)), {"units": sorted(only)})
    assert [unit["name"] for unit in part["units"]] == ["shop.v1.Service1"]
    assert part["units"][0] in whole["units"]
    assert all(by_name[row["fingerprint"]] == row for row in part["references"])
    assert part["audit"] == whole["audit"]
    team = narrowing.narrowed(whole, lambda path, units: True, {"owners": ["@org/team2"]}, owners=["@org/team2"])
    assert {row["path"].split("/")[0] for row in team["references"]} == {"team2"}


def test_services_are_found_by_their_last_part() -> None:
    known = {"a.Greeter", "b.Greeter", "b.Echo", "Plain"}
    assert narrowing.resolved(["Greeter", "b.Echo", "Plain"], known) == (
        ["Plain", "a.Greeter", "b.Echo", "b.Greeter"],
        [],
    )
    assert narrowing.resolved(["greeter"], known) == ([], ["greeter"])
