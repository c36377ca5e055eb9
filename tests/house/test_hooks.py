"""The hooks as pre-commit sees them: it clones this repository, installs it with plain pip, and runs the entry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grpc2connect.cli.app import group

REPOSITORY = Path(__file__).parents[2]
HOOKS = (REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")


def test_entries_are_commands_with_options_that_exist() -> None:
    entries = re.findall(r"^  entry: (.*)$", HOOKS, re.MULTILINE)
    assert len(entries) == 3
    for entry in entries:
        program, command, *options = entry.split()
        assert program == "grpc2connect"
        known = {name for option in group.commands[command].params for name in option.opts}
        assert set(options) <= known


@pytest.mark.slow
@pytest.mark.timeout(570)
@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_check_hook_in_a_real_repository(tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GIT_DIR")},
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.invalid",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.invalid",
    }
    # What is in the work tree, committed: pre-commit clones, and a clone has only what is committed.
    tool = tmp_path / "tool"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.split(b"\0")
    for name in map(os.fsdecode, filter(None, tracked)):
        if (REPOSITORY / name).is_file() and not name.startswith(("fixtures/", "tests/", "benchmarks/")):
            (tool / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tool / name)
    project = tmp_path / "project"
    project.mkdir()
    (project / "plain.py").write_text("x = 1\n")
    (project / "client.py").write_text("import grpc\n\nchannel = grpc.insecure_channel('localhost:50051')\n")
    for folder in (tool, project):
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
            subprocess.run(["git", *command], cwd=folder, check=True, env=environment, timeout=60)

    def hook(*files: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(tool), "grpc2connect-check", "--files", *files]
        return subprocess.run(
            command, cwd=project, capture_output=True, text=True, env=environment, timeout=500, check=False
        )

    clean = hook("plain.py")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "Passed" in clean.stdout
    dirty = hook("plain.py", "client.py")
    assert dirty.returncode == 1, dirty.stdout + dirty.stderr
    assert re.search(r"exit code: 1\b", dirty.stdout), dirty.stdout
    assert "client.py:" in dirty.stdout
