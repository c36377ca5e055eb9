"""A small project under git, as the working directory, and a command line that runs against a fake engine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from grpc2connect.cli import run
from tests.cli.fakes import FakeEngine


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    engine: FakeEngine
    capture: pytest.CaptureFixture[bytes]

    def __call__(self, *arguments: object) -> Outcome:
        code = run([str(argument) for argument in arguments], self.engine)
        captured = self.capture.readouterr()
        return Outcome(code, captured.out.decode(), captured.err.decode())


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "core.autocrlf=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`server.py`, `client.py` and `plain.py`, committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("server.py", "client.py"):
        (folder / name).write_bytes(b"import grpc\r\n")
    (folder / "plain.py").write_bytes(b"x = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def shell(engine: FakeEngine, capfdbinary: pytest.CaptureFixture[bytes]) -> Shell:
    return Shell(engine, capfdbinary)
