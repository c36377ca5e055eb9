"""A hook that has nothing to do costs next to nothing; the check is on what is imported, not on a clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODEMOD = Path(__file__).parents[2] / "codemod"
HEAVY = ("click", "rich", "libcst", "google.protobuf", "pathspec", "grpc_tools", "grpc2connect.cli")

SCRIPT = """
import sys
from grpc2connect.__main__ import main
code = main(sys.argv[1:])
print(code, *sys.modules)
"""


def run(*arguments: str) -> tuple[int, set[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CODEMOD), str(CODEMOD.parent / "rules")])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=True,
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    return int(code), set(modules)


def test_files_without_grpc_import_nothing_heavy(tmp_path: Path) -> None:
    names = ["a.py", "latin.py", "empty.py"]
    for name, content in zip(names, (b"import os\n", b"x = '\xe9'\n", b""), strict=True):
        (tmp_path / name).write_bytes(content)
    code, modules = run("check", *(str(tmp_path / name) for name in names))
    assert code == 0
    assert modules.isdisjoint(HEAVY)


@pytest.mark.parametrize("argument", ["", "--quiet", "--help", "nowhere.py"])
def test_any_doubt_goes_the_long_way(tmp_path: Path, argument: str) -> None:
    plain = tmp_path / "a.py"
    plain.write_bytes(b"import os\n")
    _, modules = run("check", str(plain), argument or str(tmp_path))
    assert "click" in modules
