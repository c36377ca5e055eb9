"""A smoke check of the packaging fixtures, in the environment at hand; scripts/packaging_styles.py does it wholly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode, Stage
from grpc2connect.sources import write_all
from tests.packaging import dockerfiles
from tests.packaging.styles import STYLES, Style

LIMIT = 60.0
BUILD = {
    "pip_make": "python -m grpc_tools.protoc -I. --python_out=. tides.proto && python -m grpc2connect generate .",
    "poetry_group": "python tools/generate.py",
}
"""How each builds with what is installed here; buf is not."""
SERVER = {"pip_make": "server", "poetry_group": "bindery.server", "uv_buf": "ferry_app.__main__"}


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """That of a project's process: this Python first, and nothing of this repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("G2C_", "PYTEST_", "PYTHON"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "G2C_CACHE_DIR": "", **extra}


def shell(command: str, folder: Path, **extra: str) -> None:
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment(extra), capture_output=True, timeout=LIMIT)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-4000:]


def step(folder: Path, stage: Stage) -> None:
    result = run(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, stage=stage))
    assert result.errors == ()
    assert write_all(result.changes) == []


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_builds_and_imports_when_it_is_clean(style: Style, tmp_path: Path) -> None:
    folder = shutil.copytree(style.folder, tmp_path / style.name, ignore=shutil.ignore_patterns("__pycache__"))
    step(folder, Stage.MOVE)
    step(folder, Stage.CLEANUP)
    assert not list(folder.rglob("*_pb2_grpc.py"))
    (connect,) = folder.rglob("*_connect.py")
    if style.name in BUILD:
        connect.unlink()
        shell(BUILD[style.name], folder)
        assert not list(folder.rglob("*_pb2_grpc.py"))
    shell(f'python -c "import {SERVER[style.name]}"', folder, PYTHONPATH=str(folder / style.source))


def test_the_container_starts_and_answers_an_old_client(tmp_path: Path) -> None:
    style = STYLES[0]
    folder = shutil.copytree(style.folder, tmp_path / "new", ignore=shutil.ignore_patterns("__pycache__"))
    step(folder, Stage.MOVE)
    stage = dockerfiles.build(
        folder, tmp_path / "stages", {}, LIMIT, made=lambda home, outer: environment({}), installs=False
    )
    with dockerfiles.started(stage, LIMIT) as address:
        shell(f'python -c "{style.ask.format(address=address)}"', style.folder)
