"""The ways to serve that are put under load, and how to start each."""

from __future__ import annotations

import importlib.metadata
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import grpc

from .generated import Generated

ROOT = Path(__file__).parents[2]
_APP = "benchmarks.under_load.server:app"
_START_S = 30.0
_STOP_S = 45.0
_LISTENING = re.compile(rb"^listening on (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Mode:
    """One way to serve.

    Attributes:
        name: how it is called in tables.
        command: arguments of Python; `{port}` stands for a free port, without which the server chooses and tells.
        environment: beside what the process inherits.
        needs: a distribution that must be installed.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    needs: str = "grpcio"

    @property
    def available(self) -> bool:
        """Whether its server is installed."""
        try:
            importlib.metadata.version(self.needs)
        except importlib.metadata.PackageNotFoundError:
            return False
        return True


def _ours(flavour: str) -> tuple[str, ...]:
    return ("-m", "benchmarks.under_load.server", flavour)


_PYVOY = "import importlib.metadata as m; [e.load()() for e in m.entry_points(group='console_scripts', name='pyvoy')]"
_GUNICORN = ("-k", "asgi", "--http-protocols", "h2,h1", "--http2-cleartext", "both", "--graceful-timeout", "30")
_HYPERCORN_SETTINGS = "keep_alive_max_requests = 100000000\nh2_max_concurrent_streams = 1000\ngraceful_timeout = 30\n"

MODES = {
    mode.name: mode
    for mode in (
        Mode("grpc", _ours("grpc")),
        Mode("grpc.aio", _ours("grpc.aio")),
        Mode("Server", _ours("Server")),
        Mode("AioServer", _ours("AioServer")),
        Mode("Server+grpcio", _ours("Server"), {"G2C_WIRE": "grpcio"}),
        Mode("AioServer+grpcio", _ours("AioServer"), {"G2C_WIRE": "grpcio"}),
        Mode("hypercorn", ("-m", "hypercorn", "-c", "{hypercorn}", "-b", "127.0.0.1:{port}", _APP), needs="hypercorn"),
        Mode("pyvoy", ("-c", _PYVOY, "--address", "127.0.0.1", "--port", "{port}", _APP), needs="pyvoy"),
        Mode("gunicorn", ("-m", "gunicorn", *_GUNICORN, "-b", "127.0.0.1:{port}", _APP), needs="gunicorn"),
    )
}


class Running:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, said: IO[bytes], generated: Generated) -> None:
        self.process = process
        self.target = f"127.0.0.1:{port}"
        self._said = said
        self._generated = generated

    @property
    def said(self) -> str:
        """What it wrote so far."""
        self._said.seek(0)
        return self._said.read().decode(errors="replace")

    def census(self) -> str:
        """What it tells of itself, as JSON.

        Raises:
            grpc.RpcError: it does not answer.
        """
        with grpc.insecure_channel(self.target, (("grpc.use_local_subchannel_pool", 1),)) as channel:
            stub = self._generated.grpc.AsyncStub(channel)
            answer = stub.Census(self._generated.pb2.Ask(), timeout=20, wait_for_ready=True)
        found: str = answer.id
        return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _announced(process: subprocess.Popen[bytes], said: IO[bytes]) -> int:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        said.seek(0)
        if (found := _LISTENING.search(said.read())) is not None:
            return int(found[1])
        time.sleep(0.05)
    said.seek(0)
    raise RuntimeError(f"the server did not start: {said.read().decode(errors='replace')}")


@contextmanager
def running(mode: Mode, folder: Path, generated: Generated, record: Path | None = None) -> Iterator[Running]:
    """Start a server; end it.

    Args:
        mode: how to serve.
        folder: where the generated code is.
        generated: the generated code.
        record: the file for the ids of started calls.
    """
    settings = folder / "hypercorn.toml"
    settings.write_text(_HYPERCORN_SETTINGS)
    is_ours = "{port}" not in " ".join(mode.command)
    port = 0 if is_ours else _free_port()
    command = [part.format(port=port, hypercorn=settings) for part in mode.command]
    if is_ours:
        command += [str(folder), *([str(record)] if record is not None else [])]
    environment = {**os.environ, **mode.environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'runtime'}"}
    if not is_ours:
        environment["G2C_LOAD_GENERATED"] = str(folder)
        if record is not None:
            environment["G2C_LOAD_RECORD"] = str(record)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            server = Running(process, port or _announced(process, said), said, generated)
            server.census()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
