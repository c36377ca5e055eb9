"""`check`: what remains, beyond the baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grpc2connect.results import State
from tests.cli.conftest import Shell
from tests.cli.fakes import FakeEngine, addition, answer, edit, reference


def test_clean(project: Path, shell: Shell) -> None:
    assert shell("check").code == 0


def test_reference_in_a_file_that_would_change_remains(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"))
    outcome = shell("check")
    assert outcome.code == 1
    assert outcome.out.startswith("server.py:1:1 G2C201 native: context.abort(x) [helloworld.Greeter]\n")


def test_left_reference_remains_and_a_moved_one_does_not(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(entries=[reference(project / "server.py", state=State.BRIDGED)])
    assert shell("check").code == 0
    engine.answer = answer(entries=[reference(project / "server.py", state=State.LEFT)])
    assert shell("check").code == 1


def test_missing_generated_module_counts(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(addition(project / "x_connect.py", "a.A"), addition(project / "runtime.py"))
    outcome = shell("check")
    assert outcome.code == 1
    assert "x_connect.py: would change" in outcome.out
    assert "runtime.py" not in outcome.out


def test_baseline_is_a_ratchet(project: Path, engine: FakeEngine, shell: Shell) -> None:
    path = project / "baseline.json"
    two = [reference(project / "server.py", line, State.LEFT) for line in (1, 2)]
    engine.answer = answer(entries=two)
    assert shell("check", "--baseline", path, "--update-baseline").code == 0
    assert json.loads(path.read_text()) == {"version": 1, "counts": {"server.py": {"G2C201": 2}}}
    assert shell("check", "--baseline", path).code == 0
    engine.answer = answer(entries=[*two, reference(project / "server.py", 3, State.LEFT)])
    outcome = shell("check", "--baseline", path)
    assert outcome.code == 1
    assert "server.py: 3 of G2C201 remain, the baseline allows 2" in outcome.out
    engine.answer = answer(entries=two[:1])
    outcome = shell("check", "--baseline", path)
    assert outcome.code == 0
    assert "1 reference less than the baseline" in outcome.err


def test_baseline_from_the_configuration(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "pyproject.toml").write_text('[tool.grpc2connect]\nbaseline = "b.json"\n')
    (project / "b.json").write_text('{"version": 1, "counts": {"server.py": {"G2C201": 1}}}')
    engine.answer = answer(entries=[reference(project / "server.py", state=State.LEFT)])
    assert shell("check").code == 0


@pytest.mark.parametrize("content", ["{", '{"version": 9, "counts": {}}', "[]", '{"version": 1, "counts": {"a": 1}}'])
def test_broken_baseline_is_one_line(project: Path, shell: Shell, content: str) -> None:
    (project / "b.json").write_text(content)
    outcome = shell("check", "--baseline", "b.json")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert "b.json" in outcome.err


def test_hook_judges_given_files_and_names_others(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), edit(project / "client.py"))
    outcome = shell("check", "server.py")
    assert outcome.code == 1
    assert "client.py" not in outcome.out
    assert "client.py: has to change together with the given files" in outcome.err
    assert shell("check", "plain.py").code == 0
