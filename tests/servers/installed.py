"""The virtual environment of the servers: one for all of them, apart from the one that the tests run in."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grpc2connect.serving.table import Server

FOLDER = Path(os.environ.get("G2C_SERVERS_VENV") or Path(__file__).resolve().parents[2] / ".venv-servers")
SUPERVISORS = ("supervisor", "circus")
_ALL = ("connectrpc>=0.13,<0.14", "protobuf>=4", "pyqwest>=0.12,<0.13", "googleapis-common-protos", *SUPERVISORS)
_INSTALL_S = 900
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Environment:
    """The programs and libraries of one virtual environment."""

    def __init__(self, folder: Path) -> None:
        """Look at a folder; nothing need be there."""
        self.folder = folder
        self.bin = folder / "bin"

    def has(self, requirement: str) -> bool:
        """Whether what a requirement names is installed, in whatever version."""
        return self.version(requirement) is not None

    def version(self, requirement: str) -> str | None:
        """The version of what a requirement names; None if it is not installed."""
        found = _NAME.match(requirement)
        assert found is not None
        path = [str(place) for place in self.folder.glob("lib/python*/site-packages")]
        for distribution in importlib.metadata.distributions(name=found[0], path=path):
            return distribution.version
        return None

    def missing(self, server: Server) -> list[str]:
        """What has to be installed for a server."""
        return [one for one in server.requires if not self.has(one)]

    def program(self, name: str) -> str | None:
        """The path of a program."""
        return shutil.which(name, path=str(self.bin))


def best() -> Environment:
    """The servers' own environment if it has been made, else the one that runs; waits while it is being made."""
    with _alone():
        return Environment(FOLDER if FOLDER.is_dir() else Path(sys.prefix))


def install(servers: Sequence[Server]) -> Environment:
    """Make the environment, or bring it up to what the servers need.

    Raises:
        RuntimeError: pip failed, with what it said.
    """
    wanted = sorted({*_ALL, *(one for server in servers for one in server.requires)})
    stamp = FOLDER / f"{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:16]}.stamp"
    with _alone():
        if not stamp.exists():
            _make(wanted)
            stamp.write_text("\n".join(wanted))
    return Environment(FOLDER)


def _make(wanted: Sequence[str]) -> None:
    if not (FOLDER / "bin" / "python").exists():
        venv.create(FOLDER, with_pip=True, symlinks=True)
    command = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    if done.returncode:
        raise RuntimeError(f"pip could not install the servers into {FOLDER}:\n{done.stderr}")


@contextmanager
def _alone() -> Iterator[None]:
    """Only one process at a time is in here; the system lets the next one in if that one dies."""
    import fcntl  # Windows, where no test starts these servers, lacks it

    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_name(f"{FOLDER.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
