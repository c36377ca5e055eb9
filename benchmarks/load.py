"""Puts servers under load: `python benchmarks/load.py [--modes Server,AioServer] [--calls 20000] [--json]`.

Each mode's server runs in a process of its own, and 32 clients of plain grpcio (half of them `grpc.aio`, in four
processes, each client with a connection of its own) make the calls: all four kinds, answers of up to 1 MB, errors with
details, deadlines, and about one in eight cancelled. Every answer is compared with what it must be, to the byte. Then
the same again without cancellations while the server gets SIGTERM: a call whose handler was started must get its
answer, and one whose handler was not must be refused.

Exit code 1 if any call of a server of this package went wrong or was lost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import grpc

from benchmarks.under_load.client import Task
from benchmarks.under_load.gauge import Gauge, look
from benchmarks.under_load.generated import Generated, generate, load
from benchmarks.under_load.modes import MODES, ROOT, Mode, Running, running

PROCESSES = ("sync", "aio", "sync", "aio")
LIMIT_S = 600.0
_SETTLE_S = 15.0
_BEGIN_S = 60.0
_AFTER_SIGTERM_S = 60.0
_MOST_CALLS = 2_000
_SHOWN = 5


@dataclass
class Report:
    """What came of one mode.

    Attributes:
        mode: its name.
        calls: how many were made.
        cancelled: how many of them were cancelled.
        right: how many ended exactly as they must.
        of_client: those that grpc.aio's client ended itself, see `client.Ends`.
        wrong: those that ended otherwise.
        lost: those that ended by an error of the transport, or by none.
        seconds: how long it took.
        mib: the server's memory along the way.
        files: file descriptors before and after.
        threads: threads before and after.
        tasks: asyncio tasks after.
        leaked: handlers that still ran when all calls had ended.
        noise: lines that the server wrote beyond what the failing handlers must log.
        stopped: calls that had their answer while the server was stopped.
        refused: calls refused then.
        stop_lost: calls whose handler was started, and which did not get their answer.
        stop_seconds: from SIGTERM to the end of the process, at most.
    """

    mode: str
    calls: int = 0
    cancelled: int = 0
    right: int = 0
    of_client: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    seconds: float = 0.0
    mib: list[float] = field(default_factory=list)
    files: tuple[int, int] = (0, 0)
    threads: tuple[int, int] = (0, 0)
    tasks: int = 0
    leaked: int = 0
    noise: list[str] = field(default_factory=list)
    stopped: int = 0
    refused: int = 0
    stop_lost: list[str] = field(default_factory=list)
    stop_seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether every call ended as it must and nothing was left over."""
        return not (self.wrong or self.lost or self.leaked or self.stop_lost)

    def lines(self) -> Iterator[str]:
        """The report for people."""
        rate = self.calls / self.seconds if self.seconds else 0
        yield (
            f"{self.mode}: {self.calls} calls ({self.cancelled} cancelled, {self.of_client} ended by grpc.aio) in "
            f"{self.seconds:.0f} s, {rate:.0f}/s: "
            f"{len(self.wrong)} wrong, {len(self.lost)} lost, {self.leaked} handlers left"
        )
        yield (
            f"  memory {self.mib} MiB, files {self.files[0]} -> {self.files[1]}, threads {self.threads[0]} -> "
            f"{self.threads[1]}, tasks {self.tasks}, {len(self.noise)} lines of noise"
        )
        yield (
            f"  SIGTERM: {self.stopped} answered, {self.refused} refused, {len(self.stop_lost)} lost, "
            f"ended after {self.stop_seconds:.1f} s"
        )
        for name in ("wrong", "lost", "stop_lost", "noise"):
            for line in getattr(self, name)[:_SHOWN]:
                yield f"    {name}: {line}"


