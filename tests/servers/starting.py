"""Processes of a server: started, waited for, and ended whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grpc2connect.serving.table import Server

from .installed import Environment
from .program import Program

HOST = "127.0.0.1"
START_S = 40.0
STOP_S = 20.0
LIFE_S = 170
"""A process that nobody ends ends itself after so many seconds."""
_STEP_S = 0.05
_TRIAL = "G2C_TRIAL"
_LISTENING = re.compile(rb"^listening on (\d+)", re.MULTILINE)


class NotStarted(Exception):
    """A server ended, or did not answer in time; with what it said."""


@dataclass
class Process:
    """A process with what it said; `is_bounded` says that it is the child of one that ends it in time."""

    popen: subprocess.Popen[bytes]
    output: IO[bytes]
    is_bounded: bool

    @property
    def said(self) -> str:
        """What it wrote so far."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.popen.send_signal(signal.SIGTERM)

    def ends(self, seconds: float = STOP_S) -> bool:
        """Whether it ends in time."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


@dataclass(frozen=True)
class Place:
    """Where a server listens: addresses for Connect and for gRPC, `host:port` or `unix:path`."""

    connect: str
    grpc: str
    secure: bool = False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> Iterator[Process]:
    """Run a command; end it and all that came of it, in whatever session and whoever its parent is by then."""
    trial = f"{_TRIAL}={uuid.uuid4().hex}"
    bound = shutil.which("timeout")
    bounded = [bound, "--foreground", "-k", "10", str(LIFE_S), *command] if bound else list(command)
    with tempfile.TemporaryFile() as said:
        popen = subprocess.Popen(
            bounded,
            cwd=cwd,
            env={**environment, _TRIAL: trial.partition("=")[2]},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        process = Process(popen, said, bound is not None)
        try:
            yield process
        finally:
            if popen.poll() is None:
                process.terminate()
                process.ends(3)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(popen.pid, signal.SIGKILL)
            _end_all(trial.encode())
            process.ends(5)


def _end_all(trial: bytes) -> None:
    """Kill what has a variable in its environment: workers of a first process that was killed are nobody's children."""
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if trial in variables.read_bytes().split(b"\0"):
                os.kill(int(variables.parent.name), signal.SIGKILL)


class Starter:
    """Starts one server in one environment, for one program."""

    def __init__(self, server: Server, environment: Environment, program: Program, scratch: Path) -> None:
        """Say what to start; `scratch` is an empty folder for sockets and settings, with a short path."""
        self.server = server
        self.program = program
        self.installed = environment
        self.scratch = scratch
        for name, text in server.files.items():
            (scratch / name).write_text(text)

    def values(self, **more: str) -> dict[str, str]:
        """What the holes of commands stand for."""
        return {
            "app": "served.aio_server_asgi:app",
            "wsgi": "served.aio_server_asgi:wsgi_app",
            "main": "served.aio_server" if self.server.of == "aio" else "served.server",
            "host": HOST,
            "key": str(self.program.key),
            "cert": str(self.program.certificate),
            "config": str(self.scratch),
            **more,
        }

    def command(self, place: str, **more: str) -> list[str]:
        """The command for a place; a program of its own gets its address as an argument."""
        values = self.values(**more)
        found = self.server.arguments(place, values)
        if self.server.interface == "main":
            found.append(values["address"])
            if place == "tls":
                found += [values["key"], values["cert"]]
        found[0] = self.installed.program(found[0]) or found[0]
        return found

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of the process: nothing of this repository, no proxies."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("G2C_", "PYTEST_", "PYTHON", "GRPC_", "GUNICORN_", "GRANIAN_"))
            and not name.lower().endswith("_proxy")
        }
        values = self.values(**more)
        return kept | {
            "PATH": f"{self.installed.bin}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.scratch),
            "PYTHONPATH": str(self.program.folder),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SERVED_JOURNAL": str(self.program.journal),
            **{name: text.format_map(values) for name, text in self.server.environment.items()},
        }

    def is_dual(self) -> bool:
        """Whether Connect has a port of its own."""
        return "G2C_CONNECT_ADDRESS" in self.server.environment

    def offers(self, place: str) -> bool:
        """Whether it can be told to listen there."""
        return self.server.interface == "main" or place in self.server.places

    @contextlib.contextmanager
    def at(self, place: str) -> Iterator[tuple[Process, Place]]:
        """Start the server where `place` says ("tcp", "unix", "fd" or "tls"), and wait until it answers.

        Raises:
            NotStarted: it did not start, twice: the first time another process may have taken its port.
        """
        with contextlib.ExitStack() as stack:
            try:
                started = stack.enter_context(self._at(place))
            except NotStarted:
                started = stack.enter_context(self._at(place))
            yield started

    @contextlib.contextmanager
    def _at(self, place: str) -> Iterator[tuple[Process, Place]]:
        with contextlib.ExitStack() as stack:
            fds: list[int] = []
            port, connect_port = free_port(), free_port()
            address = connect_address = f"{HOST}:{port}"
            more = {"port": str(port), "connect_port": str(connect_port), "address": address}
            variables: dict[str, str] = {}
            if place == "unix":
                more["path"] = str(self.scratch / "s.sock")
                more["address"] = address = connect_address = f"unix:{more['path']}"
                if self.is_dual():
                    connect_address = f"unix:{self.scratch / 'c.sock'}"
                    variables["G2C_CONNECT_ADDRESS"] = connect_address
            elif place == "fd":
                sock = stack.enter_context(socket.create_server((HOST, 0)))
                fds, more["fd"] = [sock.fileno()], str(sock.fileno())
                connect_address = f"{HOST}:{sock.getsockname()[1]}"
                if self.is_dual():
                    variables["G2C_CONNECT_ADDRESS"] = f"fd:{sock.fileno()}"
                else:
                    more["address"], address = f"fd:{sock.fileno()}", connect_address
            elif self.is_dual():
                connect_address = f"{HOST}:{connect_port}"
            command = self.command(place, **more)
            environment = self.environment(**more) | variables
            process = stack.enter_context(running(command, self.program.folder, environment, fds))
            where = Place(connect_address, address, secure=place == "tls")
            wait_until_up(process, where)
            yield process, where


def wait_until_up(process: Process, place: Place) -> None:
    """Wait until a server answers where Connect is, and listens where gRPC is.

    Raises:
        NotStarted: it ended, or does not.
    """
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.popen.poll() is not None:
            break
        if _listens(place.grpc) and (_listens(place.connect) if place.secure else answers(place.connect)):
            return
        time.sleep(_STEP_S)
    raise NotStarted(f"{shlex.join(map(str, process.popen.args))}\n{process.said}")  # type: ignore[arg-type]


def opened(address: str, seconds: float = 5.0) -> socket.socket:
    """A connection to `host:port` or `unix:path`."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        sock.connect(address.removeprefix("unix:"))
        return sock
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=seconds)


def _listens(address: str) -> bool:
    try:
        opened(address).close()
    except OSError:
        return False
    return True


def answers(address: str) -> bool:
    """Whether HTTP is spoken there."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = opened(address)
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
