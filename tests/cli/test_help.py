"""Help that can be read, and completion in the shells it is promised for."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from grpc2connect.cli.app import group
from grpc2connect.cli.help import EXAMPLES, GROUPS
from tests.cli.conftest import Shell

PROGRAMS = Path(sys.executable).parent


def test_options_stand_in_groups_and_only_where_they_say_something(shell: Shell) -> None:
    check = shell("check", "--help").out
    titles = [line for line in check.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        *(f"{title}:" for title in GROUPS), "Other options:", "Examples:", "Environment:", "Exit codes:"
    ]  # fmt: skip
    assert "--json" in check
    report = shell("report", "--help").out
    assert "--json" not in report
    assert "--quiet" not in report
    assert "--format" in report
    assert "G2C_STATE_DIR" in shell("undo", "--help").out
    assert "EDITOR" not in report
    assert "error[TITLE]: cause; next step" in shell("--help").out


def test_examples_use_options_that_exist() -> None:
    for name, examples in EXAMPLES.items():
        for line, _ in examples:
            for part in line.split(";"):
                words = shlex.split(part.replace('"$(', "").replace(')"', "").replace("<", " "))
                while words and words[0] != "grpc2connect":
                    words.pop(0)
                if not words:
                    continue
                command = group.commands[words[1]]
                known = {option for one in command.params for option in one.opts}
                assert {word for word in words if word.startswith("-") and word != "-"} <= known, (name, line)
    assert set(EXAMPLES) == set(group.commands)


def test_mistakes_name_the_way_out(shell: Shell) -> None:
    assert "did you mean" in shell("check", "--basline").err.lower() + shell("chek").err.lower()
    assert "; see grpc2connect check --help" in shell("check", "--zzz").err
    assert "--stdin-filename goes with" in shell("check", "--stdin-filename", "a.py").err
    assert "migrate does not read standard input" in shell("migrate", "-", "--stdin-filename", "a.py").err
    assert "wants --stdin-filename" in shell("check", "-").err


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_is_printed_and_answers(shell: Shell, name: str) -> None:
    script = shell("completion", name).out
    assert "_GRPC2CONNECT_COMPLETE" in script
    program = shutil.which(name)
    if program:
        subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=60)
    environment = {
        **os.environ,
        "_GRPC2CONNECT_COMPLETE": f"{name}_complete",
        "COMP_WORDS": "grpc2connect explain G2C20",
        "COMP_CWORD": "2" if name != "fish" else "G2C20",
    }
    done = subprocess.run(
        [PROGRAMS / "grpc2connect"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "G2C201" in done.stdout
    assert "G2C301" not in done.stdout


def test_every_command_has_the_help_of_a_command() -> None:
    for name, command in group.commands.items():
        assert name == "explain" or type(command) is not click.Command, name
