"""What stands in front of a server, or over it: nginx, supervisor, circus."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grpc2connect.serving.table import DEPLOYMENTS

from . import probes_connect, probes_grpc
from .probes_connect import Limited
from .starting import HOST, NotStarted, Place, Process, Starter, answers, free_port, running, wait_until_up
from .targets import Target

NO_NGINX = "nginx is not installed: apt-get install nginx"
_BACK_S = 20.0


def _template(name: str, **values: str) -> str:
    return (DEPLOYMENTS / name).read_text(encoding="utf-8").format_map(values)


def nginx_program() -> str | None:
    """The path of nginx."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


@contextlib.contextmanager
def behind_nginx(place: Place, folder: Path) -> Iterator[Place]:
    """Start nginx in front of a server.

    Raises:
        NotStarted: nginx did not start.
    """
    program = nginx_program()
    assert program is not None
    h1_port, h2_port = free_port(), free_port()
    settings = folder / "nginx.conf"
    settings.write_text(
        _template(
            "nginx.conf",
            connect=place.connect,
            grpc=place.grpc,
            folder=str(folder),
            host=HOST,
            h1_port=str(h1_port),
            h2_port=str(h2_port),
        )
    )
    front = Place(f"{HOST}:{h1_port}", f"{HOST}:{h2_port}")
    command = [program, "-p", str(folder), "-e", "stderr", "-c", str(settings)]
    with running(command, folder, os.environ) as process:
        wait_until_up(process, front)
        yield front


def nginx(target: Target) -> None:
    """Connect and gRPC-Web through it: unary, streams, errors."""
    probes_connect.connect_unary(target)
    probes_connect.connect_json(target)
    probes_connect.connect_client_stream(target)
    probes_connect.connect_server_stream(target)
    probes_connect.connect_errors(target)
    probes_connect.grpc_web(target)


def nginx_grpc(target: Target) -> None:
    """gRPC through it: unary, streams, errors."""
    for probe in (
        probes_grpc.grpc_unary,
        probes_grpc.grpc_server_stream,
        probes_grpc.grpc_bidi,
        probes_grpc.grpc_errors,
    ):
        probe(target)


def supervisor(starter: Starter, target: Target) -> None:
    """supervisord starts it, starts it again when it is killed, and stops it."""
    port, connect_port = free_port(), free_port()
    more = {"port": str(port), "connect_port": str(connect_port), "address": f"{HOST}:{port}"}
    connect = f"{HOST}:{connect_port if starter.is_dual() else port}"
    text = _template(
        "supervisord.conf",
        folder=str(starter.scratch),
        command=shlex.join(starter.command("tcp", **more)),
        directory=str(starter.program.folder),
    )
    settings = starter.scratch / "supervisord.conf"
    settings.write_text(text)
    program = starter.installed.program("supervisord")
    command = [str(program), "-n", "-c", str(settings)]
    with running(command, starter.program.folder, starter.environment(**more)) as process:
        _lives(process, starter.scratch / "web.log", replace(target, place=Place(connect, more["address"])))


def circus(starter: Starter, target: Target) -> None:
    """circusd does the same; a server that takes a file descriptor gets a socket that outlives it."""
    port, connect_port, socket_port = free_port(), free_port(), free_port()
    has_fd = starter.server.interface == "main" or "fd" in starter.server.places
    passed = "$(circus.sockets.web)"
    more = {"port": str(port), "connect_port": str(connect_port), "address": f"{HOST}:{port}", "fd": "FD"}
    connect = f"{HOST}:{connect_port if starter.is_dual() else port}"
    variables = {}
    if has_fd:
        connect = f"{HOST}:{socket_port}"
        if starter.is_dual():
            variables["G2C_CONNECT_ADDRESS"] = "fd:FD"
        else:
            more["address"] = "fd:FD"
    place = "fd" if has_fd else "tcp"
    line = shlex.join(starter.command(place, **more))
    if variables:
        line = f"{starter.installed.program('env') or 'env'} G2C_CONNECT_ADDRESS=fd:FD {line}"
    text = _template(
        "circus.ini",
        folder=str(starter.scratch),
        command=line.replace("FD", passed),
        directory=str(starter.program.folder),
        use_sockets=str(has_fd),
        host=HOST,
        socket_port=str(socket_port),
    )
    settings = starter.scratch / "circus.ini"
    settings.write_text(text)
    command = [str(starter.installed.program("circusd")), str(settings)]
    with running(command, starter.program.folder, starter.environment(**more)) as process:
        _lives(process, starter.scratch / "web.log", replace(target, place=Place(connect, connect)))


def _lives(process: Process, log: Path, target: Target) -> None:
    try:
        wait_until_up(process, Place(target.place.connect, target.place.connect))
    except NotStarted as error:
        said = log.read_text(errors="replace") if log.exists() else ""
        raise NotStarted(f"{error}\n{said}") from error
    probes_connect.connect_json(target)
    killed = _supervised(process)
    if not killed:
        raise Limited("nothing is supervised")
    for pid in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + _BACK_S
    while not (answers(target.place.connect) and _is_back(process, killed)):
        if time.monotonic() > end:
            raise Limited("does not come back")
        time.sleep(0.1)
    probes_connect.connect_json(target)
    process.terminate()
    if not process.ends():
        raise Limited("does not end")


def _is_back(process: Process, killed: list[int]) -> bool:
    now = _supervised(process)
    return bool(now) and not set(now) & set(killed)


def _supervised(process: Process) -> list[int]:
    """What a supervisor has started, and what that has: a first process that is killed alone can leave workers."""
    supervisor = [process.popen.pid]
    found: list[int] = []
    more = _children(_children(supervisor) if process.is_bounded else supervisor)
    while more:
        found += more
        more = _children(more)
    return found


def _children(pids: list[int]) -> list[int]:
    found: list[int] = []
    for pid in pids:
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(word) for word in tasks.read_text().split()]
    return found
