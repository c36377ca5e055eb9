"""Forked processes that take items one after the other and send what they find; watched, and never left behind.

A child has its parent's memory as it is at the fork, so nothing need be sent to it but numbers of items. It ends with
its parent: a thread waits for the end of a pipe that only the parent can close, and an alarm, which needs no
interpreter, ends a child that hangs in C.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import struct
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from grpc2connect.expendable import Expendable

if TYPE_CHECKING:
    from grpc2connect.spread.team import Team

_HEAD = struct.Struct("<cIQ")
_AT, _FOUND, _EXPENDABLE, _REFUSED = b"a", b"f", b"x", b"r"
_TOKEN = struct.Struct("<I")
_TOKENS = 1000
"""What a pipe surely takes without a reader: the numbers are in it before there is one."""
_CHUNK = 1 << 20
_GRACE = 30
"""Seconds after which a child that nobody has ended ends itself."""


@dataclass
class _Child:
    """A process, the end of its pipe here, what has come out of that so far, and the item it works on, since when."""

    pid: int
    pipe: int
    buffer: bytearray = field(default_factory=bytearray)
    at: int | None = None
    since: float = 0.0
    slow: bool = False


@dataclass(frozen=True)
class Task:
    """Work on items by their numbers, and who is told what comes of it.

    `paths` say which file each item is about, `work` does one in a child, and `received` makes of its bytes what was
    found, in the parent; if that raises, the item is for the parent to do. `done` is told how many are done.
    """

    paths: Sequence[Path]
    work: Callable[[int], bytes]
    received: Callable[[int, bytes], Any]
    done: Callable[[int], None]
    team: Team


class Processes:
    """Several processes on one task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._team = task.team
        self._found: dict[int, Any] = {}
        self._refused: set[int] = set()
        self._alone = ""

    def run(self, order: Sequence[int], workers: int) -> dict[int, Any]:
        """What was found, or `Expendable`, by the item's number; what is missing is for this process to do."""
        left = list(order)
        while left and not self._alone:
            self._round(left, min(workers, len(left)))
            still = [index for index in left if index not in self._found and index not in self._refused]
            if len(still) == len(left):
                break
            left = still
        if self._alone:
            self._team.say(f"{self._alone}; the rest is done by one, as --jobs 1 does from the start")
        return self._found

    def _round(self, order: Sequence[int], workers: int) -> None:
        size = -(-len(order) // _TOKENS)
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        tokens, source = os.pipe()
        life, parent = os.pipe()
        children: list[_Child] = []
        try:
            os.write(source, b"".join(map(_TOKEN.pack, range(len(chunks)))))
            os.close(source)
            for _ in range(workers):
                try:
                    children.append(self._fork(chunks, tokens, life))
                except OSError as problem:
                    self._alone = f"no more processes can be started ({problem.strerror})"
                    break
            if len(children) == workers:
                self._watch(children)
        finally:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
                os.close(child.pipe)
            for end in (tokens, life, parent):
                os.close(end)

    def _fork(self, chunks: Sequence[Sequence[int]], tokens: int, life: int) -> _Child:
        pipe, sink = os.pipe()
        try:
            with warnings.catch_warnings():
                # From Python 3.12 on it warns of threads; the caller sees to it that they hold nothing.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
        except OSError:
            os.close(pipe)
            os.close(sink)
            raise
        if pid == 0:
            self._child(chunks, tokens, life, sink)
        os.close(sink)
        return _Child(pid, pipe)

    # In the parent

    def _watch(self, children: list[_Child]) -> None:
        """Take what the children send until all have ended."""
        with selectors.DefaultSelector() as selector:
            for child in children:
                selector.register(child.pipe, selectors.EVENT_READ, child)
            while selector.get_map() and not self._alone:
                for key, _ in selector.select(timeout=self._patience(children)):
                    child = key.data
                    data = os.read(child.pipe, _CHUNK)
                    if data:
                        child.buffer += data
                        self._take(child)
                    else:
                        selector.unregister(child.pipe)
                        self._ended(children, child)
                for child in children:
                    if child.at is not None and time.monotonic() - child.since > self._team.seconds:
                        child.slow = True
                        os.kill(child.pid, signal.SIGKILL)

    def _patience(self, children: Sequence[_Child]) -> float | None:
        since = [child.since for child in children if child.at is not None and not child.slow]
        return max(0.0, min(since) + self._team.seconds - time.monotonic()) + 0.01 if since else None

    def _take(self, child: _Child) -> None:
        while len(child.buffer) >= _HEAD.size:
            kind, index, size = _HEAD.unpack_from(child.buffer)
            end = _HEAD.size + size
            if len(child.buffer) < end:
                return
            payload = bytes(child.buffer[_HEAD.size : end])
            del child.buffer[:end]
            if kind == _AT:
                child.at, child.since = index, time.monotonic()
                continue
            child.at = None
            if kind == _REFUSED:
                self._refused.add(index)
            elif kind == _EXPENDABLE:
                self._found[index] = Expendable(self._task.paths[index], payload.decode("utf-8", "surrogatepass"))
            else:
                try:
                    self._found[index] = self._task.received(index, payload)
                except Exception:
                    self._refused.add(index)
            self._task.done(len(self._found))

    def _ended(self, children: list[_Child], child: _Child) -> None:
        """A child has ended: because it was done, or because of the item that it was at, or for want of memory."""
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pipe)
        children.remove(child)
        code = os.waitstatus_to_exitcode(status)
        if child.at is None:
            self._alone = "" if code == 0 else f"a process has ended (exit code {code})"
        elif child.slow:
            self._lose(child.at, f"took more than {self._team.seconds:.0f} s")
        elif code == -signal.SIGKILL:
            self._alone = "a process was killed from outside, perhaps because the memory was used up"
        else:
            self._lose(child.at, f"ended the analysis (exit code {code})")

    def _lose(self, index: int, reason: str) -> None:
        self._found[index] = Expendable(self._task.paths[index], reason)

    # In a child

    def _child(self, chunks: Sequence[Sequence[int]], tokens: int, life: int, sink: int) -> NoReturn:
        code = 1
        try:
            _settle({tokens, life, sink}, life)
            while token := os.read(tokens, _TOKEN.size):
                for index in chunks[_TOKEN.unpack(token)[0]]:
                    signal.alarm(int(self._team.seconds) + _GRACE)
                    _send(sink, _AT, index)
                    _send(sink, *self._done_by_child(index))
            code = 0
        finally:
            os._exit(code)

    def _done_by_child(self, index: int) -> tuple[bytes, int, bytes]:
        try:
            return _FOUND, index, self._task.work(index)
        except Expendable as lost:
            return _EXPENDABLE, index, lost.reason.encode("utf-8", "surrogatepass")
        except Exception:
            return _REFUSED, index, b""


def _settle(kept: set[int], life: int) -> None:
    """Make a process of its own of a fork: nothing of the parent's stays open, and it ends when the parent does.

    The numbers of the parent's files stay taken: an object that has one may close it at any time, as garbage, and must
    not close what the child has opened since. What is written to one goes nowhere: the child says what it is at to its
    own parent alone.
    """
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.dup2(null, int(name))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of each process
    threading.stack_size(0)
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()


def _end_with(life: int) -> None:
    os.read(life, 1)  # there is never anything to read: only an end
    os._exit(1)


def _send(sink: int, kind: bytes, index: int, payload: bytes = b"") -> None:
    data = memoryview(_HEAD.pack(kind, index, len(payload)) + payload)
    while data:
        data = data[os.write(sink, data) :]
