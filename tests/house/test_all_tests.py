"""The whole run: a test that a race failed is run again and named; a fault stays a fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts/all_tests.py"
TESTS = """
from pathlib import Path

import pytest


def test_passes():
    pass


@pytest.mark.parametrize("number", range({tests}))
def test_at_first(number):
    seen = Path(__file__).with_name(f"seen{{number}}")
    with seen.open("a") as file:
        file.write("x")
    assert len(seen.read_text()) > {failures}
"""


def whole_run(folder: Path, tests: int, failures: int) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(TESTS.format(tests=tests, failures=failures))
    ended = subprocess.run([sys.executable, SCRIPT], cwd=folder, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def test_a_race_is_named(tmp_path):
    status, said = whole_run(tmp_path, 2, failures=1)
    assert status == 0
    last = said[said.index("passed alone") :]
    assert "test_it.py::test_at_first[0]" in last
    assert "test_it.py::test_at_first[1]" in last
    assert "test_passes" not in last


def test_a_fault_stays_one(tmp_path):
    status, said = whole_run(tmp_path, 1, failures=2)
    assert status == 1
    assert "passed alone" not in said


def test_many_failures_are_no_accident(tmp_path):
    status, said = whole_run(tmp_path, 4, failures=1)
    assert status == 1
    assert "alone" not in said


def test_what_cannot_be_collected(tmp_path):
    (tmp_path / "test_broken.py").write_text("import nothing_of_this_name\n")
    status, said = whole_run(tmp_path, 0, failures=0)
    assert status != 0
    assert "passed alone" not in said
