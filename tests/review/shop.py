"""A real project of two services under git, and the real engine on it, which looks at its sources once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.cli.engine import Progress, RuleInfo
from grpc2connect.engine import Kept, analyse
from grpc2connect.options import Options
from grpc2connect.project import complete
from grpc2connect.results import FileChange, FileError, RunResult
from grpc2connect.rules_api import catalogue
from grpc2connect.sources import write_all

PROJECT = Path(__file__).parents[2] / "fixtures" / "projects" / "gateway_downstream"
IDENTITY = {"user.name": "A Person", "user.email": "person@example.invalid", "commit.gpgsign": "false"}


@dataclass
class OneLook:
    """The installed engine in this process: the sources are looked at once, and choices cost a plan."""

    kept_run: Kept = field(default_factory=Kept)
    known: dict[Options, RunResult] = field(default_factory=dict)

    def run(self, options: Options, progress: Progress | None = None) -> RunResult:
        if options not in self.known:
            self.known[options] = complete(analyse(options, kept=self.kept_run), options)
        return self.known[options]

    def kept(self) -> AbstractContextManager[None]:
        return nullcontext()

    def generate(self, options: Options, progress: Progress | None = None) -> RunResult:
        raise NotImplementedError

    def catalogue(self) -> Sequence[RuleInfo]:
        return catalogue()

    def write(self, changes: Sequence[FileChange]) -> list[FileError]:
        return write_all(changes)


@dataclass(frozen=True)
class Shop:
    """The project, committed as `base`."""

    folder: Path
    engine: OneLook

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def options(self) -> Options:
        return Options(self.folder, (self.folder,), project=self.folder)

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and ".git" not in path.parts
        }


def make(folder: Path) -> Shop:
    """A new one in a folder that is not there yet."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shop = Shop(folder, OneLook())
    shop.git("init", "-q")
    for name, value in IDENTITY.items():
        shop.git("config", name, value)
    shop.git("add", "-A")
    shop.git("commit", "-qm", "start")
    shop.git("branch", "base")
    return shop
