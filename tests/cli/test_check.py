"""`check`: what remains, beyond the baseline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect.cli.baseline import HEADER
from grpc2connect.results import Entry, FileError, State
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


def left(project: Path, *texts: str) -> list[Entry]:
    entry = reference(project / "server.py", state=State.LEFT)
    return [replace(entry, place=replace(entry.place, line=line), text=text) for line, text in enumerate(texts, 1)]


def test_baseline_has_one_sorted_entry_a_line_and_forgets_lines(
    project: Path, engine: FakeEngine, shell: Shell
) -> None:
    engine.answer = answer(entries=left(project, "b(\n  1)", "a", "a"))
    outcome = shell("check", "--baseline", "base.txt", "--update-baseline")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "wrote base.txt: 3 references")
    lines = [line for line in (project / "base.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["server.py\tG2C201\ta", "server.py\tG2C201\ta", "server.py\tG2C201\tb( 1)"]
    engine.answer = answer(entries=left(project, "x", "a", "", "", "b( 1)", "a")[1:])
    assert shell("check", "--baseline", "base.txt").code == 1
    engine.answer = answer(entries=[one for one in engine.answer.ledger if one.text])
    assert shell("check", "--baseline", "base.txt").code == 0


def test_baseline_only_shrinks(project: Path, engine: FakeEngine, shell: Shell) -> None:
    update = ("check", "--baseline", "base.txt", "--update-baseline")
    engine.answer = answer(entries=left(project, "a", "b"))
    shell(*update)
    engine.answer = answer(entries=left(project, "a", "b", "c"))
    outcome = shell("check", "--baseline", "base.txt")
    assert outcome.code == 1
    assert outcome.out.startswith("server.py:3:1 G2C201 left: c [helloworld.Greeter]\n")
    assert "1 reference new: not in the baseline" in outcome.out
    assert "`grpc2connect explain server.py:3` says what holds them" in outcome.out
    refused = shell(*update)
    assert refused.code == 1
    assert "does not grow by 1 reference of itself" in refused.err
    assert shell("check", "--allow-growth", "why").code == 2
    assert shell(*update, "--allow-growth", " ").code == 2

    grown = shell(*update, "--allow-growth", "vendor\tcode")
    assert (grown.code, grown.out.splitlines()[0]) == (0, "wrote base.txt: 3 references, 0 fewer, 1 more")
    assert "server.py\tG2C201\tc\t# vendor code\n" in (project / "base.txt").read_text()
    engine.answer = answer(entries=left(project, "a", "", "c")[::2])
    assert "1 reference less than the baseline" in shell("check", "--baseline", "base.txt").err
    assert shell(*update).out.startswith("wrote base.txt: 2 references, 1 fewer\n")
    assert "# vendor code" in (project / "base.txt").read_text()


def test_one_swapped_for_another_is_new_and_a_renamed_file_is_not(
    project: Path, engine: FakeEngine, shell: Shell
) -> None:
    engine.answer = answer(entries=left(project, "a"))
    shell("check", "--baseline", "base.txt", "--update-baseline")
    engine.answer = answer(entries=left(project, "b"))
    assert shell("check", "--baseline", "base.txt").code == 1
    (project / "server.py").rename(project / "renamed.py")
    engine.answer = answer(entries=[reference(project / "renamed.py", state=State.LEFT)])
    engine.answer = replace(engine.answer, ledger=(replace(engine.answer.ledger[0], text="a"),))
    assert shell("check", "--baseline", "base.txt").code == 0


def test_a_baseline_does_not_forget_a_file_that_failed(project: Path, engine: FakeEngine, shell: Shell) -> None:
    update = ("check", "--baseline", "base.txt", "--update-baseline")
    engine.answer = answer(entries=left(project, "a"))
    shell(*update)
    engine.answer = replace(answer(), errors=(FileError(project / "server.py", "G2C002", "bad", "correct it"),))
    outcome = shell(*update)
    assert outcome.code == 3
    assert "the baseline is not written" in outcome.err
    assert "server.py" in (project / "base.txt").read_text()


def test_what_to_fail_on(project: Path, engine: FakeEngine, shell: Shell) -> None:
    path = project / "server.py"
    engine.answer = answer(entries=[reference(path, 1, State.LEFT), reference(path, 2, State.BRIDGED)])
    shell("check", "--baseline", "base.txt", "--update-baseline")
    codes = {word: shell("check", "--baseline", "base.txt", "--fail-on", word).code for word in ("new", "left", "any")}
    assert codes == {"new": 0, "left": 0, "any": 1}
    assert shell("check", "--baseline", "base.txt", "--fail-on", "bridged").code == 1
    engine.answer = answer(edit(path), entries=[reference(path)])
    assert shell("check", "--fail-on", "left").code == 0
    engine.answer, engine.owed = answer(), (reference(path, 1, State.BRIDGED, "G2C022"),)
    assert shell("check").code == 0
    assert shell("check", "--fail-on", "bridged").code == 1
    assert shell("check", "--fail-on", "bridged", "plain.py").code == 0


def test_baseline_from_the_configuration(project: Path, engine: FakeEngine, shell: Shell) -> None:
    (project / "pyproject.toml").write_text('[tool.grpc2connect]\nbaseline = "b.txt"\n')
    engine.answer = answer(entries=left(project, "a"))
    assert shell("check", "--update-baseline").code == 0
    assert shell("check").code == 0


@pytest.mark.parametrize("content", [b"{", b'{"version": 1, "counts": {}}', b"", b"\xff", HEADER.encode() + b"a\n",
                                     HEADER.encode() + b"<<<<<<< ours\n"])  # fmt: skip
def test_broken_baseline_is_one_line(project: Path, shell: Shell, content: bytes) -> None:
    (project / "b.txt").write_bytes(content)
    outcome = shell("check", "--baseline", "b.txt")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert "b.txt" in outcome.err


def test_hook_judges_given_files_and_names_others(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(edit(project / "server.py"), edit(project / "client.py"))
    outcome = shell("check", "server.py")
    assert outcome.code == 1
    assert "client.py" not in outcome.out
    assert "client.py: has to change together with the given files" in outcome.err
    assert shell("check", "plain.py").code == 0


def test_what_can_move_is_not_paid_off_for_those_who_fail_on_what_is_left(
    project: Path, engine: FakeEngine, shell: Shell
) -> None:
    path = project / "server.py"
    engine.answer = answer(edit(path), entries=[reference(path)])
    shell("check", "--baseline", "base.txt", "--update-baseline")
    assert "less than the baseline" not in shell("check", "--baseline", "base.txt", "--fail-on", "left").err
    engine.answer = answer()
    assert "less than the baseline" in shell("check", "--baseline", "base.txt", "--fail-on", "left").err


def test_a_verb_for_one(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = answer(entries=left(project, "a"))
    assert "\n1 reference remains\n" in shell("check").out