class _Clients:
    """All clients of one run, in their processes."""

    def __init__(self, tasks: list[Task]) -> None:
        command = [sys.executable, "-m", "benchmarks.under_load.client"]
        self._processes = []
        for task in tasks:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(task)).encode())
            process.stdin.close()
            process.stdin = None
            self._processes.append(process)

    def ends(self, limit_s: float) -> list[dict[str, Any]]:
        """Wait for all; what each found."""
        end = time.monotonic() + limit_s
        found = []
        for process in self._processes:
            said, _ = process.communicate(timeout=max(1.0, end - time.monotonic()))
            if process.returncode:
                raise RuntimeError(f"a process of clients ended with {process.returncode}")
            found.append(json.loads(said))
        return found

    def kill(self) -> None:
        """End those that still run."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def _clients(server: Running, folder: Path, calls: int, clients: int, **settings: Any) -> Iterator[_Clients]:
    each = clients // len(PROCESSES)
    tasks = [
        Task(
            generated=str(folder),
            target=server.target,
            name=f"{kind}{number}",
            kind=kind,
            clients=each,
            lanes=3,
            calls=calls // (each * len(PROCESSES)),
            **settings,
        )
        for number, kind in enumerate(PROCESSES)
    ]
    found = _Clients(tasks)
    try:
        yield found
    finally:
        found.kill()


def _noise(said: str) -> list[str]:
    """The lines that are no part of what grpcio logs, too, when a handler raises; tracebacks as their last lines."""
    found: list[str] = []
    inside = False
    for line in said.splitlines():
        if line.startswith("Traceback "):
            inside = True
        elif inside and not line.startswith((" ", "\t")):
            inside = False
            if not line.startswith("ValueError: ") and line:
                found.append(line)
        elif not inside and line.strip() and not line.startswith((" ", "listening on ", "Exception ", "Unexpected ")):
            found.append(line)
    return found


def put_under_load(mode: Mode, folder: Path, generated: Generated, calls: int, clients: int, report: Report) -> None:
    """Make the calls, and look at what is left of them."""
    with running(mode, folder, generated) as server:
        before = look(server.process.pid)
        with Gauge(server.process.pid) as gauge, _clients(server, folder, calls, clients) as made:
            for ends in made.ends(LIMIT_S):
                report.right += ends["right"]
                report.cancelled += ends["cancelled"]
                report.of_client += ends["of_client"]
                report.wrong += ends["wrong"]
                report.lost += ends["lost"]
                report.seconds = max(report.seconds, ends["seconds"])
        report.calls = report.right + report.of_client + len(report.wrong) + len(report.lost)
        report.mib = gauge.mib_along()
        census = _settled(server)
        after = look(server.process.pid)
        report.leaked, report.tasks = census["active"], census["tasks"]
        if before is not None and after is not None:
            report.files, report.threads = (before.files, after.files), (before.threads, after.threads)
        report.noise = _noise(server.said)


def _settled(server: Running) -> dict[str, int]:
    """What the server tells of itself once no handler runs, or after a while."""
    end = time.monotonic() + _SETTLE_S
    while True:
        census: dict[str, int] = json.loads(server.census())
        if not census["active"] or time.monotonic() > end:
            return census
        time.sleep(0.2)


def _wait_for(record: Path, calls: int) -> None:
    """Wait until so many calls have begun, or for a while."""
    end = time.monotonic() + _BEGIN_S
    while time.monotonic() < end and len(record.read_text().split()) < calls:
        time.sleep(0.05)


def stop_under_load(
    mode: Mode, folder: Path, generated: Generated, clients: int, seed: int, after: int, report: Report
) -> None:
    """Stop the server while it is under load."""
    record = folder / f"started-{time.monotonic_ns()}"
    with (
        running(mode, folder, generated, record) as server,
        _clients(server, folder, clients * _MOST_CALLS, clients, seed=seed, until_refused=True) as made,
    ):
        _wait_for(record, after)
        start = time.monotonic()
        server.process.terminate()
        found = made.ends(_AFTER_SIGTERM_S)
        try:
            server.process.wait(max(1.0, _AFTER_SIGTERM_S - (time.monotonic() - start)))
        except subprocess.TimeoutExpired:
            report.stop_lost.append("the server did not end")
        report.stop_seconds = max(report.stop_seconds, time.monotonic() - start)
    started = set(record.read_text().split())
    for ends in found:
        report.stopped += ends["right"]
        report.refused += len(ends["refused"])
        report.stop_lost += [
            f"{call}: refused, but its handler was started" for call in ends["refused"] if call in started
        ]
        report.stop_lost += ends["lost"] + ends["wrong"]


def main() -> None:
    """Put each mode under load, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", default=",".join(MODES), help="names, with commas")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--stops", type=int, default=3, help="how often the server is stopped meanwhile")
    parser.add_argument("--stop-after", type=int, default=500, metavar="CALLS", help="so many calls have begun by then")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each mode")
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        generate(folder)
        generated = load(folder)
        for name in given.modes.split(","):
            mode = MODES[name]
            if not mode.available:
                print(f"{name}: {mode.needs} is not installed", file=sys.stderr)
                continue
            report = Report(name)
            try:
                put_under_load(mode, folder, generated, given.calls, given.clients, report)
                for seed in range(given.stops):
                    stop_under_load(mode, folder, generated, given.clients, seed, given.stop_after, report)
            except (RuntimeError, grpc.RpcError, subprocess.TimeoutExpired) as error:
                report.lost.append(f"the run ended early: {error!r}")
            failed |= not report.good
            print(json.dumps(asdict(report)) if given.json else "\n".join(report.lines()), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
