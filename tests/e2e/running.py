"""Runs the tool, the projects' servers and their scenarios, each as a process of its own and each with a time limit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.projects import REPOSITORY, Command, Project

LISTENING = re.compile(rb"^listening on (\d+)\r?$", re.MULTILINE)
START_SECONDS = 60
SCENARIO_SECONDS = 90


def environment(path: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a project's process: its own sources on the path and nothing of this repository."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("G2C_", "PYTEST_", "GRPC_"))}
    return inherited | {
        "PYTHONPATH": str(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        **(extra or {}),
    }


def copy(project: Project, folder: Path) -> Path:
    """A copy of the project as it is checked in."""
    return Path(
        shutil.copytree(
            project.folder, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.egg-info")
        )
    )


def tool(*arguments: str, cwd: Path, seconds: int = 120) -> subprocess.CompletedProcess[bytes]:
    """The command line of this repository."""
    paths = os.pathsep.join(str(REPOSITORY / part) for part in ("codemod", "rules", "runtime"))
    return subprocess.run(
        [sys.executable, "-m", "grpc2connect", *arguments],
        cwd=cwd,
        env=environment(Path(), {"PYTHONPATH": paths, "NO_COLOR": "1"}),
        capture_output=True,
        timeout=seconds,
        check=False,
    )


def migrate(folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """`migrate` on a folder that is in no repository."""
    return tool("migrate", "--allow-no-vcs", "--runtime", "vendor", *options, str(folder), cwd=folder)


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """All that a process said, for the message of a failed test."""
    return (
        f"exit code {done.returncode}\n{done.stdout.decode(errors='replace')}\n{done.stderr.decode(errors='replace')}"
    )


@contextmanager
def serving(
    command: Command, folder: Path, source: str, extra: Mapping[str, str] | None = None, **holes: str
) -> Iterator[int]:
    """Start a server in `folder`, give its port, end it."""
    with started(command, folder, source, extra, **holes) as (_, port):
        yield port


@contextmanager
def started(
    command: Command, folder: Path, source: str, extra: Mapping[str, str] | None = None, **holes: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Like `serving`, for those who end the process themselves."""
    arguments = [argument.format(**holes) for argument in command.arguments]
    with tempfile.TemporaryDirectory() as scratch:
        output, errors = Path(scratch, "out"), Path(scratch, "err")
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder,
                env=environment(folder / source, {**command.environment, **(extra or {})}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            yield process, _port(process, output, errors)
        finally:
            process.kill()
            process.wait(30)


def _port(process: subprocess.Popen[bytes], output: Path, errors: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        if found := LISTENING.search(output.read_bytes()):
            return int(found[1])
        if ended:
            break
        time.sleep(0.05)
    raise AssertionError(
        f"{process.args} said no port\n{output.read_text(errors='replace')}\n{errors.read_text(errors='replace')}"
    )


@contextmanager
def system(
    project: Project,
    server: str,
    front: Path,
    back: Path,
    certs: Path,
    extra: Mapping[str, str] | None = None,
    *,
    front_only: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """One of the project's servers from the folder `front`, and the service behind it from `back`.

    `extra` is added to the environment of both, or to that of the one in front.

    Gives the port and what a scenario has to know about the rest.
    """
    if project.backend is None:
        with serving(project.servers[server], front, project.source, extra) as port:
            yield port, {}
        return
    with serving(project.backend, back, project.source, {} if front_only else extra, certs=str(certs)) as inner:
        stock = f"localhost:{inner}"
        holes = {"backend": stock, "certs": str(certs)}
        with serving(project.servers[server], front, project.source, extra, **holes) as port:
            yield port, {"STOCK": stock, "CERTS": str(certs)}


def scenario(project: Project, folder: Path, port: int, extra: Mapping[str, str]) -> dict[str, Any]:
    """What the project's scenario, as it is in `folder`, sees of the server on `port`."""
    done = subprocess.run(
        [sys.executable, "scenario.py", f"127.0.0.1:{port}"],
        cwd=folder,
        env=environment(folder / project.source, extra),
        capture_output=True,
        timeout=SCENARIO_SECONDS,
        check=False,
    )
    assert done.returncode == 0, said(done)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def own_tests(project: Project, folder: Path) -> None:
    """Run the project's tests as its owner does."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", *_configuration(folder)],
        cwd=folder,
        env=environment(folder / project.source),
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, said(done)


def _configuration(folder: Path) -> list[str]:
    # Without one, pytest would look for it in the folders above.
    for name in ("pytest.ini", "pyproject.toml", "setup.cfg"):
        if (folder / name).exists():
            return ["-c", name]
    return ["-c", os.devnull]


def git(folder: Path, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """git, without the user's configuration."""
    return subprocess.run(
        ["git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.invalid", "-c", "core.autocrlf=false", *arguments],
        cwd=folder,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )


def commit_all(folder: Path) -> None:
    """Make `folder` a repository with everything in it committed."""
    for arguments in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "as it was"]):
        done = git(folder, *arguments)
        assert done.returncode == 0, said(done)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` and its bytes, but for git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".git", "__pycache__"} & set(path.relative_to(folder).parts)
    }
