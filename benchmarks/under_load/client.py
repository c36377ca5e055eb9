"""Some clients in a process of their own: `python -m benchmarks.under_load.client`, its task as JSON on stdin.

Prints one JSON object: how many calls ended as they must, and each of the others.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import grpc

from .generated import Generated, load
from .mix import Plan, plans

_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)
_LOST = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)
# grpcio's own server ends calls that it has not begun by CANCELLED.
_REFUSED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_READ_BEFORE_CANCEL = 3
_OF_CLIENT = "Internal error from Core"


@dataclass(frozen=True)
class Task:
    """What one process of clients is to do.

    Attributes:
        generated: the folder of the generated code.
        target: the server.
        name: of the process.
        kind: `sync` or `aio`.
        clients: how many, each with a connection of its own.
        lanes: how many calls each client makes at a time.
        calls: how many calls each client makes in all.
        seed: of the mix.
        until_refused: for a server that is stopped meanwhile: no cancellations, and the end at the first UNAVAILABLE.
    """

    generated: str
    target: str
    name: str
    kind: str
    clients: int
    lanes: int
    calls: int
    seed: int = 0
    until_refused: bool = False


@dataclass
class Ends:
    """How calls ended.

    Attributes:
        right: as they must.
        cancelled: how many of all were cancelled.
        of_client: refused while they still sent, and ended by grpc.aio's client itself, whose next message fails then:
            it does so with grpcio's own server, too.
        refused: by a server that stops; their ids.
        lost: by an error of the transport, or by none.
        wrong: otherwise.
    """

    right: int = 0
    cancelled: int = 0
    of_client: int = 0
    refused: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of one call."""

    answers: list[Any] = field(default_factory=list)
    code: Any = None
    details: str | None = None
    initial: Any = ()
    trailing: Any = ()


class Judge:
    """Compares what came with what must come."""

    def __init__(self, pb2: Any, until_refused: bool) -> None:
        self._pb2 = pb2
        self._until_refused = until_refused
        self._lock = threading.Lock()
        self.ends = Ends()
        self.refusing = False

    def take(self, plan: Plan, outcome: Outcome) -> None:
        """Count one call."""
        problem = self._problem(plan, outcome)
        with self._lock:
            if plan.kind.startswith("cancel"):
                self.ends.cancelled += 1
            if problem is None:
                self.ends.right += 1
                return
            if plan.kind == "refused" and outcome.details == _OF_CLIENT:
                self.ends.of_client += 1
                return
            unavailable = outcome.code in _REFUSED or outcome.details == _OF_CLIENT
            if self._until_refused and unavailable and not outcome.answers:
                self.refusing = True
                self.ends.refused.append(plan.id)
                return
            lost = outcome.code in _LOST and outcome.code is not plan.status()[0]
            into = self.ends.lost if lost else self.ends.wrong
            into.append(f"{plan.id} ({plan.kind}, {plan.service}, {plan.size} x {plan.count}): {problem}")

    def _problem(self, plan: Plan, outcome: Outcome) -> str | None:
        must = plan.answers(self._pb2)
        code, details = plan.status()
        came = f"{outcome.code} {outcome.details!r} after {len(outcome.answers)} answers"
        if plan.kind == "cancel at once" and outcome.code is grpc.StatusCode.OK:
            code, details = grpc.StatusCode.OK, ""  # it was quicker
        if outcome.code is not code or (details is not None and outcome.details != details):
            return came
        if plan.kind.startswith("cancel"):
            right = outcome.answers == must[: len(outcome.answers)]
        elif plan.kind == "abort late" or code is grpc.StatusCode.OK:
            right = outcome.answers == must
        else:
            right = not outcome.answers
        if not right:
            return f"other answers: {came}"
        for side, wanted, found in (
            ("initial", plan.initial(), dict(outcome.initial or ())),
            ("trailing", plan.trailers(), dict(outcome.trailing or ())),
        ):
            missing = {key: value for key, value in wanted.items() if found.get(key) != value}
            if missing:
                return f"{side} metadata {missing} in {found}"
        return None


def _multicallable(channel: Any, plan: Plan, generated: Generated) -> Any:
    stub = getattr(generated.grpc, f"{plan.service}Stub")(channel)
    if plan.method == "Nope":
        path = f"/load.v1.{plan.service}/Nope"
        return channel.unary_unary(path, generated.pb2.Ask.SerializeToString, generated.pb2.Answer.FromString)
    return getattr(stub, plan.method)


def _requests(plan: Plan, pb2: Any, stay: threading.Event) -> Iterator[Any]:
    """Requests of a stream; one that is to be cancelled stays open."""
    if plan.kind != "cancel both":
        yield from plan.requests(pb2)
        return
    for number in range(_READ_BEFORE_CANCEL):
        yield plan.request(pb2, number)
    stay.wait(5)


