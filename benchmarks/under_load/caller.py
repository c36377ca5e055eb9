"""A client in a process of its own that measures calls per second.

`python -m benchmarks.under_load.caller KIND FOLDER` reads a JSON object with `target`, `service`, `case` and `seconds`
from each line of stdin, and answers each with a line.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc

import grpc2connect_runtime as runtime

from .generated import Generated, load
from .modes import ROOT

CASES = ("unary, 1 at a time", "unary, 32 at a time", "streams of 100, 1 at a time", "streams of 100, 32 at a time")
_ANSWERS = 100
_SIZE = 100
_MANY = 32


class Caller:
    """A process of one kind of client.

    The kinds are `grpc`, `grpc.aio`, `Channel` and `AioChannel`; the latter also with `+grpcio`, for that wire.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        kind, _, wire = kind.partition("+")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "runtime"), "G2C_WIRE": wire}
        command = [sys.executable, "-m", "benchmarks.under_load.caller", kind, str(folder)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def rate(self, target: str, service: str, case: str, seconds: float) -> float:
        """Return the calls per second that were made for so many seconds."""
        assert self._process.stdin is not None and self._process.stdout is not None
        json.dump({"target": target, "service": service, "case": case, "seconds": seconds}, self._process.stdin)
        print(file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


class _Ask:
    """One measurement."""

    def __init__(self, generated: Generated, asked: dict[str, Any]) -> None:
        self._generated = generated
        self.target: str = asked["target"]
        self.seconds: float = asked["seconds"]
        self.lanes = _MANY if " 32 " in asked["case"] else 1
        self.streams = asked["case"].startswith("streams")
        self._service: str = asked["service"]
        self.request = generated.pb2.Ask(id="", size=_SIZE, count=_ANSWERS, data=b"x" * _SIZE)

    def stub(self, channel: Any) -> Any:
        """A stub of grpcio."""
        return getattr(self._generated.grpc, f"{self._service}Stub")(channel)

    def client(self, channel: Any, *, aio: bool) -> Any:
        """A client of this package's channel."""
        name = f"{self._service}Client" if aio else f"{self._service}ClientSync"
        return channel.client(getattr(self._generated.connect, name))


def _blocking(ask: _Ask, call: Callable[[], Any]) -> float:
    counts = [0] * ask.lanes
    end = time.perf_counter() + ask.seconds

    def lane(number: int) -> None:
        while time.perf_counter() < end:
            if ask.streams:
                assert sum(1 for _ in call()) == _ANSWERS
            else:
                call()
            counts[number] += 1

    call() if not ask.streams else list(call())
    start = time.perf_counter()
    end = start + ask.seconds
    threads = [threading.Thread(target=lane, args=(number,)) for number in range(ask.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


async def _looping(ask: _Ask, call: Callable[[], Any]) -> float:
    count = 0

    async def once() -> None:
        if not ask.streams:
            answer: Awaitable[Any] = call()
            await answer
            return
        got = 0
        async for _ in call():
            got += 1
        assert got == _ANSWERS

    async def lane() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await once()
            count += 1

    await once()
    start = time.perf_counter()
    end = start + ask.seconds
    await asyncio.gather(*(lane() for _ in range(ask.lanes)))
    return count / (time.perf_counter() - start)


def _with_grpc(ask: _Ask) -> float:
    with grpc.insecure_channel(ask.target) as channel:
        stub = ask.stub(channel)
        method = stub.Down if ask.streams else stub.One
        return _blocking(ask, lambda: method(ask.request))


def _with_channel(ask: _Ask) -> float:
    with runtime.insecure_channel(ask.target) as channel:
        client = ask.client(channel, aio=False)
        method = client.down if ask.streams else client.one
        return _blocking(ask, lambda: method(ask.request))


async def _with_grpc_aio(ask: _Ask) -> float:
    async with grpc.aio.insecure_channel(ask.target) as channel:
        stub = ask.stub(channel)
        method = stub.Down if ask.streams else stub.One
        return await _looping(ask, lambda: method(ask.request))


async def _with_aio_channel(ask: _Ask) -> float:
    async with runtime.aio_insecure_channel(ask.target) as channel:
        client = ask.client(channel, aio=True)
        method = client.down if ask.streams else client.one
        return await _looping(ask, lambda: method(ask.request))


_KINDS: dict[str, Callable[[_Ask], float]] = {
    "grpc": _with_grpc,
    "Channel": _with_channel,
    "grpc.aio": lambda ask: asyncio.run(_with_grpc_aio(ask)),
    "AioChannel": lambda ask: asyncio.run(_with_aio_channel(ask)),
}


def main() -> None:
    """Measure what stdin asks for."""
    kind, folder = sys.argv[1:]
    generated = load(Path(folder))
    for line in sys.stdin:
        print(_KINDS[kind](_Ask(generated, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
