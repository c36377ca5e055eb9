"""The declared dependencies are all that the package needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def closure(requirements, seen):
    """The names of installed distributions that these requirements stand for, with what they require."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = requirement.name.lower()
        if name not in seen:
            seen.add(name)
            closure(distribution(name).requires or (), seen)
    return seen


@pytest.mark.skipif(os.name == "nt", reason="links files")
def test_a_fresh_environment_with_the_dependencies_alone(tmp_path):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    for name in closure(declared, set()):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(Path(file.locate()).resolve())
    (site / "grpc2connect_runtime").symlink_to(ROOT / "grpc2connect_runtime")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "G2C_"))}
    done = subprocess.run(
        [tmp_path / "env" / "bin" / "python", ROOT / "tests" / "alone.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (0, "it needs nothing else\n"), done.stderr + sys.version
