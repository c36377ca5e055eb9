"""`diff`: the patch alone on stdout, everything else on stderr, and nothing written."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

from grpc2connect.results import Audit, FileError
from tests.cli.conftest import Shell
from tests.cli.fakes import FakeEngine, addition, answer, edit, reference


def test_nothing_to_change(project: Path, shell: Shell) -> None:
    outcome = shell("diff")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.endswith("0 files would change, 0 findings, 0 errors\n")


def test_patch_equals_what_migrate_writes(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), addition(project / "gen" / "x_connect.py"))
    outcome = shell("diff")
    assert outcome.code == 1
    assert (project / "server.py").read_bytes() == b"import grpc\r\n"
    subprocess.run(["git", "apply", "-"], input=outcome.out.encode(), cwd=project, check=True, timeout=60)
    patched = {path.name: path.read_bytes() for path in project.rglob("*.py")}
    subprocess.run(["git", "checkout", "-q", "."], cwd=project, check=True, timeout=60)
    (project / "gen" / "x_connect.py").unlink()
    assert shell("migrate").code == 0
    assert {path.name: path.read_bytes() for path in project.rglob("*.py")} == patched


def test_paths_are_relative_to_the_top_of_the_repository(project: Path, engine: FakeEngine, shell: Shell) -> None:
    below = project / "below"
    below.mkdir()
    (below / "server.py").write_bytes(b"import grpc\n")
    engine.answer = answer(edit(below / "server.py"))
    assert "diff --git a/below/server.py b/below/server.py\n" in shell("diff", "below").out


def test_failed_file_wins_over_change_and_ledger_over_both(project: Path, engine: FakeEngine, shell: Shell) -> None:
    error = FileError(project / "bad.py", "G2C002", "line 3 does not parse", "correct it")
    engine.answer = dataclasses.replace(answer(edit(project / "server.py")), errors=(error,))
    outcome = shell("diff")
    assert outcome.code == 3
    assert "bad.py: G2C002 line 3 does not parse; correct it\n" in outcome.err
    assert "server.py" in outcome.out
    engine.answer = dataclasses.replace(engine.answer, audit=Audit(2, 1))
    assert shell("diff").code == 4


def test_json_replaces_the_patch(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    outcome = shell("diff", "--json")
    document = json.loads(outcome.out)
    assert (outcome.code, document["exit_code"], document["command"]) == (1, 1, "diff")
    assert document["changes"][0]["path"] == "server.py"


def test_quiet_leaves_patch_and_summary(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    outcome = shell("diff", "-q")
    assert outcome.out.startswith("diff --git")
    assert len(outcome.err.splitlines()) == 1


def test_colour_only_on_request_when_not_a_terminal(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    assert "\x1b[" not in shell("diff").out
    assert "\x1b[32m+import \x1b[7mconnect\x1b[27m\x1b[0m\r\n" in shell("diff", "--color=always").out


def test_single_file_waits_for_the_others_and_names_them(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), edit(project / "client.py"))
    outcome = shell("diff", "server.py")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "client.py: has to change together with the given files" in outcome.err
    assert engine.asked[0].paths == (project,)


def test_internal_error_is_a_line_and_a_code_of_its_own(project: Path, engine: FakeEngine, shell: Shell) -> None:
    def fail() -> None:
        raise RuntimeError("boom [int]")

    engine.on_run = fail
    outcome = shell("diff")
    assert outcome.code == 70
    assert outcome.err.startswith("error[internal-error]: RuntimeError: boom [int]; please report it, ")


def test_finding_outside_given_paths_is_absolute(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(entries=[reference(Path("/elsewhere/x.py"))])
    assert "/elsewhere/x.py" in shell("diff").err


def test_stat_beside_a_file_and_without_groups(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    outcome = shell("diff", "--stat", "-o", "../x.patch")
    assert " server.py | 2 +- " in outcome.out
    assert (project / "../x.patch").read_bytes().startswith(b"diff --git a/server.py b/server.py\n")
    assert shell("diff", "--stat", "--by", "unit").err.startswith("error[options-clash]: ")
