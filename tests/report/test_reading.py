"""Text, Markdown and annotations: what a reader sees, within the limits of where it is shown."""

from __future__ import annotations

import dataclasses
import re

from grpc2connect.report import github, markdown, plain, prose
from grpc2connect.report.paint import Paint
from grpc2connect.report.places import from_top
from grpc2connect.results import Finding, Place, Severity
from tests.report import reports


def test_text_has_services_stages_owners_and_reasons() -> None:
    lines = plain.render(reports.report(), Paint())
    assert lines[0].split() == ["service", "native", "bridged", "left"]
    text = "\n".join(lines)
    assert re.search(r"^Clients +16 +16 +16$", text, re.MULTILINE)
    assert re.search(r"^@org/team0 .* 4 files, 1 finding$", text, re.MULTILINE)
    assert "G2C501 left: stub.Call; because of 0" in text
    assert lines[-1] == plain.summary_line(reports.report())


def test_text_says_which_part_is_shown() -> None:
    made = reports.report()
    made["shown"] = {"shard": "1/2", "owners": ["@a", "@b"], "since": "main"}
    assert plain.render(made, Paint())[0] == "Part of the run: shard 1/2; owner @a, @b; changed since main"


def test_markdown_is_bounded_and_what_a_project_holds_means_nothing_in_it() -> None:
    run = reports.result(2)
    bad = "a|b <img src=x> [x](http://evil.example) @everyone `code`\n## no"
    many = tuple(Finding("G2C301", Place(reports.ROOT / f"{n}.py", 1, 1), bad + "x" * 900) for n in range(5000))
    text = markdown.render(reports.report(dataclasses.replace(run, findings=many)))
    assert len(text.encode()) < 2**20 / 10
    assert "4900 rows more." in text
    row = next(line for line in text.splitlines() if "G2C301" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    assert "\\<img" in row and "\\[x\\]" in row and "@everyone" not in row and "http://" not in row
    assert not re.search(r"^## no", text, re.MULTILINE)


def test_annotations_keep_to_githubs_limits_and_the_rest_is_in_the_log() -> None:
    run = reports.result(2)
    attack = "::error::owned\n::set-env name=X::y\n::stop-commands::z"
    many = tuple(
        Finding("G2C301", Place(reports.ROOT / f"::warning::{n}.py", n + 1, 1), attack, "", Severity.WARNING)
        for n in range(30)
    )
    lines = github.render(reports.report(dataclasses.replace(run, findings=many)))
    stop = next(index for index, line in enumerate(lines) if line.startswith("::stop-commands::"))
    token = lines[stop].removeprefix("::stop-commands::")
    commands, inside = lines[:stop], lines[stop + 1 : lines.index(f"::{token}::")]
    for level in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{level} ") for line in commands) <= github.MOST
    assert len(inside) == 30 + 2 - 9
    assert all(line.startswith("- ") and "\n" not in line for line in inside)
    assert not any(token in line for line in inside)
    assert all(line.startswith("::") for line in commands)
    assert any("more in" in line for line in commands)


def test_paths_are_seen_from_the_top_of_the_repository() -> None:
    made = reports.report(repository_path="services/shop")
    assert from_top(made, "team0/a.py") == "services/shop/team0/a.py"
    assert from_top(made, "/elsewhere/a.py") == "/elsewhere/a.py"
    assert github.render(made)[0].startswith("::error file=services/shop/bad.py,title=G2C002::")


def test_documentation_is_taken_apart() -> None:
    text = "G2C201, G2C202: `abort` ends.\n\nWhy: a handler\nraises.\n\n    - abort()\n\n    + raise\n\n"
    text += "Bridged: no.\nLeft: never.\n"
    found = prose.blocks(text)
    assert [(one.kind, one.label, one.text) for one in found] == [
        ("text", "", "`abort` ends."),
        ("text", "Why", "a handler raises."),
        ("diff", "", "- abort()\n\n+ raise"),
        ("text", "Bridged", "no."),
        ("text", "Left", "never."),
    ]
    assert prose.plain(text) == "abort ends."
    assert "**Why:** a handler raises." in prose.markdown(text)


def test_what_comments_speak_for_is_shown_with_its_reason_and_asked_of_nobody() -> None:
    made = reports.report()
    last = made["suppressed"][-1]
    assert last["reference"] and last["units"]
    place = f"{last['path']}:{last['line']}"
    assert f"{place}:5 {last['code']} stub.Call: known: </script>" in "\n".join(plain.render(made, Paint()))
    assert "### Suppressed by comments" in markdown.render(made)
    kept = next(row for row in made["references"] if row["state"] == "left")
    before = github.render(made)
    made["suppressed"] = [
        *made["suppressed"],
        {**last, **{name: kept[name] for name in ("path", "line", "column", "code")}},
    ]  # type: ignore[literal-required,typeddict-item]
    gone = set(before) - set(github.render(made))
    assert any(f"file={kept['path']},line={kept['line']}" in line for line in gone)
