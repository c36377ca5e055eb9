"""Calls per second beside plain grpcio, in one run: `python benchmarks/calls.py [--rounds 5] [--seconds 1.5]`.

All servers run at once, each in a process of its own; the rounds go from one to the next, so that what else goes on on
the machine meets all alike. One client, in a process of its own, makes unary calls (one at a time, then 32 at a time)
and streams of 100 answers. Printed are medians of the rounds, and the median of their ratios to what grpcio's server of
the same kind did in the same round; then the same for clients: this package's channels and grpcio's, to a server of
grpcio. On Linux a further table has the CPU time that each server used for a call: it depends less on who else
computes.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.under_load.caller import CASES, Caller
from benchmarks.under_load.gauge import cpu_seconds
from benchmarks.under_load.generated import generate, load
from benchmarks.under_load.modes import MODES, running

SERVERS = ("grpc", "Server+grpcio", "Server", "grpc.aio", "AioServer+grpcio", "AioServer")
CLIENTS = ("grpc", "Channel+grpcio", "Channel", "grpc.aio", "AioChannel+grpcio", "AioChannel")
Found = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each measurement")
    parser.add_argument("--servers", default=",".join(SERVERS), help="names, with commas; or none")
    parser.add_argument("--clients", default=",".join(CLIENTS), help="names, with commas; or none")
    given = parser.parse_args()
    servers = [name for name in given.servers.split(",") if name != "none" and MODES[name].available]
    clients = [name for name in given.clients.split(",") if name != "none"]
    of_servers: Found = defaultdict(lambda: defaultdict(list))
    of_clients: Found = defaultdict(lambda: defaultdict(list))
    cpu: Found = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        generate(folder)
        generated = load(folder)
        started = {
            name: stack.enter_context(running(MODES[name], folder, generated))
            for name in dict.fromkeys(("grpc", *servers))
        }
        callers = {
            name: stack.enter_context(contextlib.closing(Caller(name, folder)))
            for name in dict.fromkeys(("grpc", *clients))
        }
        for number in range(given.rounds + 1):
            for case in CASES:
                for name in servers:
                    before = cpu_seconds(started[name].process.pid)
                    rate = callers["grpc"].rate(started[name].target, _service(name), case, given.seconds)
                    used = cpu_seconds(started[name].process.pid) - before
                    if number:  # the first round warms up
                        of_servers[name][case].append(rate)
                        cpu[name][case].append(used / (rate * given.seconds) * 1e6)
                for name in clients:
                    rate = callers[name].rate(started["grpc"].target, "Blocking", case, given.seconds)
                    of_clients[name][case] += [rate] if number else []
    _table("server (client: grpcio)", servers, of_servers)
    if any(map(any, cpu["grpc"].values())):
        _table("server, microseconds of CPU for a call", servers, cpu)
    _table("client (server: grpcio)", clients, of_clients)


def _service(server: str) -> str:
    return "Async" if "aio" in server.lower() else "Blocking"


def _table(title: str, names: Iterable[str], found: Found) -> None:
    print(f"\n| {title} | {' | '.join(CASES)} |\n|---|{'--:|' * len(CASES)}")
    for name in names:
        beside = "grpc.aio" if "aio" in name.lower() and "grpc.aio" in found else "grpc"
        cells = []
        for case in CASES:
            rounds = found[name][case]
            ratio = statistics.median(mine / base for mine, base in zip(rounds, found[beside][case], strict=True))
            cells.append(f"{statistics.median(rounds):,.0f} ({ratio:.2f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
