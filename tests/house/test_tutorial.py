"""docs/tutorial.md works: its commands are run, and print what stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")


def steps() -> Iterator[tuple[str, list[str]]]:
    """Each command and the lines under it."""
    for block in re.findall(r"^```console\n(.*?)^```", TEXT, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *expected = part.splitlines()
            yield command, expected


def printed(expected: list[str], found: list[str]) -> bool:
    """Whether the expected lines come in this order (each may be the beginning of one), `...` for any others."""
    rest = iter(found)
    return all(any(_is(line, other) for other in rest) for line in expected if line != "...")


def _is(line: str, other: str) -> bool:
    head, dots, _ = line.partition("...")
    return other.startswith(head) if dots else line in other


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("git")), reason="needs bash and git")
def test_it_works(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CLONE": str(REPOSITORY),
        "G2C_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"GIT_{who}_{what}": "t@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    commands = list(steps())
    script = "exec 2>&1\n" + "\n".join(f"echo '@@{number}'\n{command}" for number, (command, _) in enumerate(commands))
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path / "work",
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    outputs = re.split(r"^@@\d+\n", done.stdout, flags=re.M)[1:]
    for (command, expected), output in zip(commands, outputs, strict=False):
        assert printed(expected, output.splitlines()), f"{command}\nprinted\n{output}"
    assert done.returncode == 0, done.stdout
    assert len(outputs) == len(commands)
