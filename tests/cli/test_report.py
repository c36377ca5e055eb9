"""`report`: its formats, parts and owners, from a project under git to the last byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grpc2connect.results import Audit, Entry, Place, RunResult, State
from tests.cli.conftest import Shell, git
from tests.cli.fakes import FakeEngine, answer, edit, reference


def entries(folder: Path) -> tuple[Entry, ...]:
    """Two services in two files, and an import of none."""
    server, client = folder / "server.py", folder / "client.py"
    return (
        Entry(Place(server, 1, 8), "Import", "G2C805", State.NATIVE, "grpc", (), False),
        Entry(Place(server, 1, 1), "RpcUse", "G2C401", State.LEFT, "import", ("a.Greeter",), True, "held"),
        Entry(Place(client, 1, 1), "RpcUse", "G2C201", State.BRIDGED, "import", ("b.Echo", "a.Greeter"), True, "odd"),
        Entry(Place(client, 1, 8), "RpcUse", "G2C201", State.NATIVE, "grpc", ("b.Echo",)),
    )


@pytest.fixture
def told(project: Path, engine: FakeEngine) -> FakeEngine:
    ledger = entries(project)
    engine.answer = RunResult(Path(), ledger=ledger, audit=Audit(len(ledger), len(ledger)), files_seen=3)
    return engine


def commit(project: Path, name: str, data: str) -> None:
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(data, encoding="utf-8")
    git(project, "add", "-A")
    git(project, "commit", "-qm", name)


@pytest.mark.parametrize(
    "form, start",
    [
        ("json", "{\n"),
        ("sarif", "{\n"),
        ("github", "::warning file=server.py,line=1"),
        ("html", "<!doctype html>\n"),
        ("text", "service "),
        ("markdown", "## gRPC to Connect\n"),
    ],
)
def test_formats(told: FakeEngine, project: Path, shell: Shell, form: str, start: str) -> None:
    outcome = shell("report", "--format", form)
    assert outcome.code == 0
    assert outcome.out.lstrip("\n").startswith(start)
    assert outcome.err.count("\n") == (0 if form == "text" else 1)
    to = project.parent / "out"
    assert shell("report", "--format", form, "-o", to).out == ""
    assert to.read_bytes().decode() == outcome.out


def test_report_has_lines_rules_and_the_commit(told: FakeEngine, project: Path, shell: Shell) -> None:
    made = json.loads(shell("report").out)
    assert made["excerpts"] == {
        "client.py": [{"line": 1, "lines": ["import grpc", ""]}],
        "server.py": [{"line": 1, "lines": ["import grpc", ""]}],
    }
    assert [rule["code"] for rule in made["rules"]] == ["G2C201", "G2C401"]
    assert len(made["revision"]) == 12
    assert "owners" not in made
    (project / "plain.py").write_bytes(b"y = 1\n")
    assert json.loads(shell("report").out)["revision"] == made["revision"] + "+"


def test_units_paths_and_owners_narrow(told: FakeEngine, project: Path, shell: Shell) -> None:
    commit(project, ".github/CODEOWNERS", "* @all\nclient.py @web  @all\n!x @y\n")

    def rows(*arguments: str) -> list[tuple[str, str]]:
        outcome = shell("report", *arguments)
        assert outcome.code == 0
        return [(row["path"], row["state"]) for row in json.loads(outcome.out)["references"]]

    client = [("client.py", "bridged"), ("client.py", "native")]
    assert rows("--unit", "Echo") == client
    assert rows("--unit", "a.Greeter") == [client[0], ("server.py", "left")]
    assert rows("--path", "*.py", "--path", "!client.py") == [("server.py", "left"), ("server.py", "native")]
    assert rows("--owner", "@web") == client
    assert rows("--unit", "a.Greeter", "--owner", "@web") == client[:1]
    assert rows("--path", "nowhere") == []
    noted = shell("report", "--owner", "@all").err
    assert "CODEOWNERS:3: " in noted
    own = project.parent / "OWNERS"
    own.write_text("server.py @me\n", encoding="utf-8")
    assert rows("--codeowners", str(own), "--owner", "@me") == [("server.py", "left"), ("server.py", "native")]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--unit", "a.Greter"], "no reference belongs to a service 'a.Greter'; did you mean 'a.Greeter'?"),
        (["--owner", "@web"], "nothing here is owned by '@web'"),
        (["--since", "nowhere"], "--since nowhere: no such revision"),
        (["--since", "--output=x"], "--since --output=x: no such revision"),
        (["--shard", "5/4"], "--shard 5/4: parts are numbered"),
        (["--codeowners", "absent"], "absent: cannot be read"),
        (["--merge"], "--merge needs the JSON reports"),
        (["--merge", "plain.py"], "plain.py: no JSON; write it with report --format json"),
        (["--merge", "--shard", "1/2", "plain.py"], "leave out --shard"),
    ],
)
def test_what_cannot_be_done_is_one_line(told: FakeEngine, shell: Shell, arguments: list[str], says: str) -> None:
    outcome = shell("report", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert outcome.err.count("\n") == 1


def test_since_shows_what_a_branch_changed_whoever_committed_elsewhere(
    told: FakeEngine, project: Path, shell: Shell
) -> None:
    git(project, "branch", "work")
    commit(project, "server.py", "import grpc  # on the main branch\n")
    git(project, "branch", "trunk")
    git(project, "checkout", "-q", "work")

    def paths() -> set[str]:
        return {row["path"] for row in json.loads(shell("report", "--since", "trunk").out)["references"]}

    assert paths() == set()
    commit(project, "client.py", "import grpc  # on the branch\n")
    assert paths() == {"client.py"}
    (project / "server.py").write_bytes(b"import grpc  # not committed\n")
    assert paths() == {"client.py", "server.py"}


def test_parts_merge_to_the_whole_report(told: FakeEngine, project: Path, shell: Shell) -> None:
    commit(project, "CODEOWNERS", "client.py @web\n")
    whole = shell("report")
    for index in (1, 2):
        assert shell("report", "--shard", f"{index}/2", "-o", project.parent / f"{index}.json").code == 0
    merged = shell("report", "--merge", project.parent / "2.json", project.parent / "1.json")
    assert merged.out == whole.out
    assert (
        shell("report", "--merge", "--format", "html", *sorted(project.parent.glob("*.json"))).out
        == shell("report", "--format", "html").out
    )
    # A service or an owner that is in another part only is no mistake.
    units = [row["name"] for row in json.loads(whole.out)["units"]]
    asked = [*(("--unit", name) for name in units), ("--owner", "@web")]
    parts = [shell("report", "--shard", f"{index}/2", *one).code for one in asked for index in (1, 2)]
    assert not any(parts)
    alone = shell("report", "--merge", project.parent / "1.json")
    assert (alone.code, alone.out) == (2, "")
    assert "missing: 2/2" in alone.err


def test_a_project_in_a_folder_of_its_repository_is_seen_from_the_top(
    project: Path, engine: FakeEngine, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "services" / "shop"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.grpc2connect]\n", encoding="utf-8")
    (inner / "a.py").write_bytes(b"import grpc\n")
    commit(project, "CODEOWNERS", "/services/ @shop\n")
    monkeypatch.chdir(inner)
    engine.answer = answer(edit(inner / "a.py"), entries=[reference(inner / "a.py", state=State.LEFT)])
    made = json.loads(shell("report").out)
    assert (made["repository_path"], made["references"][0]["path"]) == ("services/shop", "a.py")
    assert made["references"][0]["owners"] == ["@shop"]
    assert "file=services/shop/a.py" in shell("report", "--format", "github").out
    assert json.loads(shell("report", "--since", "HEAD~1").out)["summary"]["references"] == 1
    assert json.loads(shell("report", "--since", "HEAD").out)["summary"]["references"] == 0


def test_exit_code_is_that_of_the_run_whatever_is_shown(told: FakeEngine, shell: Shell) -> None:
    told.answer = RunResult(Path(), ledger=told.answer.ledger, audit=Audit(9, 4))
    outcome = shell("report", "--format", "text", "--path", "nowhere")
    assert outcome.code == 4
    assert "THE LEDGER DOES NOT ADD UP" in outcome.out


def test_parts_of_check_find_together_what_the_whole_finds(told: FakeEngine, project: Path, shell: Shell) -> None:
    def beyond(*arguments: object) -> set[str]:
        outcome = shell("check", *arguments)
        found = {line.split(" ")[0] for line in outcome.out.splitlines() if " left: " in line}
        assert outcome.code == (1 if found else 0)
        return found

    whole = beyond()
    assert whole == {"server.py:1:1"}
    parts = [beyond("--shard", "1/2"), beyond("--shard", "2/2")]
    assert sorted(map(len, parts)) == [0, 1] and set.union(*parts) == whole
    base = project.parent / "baseline.json"
    assert shell("check", "--baseline", base, "--update-baseline", "--allow-growth", "first").code == 0
    assert beyond("--baseline", base, "--shard", "1/2") | beyond("--baseline", base, "--shard", "2/2") == set()
    outcome = shell("check", "--baseline", base, "--update-baseline", "--shard", "1/2")
    assert (outcome.code, outcome.out) == (2, "")
