"""Makes a random program, migrates it, and runs both sides in all four ways."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from grpc_tools import protoc

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import RunResult
from tests.e2e import running
from tests.e2e.projects import Command
from tests.random_programs.clients import Clients
from tests.random_programs.handlers import Handlers
from tests.random_programs.unit_tests import UnitTests
from tests.random_programs.writing import BIDI, CLIENT, COUNTS, SERVER

SECONDS = 120


@dataclass(frozen=True)
class Seen:
    """What a program prints.

    Attributes:
        migration: what the tool did.
        units: what the unit tests print, before and after.
        printed: what the clients print, by whether the client and the server are migrated.
    """

    migration: RunResult
    units: list[list[str]]
    printed: dict[tuple[str, str], list[str]]


def make(folder: Path, seed: int) -> None:
    """Write the program of a seed: protos, stubs, a server, clients."""
    folder.mkdir(parents=True)
    (folder / "shop.proto").write_text(_proto())
    asked = [f"-I{folder}", f"--python_out={folder}", f"--grpc_python_out={folder}", "shop.proto"]
    assert protoc.main(["", *asked]) == 0
    rng = random.Random(seed)
    aio = rng.random() < 0.5
    (folder / "server.py").write_text(Handlers(rng, aio=aio).module())
    if rng.random() < 0.5:
        (folder / "unit.py").write_text(UnitTests(rng, aio=aio).module())
    (folder / "client.py").write_text(Clients(rng, aio=rng.random() < 0.5).module())


def observe(folder: Path, seed: int, wire: str = "") -> Seen:
    """Make a program and migrate a copy; run every client against every server.

    Args:
        folder: where both are written; must not exist.
        seed: which program; every third one is migrated with `native`.
        wire: what `G2C_WIRE` is for the migrated side.
    """
    old, new = folder / "old", folder / "new"
    make(old, seed)
    make(new, seed)
    result = run(Options(new, (new,), native=seed % 3 == 0))
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    printed = {}
    extra = {**_QUIET, **({"G2C_WIRE": wire} if wire else {})}
    with ExitStack() as stack:
        for name, server in (("old", old), ("new", new)):
            port = stack.enter_context(running.serving(Command(("server.py",)), server, ".", extra))
            for client in (old, new):
                printed[client.name, name] = _printed(client, extra, "client.py", str(port))
    units = [_printed(side, extra, "unit.py") if (side / "unit.py").exists() else [] for side in (old, new)]
    return Seen(result, units, printed)


_QUIET = {"GRPC_VERBOSITY": "NONE"}


def _printed(folder: Path, extra: dict[str, str], *command: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=running.environment(folder, extra),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, running.said(done)
    return done.stdout.decode().splitlines()


def _proto() -> str:
    lines = ['syntax = "proto3";', "package shop.v1;", "message Ask { string text = 1; int32 number = 2; }"]
    lines += ["message Answer { string text = 1; int32 number = 2; }", "service Shop {"]
    for kind, count in COUNTS.items():
        ask = "stream Ask" if kind in (CLIENT, BIDI) else "Ask"
        answer = "stream Answer" if kind in (SERVER, BIDI) else "Answer"
        lines += [f"  rpc {kind}{number}({ask}) returns ({answer});" for number in range(count)]
    return "\n".join([*lines, "}"]) + "\n"
