"""docs/web.md shows the programs that the tests run, and the browser's check says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import running
from tests.e2e.projects import REPOSITORY
from tests.web import page, places


def test_the_page_has_the_files_as_they_are() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text) == text, "run scripts/web_page.py"


def test_the_page_has_every_program_that_is_run() -> None:
    programs = {path.stem for path in places.EXAMPLES.glob("*.py")} - {"ask"}
    run = {one for place in places.PLACES.values() for one in place.arguments}
    named = {name for name in programs if {name, f"{name}.py", f"{name}:app"} & run}
    assert named == programs - {"harbour"}
    shown = page.files(page.PAGE.read_text(encoding="utf-8"))
    assert sorted(Path(name).stem for name in shown) == sorted([*programs, "ferries"])


@pytest.mark.parametrize(("has", "says"), [([], "chromium or "), (["chromium"], "npm not found: install Node.js")])
def test_what_is_missing_is_one_line(tmp_path: Path, has: list[str], says: str) -> None:
    for name in has:
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    script = REPOSITORY / "scripts" / "browser_check.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        env=running.environment(tmp_path, {"PATH": str(tmp_path), "CHROMIUM": ""}),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, running.said(done)
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(says)