def _call(plan: Plan, channel: Any, generated: Generated) -> Outcome:
    method, pb2 = _multicallable(channel, plan, generated), generated.pb2
    settings = {"timeout": plan.timeout_s, "metadata": plan.metadata}
    outcome = Outcome()
    stay = threading.Event()
    call: Any = None
    try:
        if plan.method in ("Down", "Both"):
            given = plan.request(pb2) if plan.method == "Down" else _requests(plan, pb2, stay)
            call = method(given, **settings)
            for answer in call:
                outcome.answers.append(answer)
                if plan.kind.startswith("cancel") and len(outcome.answers) == _READ_BEFORE_CANCEL:
                    call.cancel()
        else:
            call = method.future(plan.requests(pb2) if plan.method == "Up" else plan.request(pb2), **settings)
            if plan.kind == "cancel at once":
                call.cancel()
            elif plan.kind == "cancel working":
                time.sleep(0.03)
                call.cancel()
            outcome.answers.append(call.result())
    except grpc.FutureCancelledError:
        pass
    except grpc.RpcError as error:
        call = call if call is not None else error
    finally:
        stay.set()
    outcome.code, outcome.details = call.code(), call.details()
    outcome.initial, outcome.trailing = call.initial_metadata(), call.trailing_metadata()
    return outcome


async def _call_aio(plan: Plan, channel: Any, generated: Generated) -> Outcome:
    method, pb2 = _multicallable(channel, plan, generated), generated.pb2
    settings = {"timeout": plan.timeout_s, "metadata": plan.metadata}
    outcome = Outcome()
    stay = asyncio.Event()

    async def requests() -> Any:
        for number in range(_READ_BEFORE_CANCEL if plan.kind == "cancel both" else plan.count):
            yield plan.request(pb2, number)
        if plan.kind == "cancel both":
            await stay.wait()

    given = requests() if plan.method in ("Up", "Both") else plan.request(pb2)
    call = method(given, **settings)
    try:
        if plan.method in ("Down", "Both"):
            async for answer in call:
                outcome.answers.append(answer)
                if plan.kind.startswith("cancel") and len(outcome.answers) == _READ_BEFORE_CANCEL:
                    call.cancel()
        else:
            if plan.kind == "cancel at once":
                call.cancel()
            elif plan.kind == "cancel working":
                await asyncio.sleep(0.03)
                call.cancel()
            outcome.answers.append(await call)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
    except grpc.RpcError:
        pass
    finally:
        stay.set()
    outcome.code, outcome.details = await call.code(), await call.details()
    if not plan.kind.startswith("cancel"):
        outcome.initial, outcome.trailing = await call.initial_metadata(), await call.trailing_metadata()
    return outcome


def _run_sync(task: Task, generated: Generated, judge: Judge) -> None:
    def lane(channel: Any, mine: list[Plan]) -> None:
        for plan in mine:
            if judge.refusing:
                return
            judge.take(plan, _call(plan, channel, generated))

    channels, threads = [], []
    for number in range(task.clients):
        channel = grpc.insecure_channel(task.target, _OPTIONS)
        channels.append(channel)
        found = list(plans(f"{task.name}.{number}", task.calls, task.seed, finite=task.until_refused))
        for index in range(task.lanes):
            threads.append(threading.Thread(target=lane, args=(channel, found[index :: task.lanes])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for channel in channels:
        channel.close()


async def _run_aio(task: Task, generated: Generated, judge: Judge) -> None:
    async def lane(channel: Any, mine: list[Plan]) -> None:
        for plan in mine:
            if judge.refusing:
                return
            judge.take(plan, await _call_aio(plan, channel, generated))

    channels, lanes = [], []
    for number in range(task.clients):
        channel = grpc.aio.insecure_channel(task.target, _OPTIONS)
        channels.append(channel)
        found = list(plans(f"{task.name}.{number}", task.calls, task.seed, finite=task.until_refused))
        lanes += [lane(channel, found[index :: task.lanes]) for index in range(task.lanes)]
    await asyncio.gather(*lanes)
    for channel in channels:
        await channel.close()


def main() -> None:
    """Do the task on stdin."""
    task = Task(**json.load(sys.stdin))
    generated = load(Path(task.generated))
    judge = Judge(generated.pb2, task.until_refused)
    start = time.perf_counter()
    if task.kind == "sync":
        _run_sync(task, generated, judge)
    else:
        asyncio.run(_run_aio(task, generated, judge))
    found = asdict(judge.ends)
    found["seconds"] = time.perf_counter() - start
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
