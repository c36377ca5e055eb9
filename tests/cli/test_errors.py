"""Errors as they are printed: one line with a title, a cause and a next step, in whatever way a command fails."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.errors import Title
from grpc2connect.results import Audit
from tests.cli.conftest import Shell, git
from tests.cli.fakes import FakeEngine, answer, edit

LINE = re.compile(r"error\[([a-z-]+)\]: (\S.*); (\S.*)")
TITLES = {title.slug for title in Title}


USAGE = [
    ("dif", "unknown-command"),
    ("diff --exlude x", "unknown-option"),
    ("diff --runtime", "bad-usage"),
    ("explain", "bad-usage"),
    ("completion", "bad-usage"),
    ("undo . .", "bad-usage"),
    ("completion tcsh", "bad-value"),
    ("diff nowhere", "bad-value"),
    ("check --connect-port 0", "bad-value"),
    ("check --shard 5/4", "bad-value"),
    ("check --shard one", "bad-value"),
    ("check --allow-growth because", "options-clash"),
    ("check --update-baseline", "options-clash"),
    ("check --update-baseline --shard 1/2", "options-clash"),
    ("report --merge --shard 1/2 server.py", "options-clash"),
    ("report --merge", "options-clash"),
    ("diff -", "options-clash"),
    ("diff --select G2C40l", "unknown-code"),
    ("explain G2C40l", "unknown-code"),
    ("explain cannot-pars", "unknown-code"),
    ("explain server.py:99", "no-such-place"),
    ("explain server.py", "no-such-place"),
    ("explain nowhere.py:1", "no-such-place"),
    ("diff --python nowhere", "no-environment"),
    ("report --unit Greter", "unknown-service"),
    ("report --since nothing", "unknown-revision"),
    ("report --codeowners nowhere", "codeowners-unreadable"),
    ("report -o nowhere/x.json", "output-not-written"),
    ("diff -o nowhere/x.patch", "output-not-written"),
    ("report --merge server.py", "cannot-merge"),
    ("check --baseline nowhere.txt", "baseline-invalid"),
    ("check --baseline server.py", "baseline-invalid"),
    ("serve-guide --server unicorn", "unknown-server"),
    ("serve-guide", "no-server-found"),
    ("test-rule .", "no-fixtures"),
    ("diff --stat --by unit", "options-clash"),
    ("undo", "nothing-to-undo"),
    ("migrate --interactive", "no-terminal"),
]


def test_usage(project: Path, shell: Shell) -> None:
    for arguments, title in USAGE:
        outcome = shell(*arguments.split())
        said = outcome.err.splitlines()
        assert (outcome.code, outcome.out, len(said)) == (2, "", 1), (arguments, outcome)
        found = LINE.fullmatch(said[0])
        assert found is not None and found[1] == title, (arguments, outcome)
        assert title in TITLES


def test_a_command_that_is_nearly_one(shell: Shell) -> None:
    for typed, near in (("dif", "diff"), ("chek", "check")):
        assert shell(typed).err == f"error[unknown-command]: No such command {typed!r}; did you mean {near!r}?\n"


def test_git(project: Path, engine: FakeEngine, shell: Shell, tmp_path: Path) -> None:
    engine.answer = answer(edit(project / "server.py"))
    (project / "client.py").write_text("edited\n")
    assert shell("migrate").err.startswith("error[uncommitted-edits]: ")
    git(project, "stash")
    (tmp_path / "bare").mkdir()
    assert shell("migrate", tmp_path / "bare").err.startswith("error[not-in-git]: ")
    (project / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\necho no stock >&2\nexit 1\n")
    (project / ".git" / "hooks" / "pre-commit").chmod(0o755)
    git(project, "config", "user.name", "t")
    git(project, "config", "user.email", "t@example.invalid")
    outcome = shell("migrate", "--commit-per", "rule")
    assert (outcome.code, "error[commit-failed]: git commit failed: no stock; " in outcome.err) == (3, True)
    git(project, "config", "--unset", "user.name")
    git(project, "config", "user.useConfigOnly", "true")
    assert shell("migrate", "--commit-per", "rule").err.startswith("error[cannot-commit]: --commit-per: ")


def test_journal(
    project: Path, engine: FakeEngine, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.answer = answer(edit(project / "server.py"))
    shell("migrate")
    (project / "server.py").write_text("mine\n")
    assert shell("undo").err.splitlines()[-1].startswith("error[changed-since]: nothing is undone, ")
    (tmp_path / "file").touch()
    monkeypatch.setenv("G2C_STATE_DIR", os.fspath(tmp_path / "file"))
    assert shell("migrate", "--allow-dirty").err.startswith("error[journal-unusable]: the journal in ")


def test_the_tool_itself(project: Path, engine: FakeEngine, shell: Shell) -> None:
    engine.answer = dataclasses.replace(answer(edit(project / "server.py")), audit=Audit(2, 1))
    outcome = shell("migrate")
    assert outcome.code == 4
    assert outcome.err.startswith("error[ledger-does-not-add-up]: nothing is written")


def test_colour_is_as_asked_for(project: Path, shell: Shell) -> None:
    assert shell("diff", "--color=always", "nowhere").err.startswith("\x1b[31merror[bad-value]\x1b[0m: ")
    assert shell("diff", "--color", "never", "nowhere").err.startswith("error[bad-value]: ")


def test_explain_tells_of_an_error(shell: Shell) -> None:
    outcome = shell("explain", "cannot-parse")
    assert (outcome.code, "error[cannot-parse]" in outcome.out, "G2C002" in outcome.out) == (0, True, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full and a POSIX shell")
@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">/dev/full", 2, "error[output-not-written]: standard output cannot be written: No space left on device; "),
        (">&- 2>&-", 0, ""),
    ],
)
def test_streams_that_are_full_or_closed(redirection: str, code: int, said: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m grpc2connect rules {redirection}', sys.executable],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr[: len(said)]) == (code, "", said)
    assert done.stderr.count("\n") == bool(said)
