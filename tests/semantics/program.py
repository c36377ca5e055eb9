"""Runs the semantics program: as it is written and migrated, each server with each client, over each wire.

Of each server one process runs for all clients. The clients write down what they see as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc_tools import protoc

from tests.e2e import running

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "fixtures" / "semantics"
CERTIFICATES = REPOSITORY / "fixtures" / "projects" / "gateway_downstream" / "make_certs.sh"
FLAVOURS = ("sync", "aio")
REFERENCE = "old-old"
_START_SECONDS = 60
_CLIENT_SECONDS = 120

Seen = dict[str, dict[str, dict[str, Any]]]
"""What was seen, by `client flavour > server flavour`, target and case."""


@dataclass(frozen=True)
class Side:
    """A server or a client: as it is written, or migrated and on a wire."""

    name: str
    wire: str | None = None

    @property
    def migrated(self) -> bool:
        return self.wire is not None


OLD = Side("old")


def wires() -> tuple[Side, ...]:
    """The wires that the runtime knows."""
    names = ["connect"]
    if (REPOSITORY / "runtime" / "grpc2connect_runtime" / "wire").is_dir():
        names.append("grpcio")
    return tuple(Side(name, name) for name in names)


def targets() -> tuple[str, ...]:
    """Client and server of each combination; old ones with each other are the reference."""
    pairs = [(client, server) for wire in wires() for client, server in ((wire, OLD), (OLD, wire), (wire, wire))]
    return (REFERENCE, *(f"{client.name}-{server.name}" for client, server in pairs))


class Program:
    """Copies of the program."""

    def __init__(self, folder: Path) -> None:
        """Make the copies in `folder`, and migrate one."""
        self._certificates = folder / "certificates"
        subprocess.run(["sh", str(CERTIFICATES), str(self._certificates)], check=True, timeout=60)
        old, new = folder / "old", folder / "new"
        shutil.copytree(SOURCE, old, ignore=shutil.ignore_patterns("__pycache__"))
        paths = [f"-I{old / 'proto'}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
        assert protoc.main(["", *paths, f"--python_out={old}", f"--grpc_python_out={old}", "probes/probes.proto"]) == 0
        shutil.copytree(old, new)
        done = running.tool("report", "--format", "json", str(new), cwd=new)
        self.ledger: dict[str, Any] = json.loads(done.stdout)
        done = running.migrate(new)
        assert done.returncode == 0, running.said(done)
        self._folders = {False: old, True: new}

    def observe(self) -> Seen:
        """Run every target once."""
        sides = (OLD, *wires())
        with contextlib.ExitStack() as stack:
            started = {(side, flavour): self._server(side, flavour) for side in sides for flavour in FLAVOURS}
            for server in started.values():
                stack.callback(_end, server)
            ports = {key: _ports(server) for key, server in started.items()}
            # One client of each flavour at a time for each server: some cases fill a server up.
            with ThreadPoolExecutor(len(sides)) as pool:
                lanes = pool.map(lambda side: list(self._lane(side, ports)), sides)
                found = [one for lane in lanes for one in lane]
        seen: Seen = {}
        for target, flavour, documents in found:
            for server, cases in documents.items():
                seen.setdefault(f"{flavour} > {server}", {})[target] = cases
        return seen

    def _lane(self, server: Side, ports: dict[tuple[Side, str], str]) -> Iterator[tuple[str, str, Any]]:
        known = targets()
        for client in (OLD, *wires()):
            target = f"{client.name}-{server.name}"
            if target not in known:
                continue
            with ThreadPoolExecutor(len(FLAVOURS)) as pool:
                seen = pool.map(lambda flavour, client=client: self._client(client, flavour, server, ports), FLAVOURS)
                for flavour, documents in zip(FLAVOURS, seen, strict=True):
                    yield target, flavour, documents

    def _client(self, side: Side, flavour: str, server: Side, ports: dict[tuple[Side, str], str]) -> Any:
        addresses = [f"{other}={ports[server, other]}" for other in FLAVOURS]
        done = subprocess.run(
            [sys.executable, "-m", f"probes.{flavour}_client", str(self._certificates), *addresses],
            cwd=self._folders[side.migrated],
            env=self._environment(side),
            capture_output=True,
            timeout=_CLIENT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{flavour} client {side.name}: {running.said(done)}"
        return json.loads(done.stdout)

    def _server(self, side: Side, flavour: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"probes.{flavour}_server", str(self._certificates)],
            cwd=self._folders[side.migrated],
            env=self._environment(side),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _environment(self, side: Side) -> dict[str, str]:
        extra = {} if side.wire is None else {"G2C_WIRE": side.wire}
        # Its log says what the cases do on purpose.
        return running.environment(self._folders[side.migrated], {**extra, "GRPC_VERBOSITY": "NONE"})


def _ports(server: subprocess.Popen[bytes]) -> str:
    assert server.stdout is not None
    with ThreadPoolExecutor(1) as pool:
        line = pool.submit(server.stdout.readline).result(_START_SECONDS)
    assert line, f"{server.args} said no ports"
    return line.decode().strip()


def _end(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait(30)
    if server.stdout is not None:
        server.stdout.close()


def wanted() -> bool:
    """Whether there is all that it takes: the certificates come from openssl."""
    return shutil.which("openssl") is not None and os.name == "posix"
