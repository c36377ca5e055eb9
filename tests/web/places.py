"""The programs of examples/web, each started as its page in the documentation says, with the migrated ferries."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import running
from tests.e2e.projects import REPOSITORY

FERRIES = REPOSITORY / "fixtures" / "web" / "ferries"
EXAMPLES = REPOSITORY / "examples" / "web"
START_SECONDS = 60
UVICORN = ("-m", "uvicorn", "--port", "0")
HYPERCORN = ("-m", "hypercorn", "--bind", "127.0.0.1:0")


@dataclass(frozen=True)
class Place:
    """Where the services are mounted.

    Attributes:
        arguments: of Python.
        modules: what it needs.
        prefix: of the services' paths.
        has_pages: whether there are other routes beside the services.
        has_lifespan: whether services that are made at the start are there.
    """

    arguments: tuple[str, ...]
    modules: tuple[str, ...] = ("starlette", "uvicorn")
    prefix: str = ""
    has_pages: bool = True
    has_lifespan: bool = True


PLACES = {
    "Starlette": Place((*UVICORN, "starlette_app:app")),
    "FastAPI": Place((*UVICORN, "fastapi_app:app"), ("fastapi", "uvicorn"), "/api"),
    "FastAPI, gRPC beside it": Place((*UVICORN, "both_app:app"), ("fastapi", "uvicorn")),
    "Litestar": Place((*UVICORN, "litestar_app:app"), ("litestar", "uvicorn"), "/api"),
    "Django": Place((*UVICORN, "django_app:app"), ("django", "starlette", "uvicorn")),
    "Flask": Place((*UVICORN, "flask_app:app"), ("flask", "a2wsgi", "starlette", "uvicorn")),
    "Flask, WSGI": Place(
        ("-m", "flask", "--app", "flask_wsgi_app", "run", "--port", "0"),
        ("flask", "a2wsgi", "starlette"),
        has_lifespan=False,
    ),
    "asgi-cors": Place((*UVICORN, "asgi_cors_app:app"), ("asgi_cors", "uvicorn"), has_pages=False),
    "own port": Place(("own_port.py",), ("starlette",), has_pages=False),
}
# The same on a server that gRPC clients are served by, too.
HTTP2 = {
    "Starlette": Place((*HYPERCORN, "starlette_app:app")),
    "Flask": Place((*HYPERCORN, "flask_app:app")),
}
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)")
_GRPC_PORT = re.compile(rb"^gRPC on (\d+)", re.MULTILINE)
_PORTS = re.compile(rb"^listening on (\d+), Connect on (\d+)", re.MULTILINE)


def migrated(folder: Path, serve: str = "dual") -> Path:
    """The ferries, migrated, in a copy at `folder`."""
    shutil.copytree(FERRIES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = running.migrate(folder, "--serve", serve)
    if done.returncode:
        raise RuntimeError(f"migrate: {running.said(done)}")
    return folder


@dataclass
class Served:
    """A program that serves.

    Attributes:
        url: the base URL of the services.
        grpc: where old gRPC clients are served, if that is another port.
        output: what the program has said, until it has ended.
    """

    process: subprocess.Popen[bytes]
    output: Path
    url: str
    grpc: str

    def stop(self) -> str:
        """End the program by SIGTERM; return all that it said."""
        self.process.terminate()
        self.process.wait(20)
        return self.output.read_text(errors="replace")


@contextlib.contextmanager
def serving(place: Place, project: Path, folder: Path, origin: str) -> Iterator[Served]:
    """Start a program of examples/web with the migrated project, for pages of `origin`; end it."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *place.arguments],
            cwd=EXAMPLES,
            env=running.environment(
                project, {"PAGE_ORIGIN": origin, "PYTHONPATH": os.pathsep.join(map(str, (project, EXAMPLES)))}
            ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        grpc_port, port = _ports(process, output)
        yield Served(process, output, f"http://127.0.0.1:{port}{place.prefix}", f"127.0.0.1:{grpc_port}")
    finally:
        # hypercorn's worker is a process of its own, and outlives it when it is killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def _ports(process: subprocess.Popen[bytes], output: Path) -> tuple[int, int]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = output.read_bytes()
        if found := _PORTS.search(said):
            return int(found[1]), int(found[2])
        if found := _ADDRESS.search(said):
            beside = _GRPC_PORT.search(said) or found
            return int(beside[1]), int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"{process.args} said no port\n{output.read_text(errors='replace')}")
