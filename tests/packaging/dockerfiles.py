"""Runs a Dockerfile without containers: each stage is a folder with a virtual environment, each `RUN` a shell in it.

Only for Dockerfiles whose commands name no absolute path: `WORKDIR`, and the targets of `COPY`, are folders below the
stage's own. What is understood: FROM (a Python image, AS), WORKDIR, ENV, COPY (--from), RUN, CMD, ENTRYPOINT, EXPOSE.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LISTENING = re.compile(rb"^listening on (\d+)", re.MULTILINE)
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".pytest_cache")


@dataclass
class Stage:
    """What a stage has become: its folder (`/`), its environment, and what it starts."""

    folder: Path
    environment: dict[str, str]
    workdir: Path = Path()
    command: list[str] = field(default_factory=list)

    @property
    def cwd(self) -> Path:
        """Where its commands run."""
        made = self.folder / self.workdir
        made.mkdir(parents=True, exist_ok=True)
        return made

    def below(self, target: str) -> Path:
        """A path in the stage as a path here."""
        path = Path(target)
        return self.folder / path.relative_to("/") if path.is_absolute() else self.cwd / path


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction of a Dockerfile with its arguments on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        yield word.upper(), rest.strip()


def build(
    context: Path,
    scratch: Path,
    outer: Mapping[str, str],
    limit: float,
    *,
    made: Callable[[Path, Mapping[str, str]], dict[str, str]] | None = None,
    installs: bool = True,
) -> Stage:
    """Build the image of the project in `context`; `limit` is in seconds for each command.

    `made` gives a stage its environment, in place of a new one with nothing installed; without `installs` no `RUN` that
    is a `pip install` is run.
    """
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in instructions((context / "Dockerfile").read_text(encoding="utf-8")):
        if word == "FROM":
            name = rest.partition(" AS ")[2].strip() or str(len(stages))
            stage = stages[name] = Stage(scratch / name / "root", (made or python)(scratch / name, outer))
            continue
        assert stage is not None, "a Dockerfile begins with FROM"
        if word == "WORKDIR":
            stage.workdir = Path(rest.lstrip("/"))
        elif word == "ENV":
            stage.environment |= dict(part.split("=", 1) for part in shlex.split(rest))
        elif word == "COPY":
            _copy(rest, stage, stages, context)
        elif word == "RUN":
            if installs or not rest.startswith("pip install"):
                run(rest, stage, limit)
        elif word in ("CMD", "ENTRYPOINT"):
            stage.command = json.loads(rest) if rest.startswith("[") else ["sh", "-c", rest]
        else:
            assert word == "EXPOSE", f"{word} is not understood"
    assert stage is not None
    return stage


def run(command: str, stage: Stage, limit: float) -> None:
    """Run a `RUN`; what it prints is shown when it fails."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=stage.cwd,
        env=stage.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=limit,
        check=False,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"RUN {command}: exit code {done.returncode}\n{said[-4000:]}"


@contextmanager
def started(stage: Stage, limit: float = 120.0) -> Iterator[str]:
    """Start what the image starts, on a free port; gives the address, and ends it."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            stage.command,
            cwd=stage.cwd,
            env={**stage.environment, "PORT": "0", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            deadline, found = time.monotonic() + limit, None
            while found is None and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.1)
                output.seek(0)
                found = _LISTENING.search(output.read())
            output.seek(0)
            said = output.read().decode(errors="replace")[-4000:]
            assert found is not None, f"{stage.command} said no port\n{said}"
            yield f"127.0.0.1:{found[1].decode()}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def python(home: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """The environment of a stage whose image has Python, with nothing installed."""
    venv = home / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    path = os.pathsep.join([str(venv / "bin"), outer.get("PATH", os.defpath)])
    return {**outer, "PATH": path, "UV_PROJECT_ENVIRONMENT": str(venv), "VIRTUAL_ENV": str(venv)}


def _copy(rest: str, stage: Stage, stages: Mapping[str, Stage], context: Path) -> None:
    words = rest.split()
    origin = next((stages[word.removeprefix("--from=")] for word in words if word.startswith("--from=")), None)
    *sources, target = [word for word in words if not word.startswith("--")]
    for source in sources:
        found = origin.below(source) if origin is not None else context / source
        to = stage.below(target)
        if found.is_dir():
            shutil.copytree(found, to, dirs_exist_ok=True, ignore=_NOT_COPIED)
        else:
            to.mkdir(parents=True, exist_ok=True) if target.endswith("/") else None
            shutil.copy(found, to)
