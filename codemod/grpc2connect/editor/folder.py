"""One folder that an editor has open: what was last found in it, and the processes that find it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpc2connect.editor.analyst import Analyst, AnalystFailed
from grpc2connect.editor.questions import Answer, Question, Settings, What
from grpc2connect.report.paint import Paint
from grpc2connect.report.text import failure_line


@dataclass(frozen=True)
class Seen:
    """The open files as they were when a question was asked: their texts, and the versions of these."""

    texts: Mapping[Path, str]
    versions: Mapping[Path, int | None]


@dataclass(frozen=True)
class Known:
    """An answer, and the files that it is about."""

    answer: Answer
    seen: Seen


@dataclass
class Folder:
    """`look` is asked again with every change, `detail` what hovers and edits need."""

    root: Path
    look: Analyst
    detail: Analyst
    settings: Settings
    known: Known | None = None
    _looking: asyncio.Task[None] | None = None
    _explained: dict[Path, asyncio.Task[Answer]] = field(default_factory=dict)

    @staticmethod
    def at(root: Path, command: Sequence[str], settings: Settings) -> Folder:
        """A folder of which nothing is known yet."""
        return Folder(root, Analyst(command, root), Analyst(command, root), settings)

    def changed(self, seen: Callable[[], Seen], delay: float, told: Callable[[Known], Awaitable[None]]) -> None:
        """Look again in `delay` seconds, if nothing changes until then; what is being looked at is outdated."""
        self._forget()
        self._looking = asyncio.create_task(self._look(seen, delay, told))

    async def explain(self, path: Path, seen: Seen) -> Answer:
        """The chains of facts in an open file; asked once for each state of the files."""
        task = self._explained.get(path)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            question = Question(What.EXPLAIN, seen.texts, self.settings, path)
            task = self._explained[path] = asyncio.create_task(self.detail.ask(question))
        # The editor takes a hover back when the pointer moves on; the next one wants the same.
        return await asyncio.shield(task)

    async def move(self, path: Path, unit: str, seen: Seen) -> Answer:
        """The edits that move a service which the file at `path` has to do with."""
        return await self.detail.ask(Question(What.MOVE, seen.texts, self.settings, path, unit))

    async def settled(self) -> None:
        """Wait until what is known is of the files as they are, or it is known that it cannot be."""
        while self._looking is not None and not self._looking.done():
            await asyncio.wait([self._looking])

    def stop(self) -> None:
        """End everything, when nothing can be waited for any more."""
        self.look.stop()
        self.detail.stop()

    async def end(self) -> None:
        """End everything, and wait for it."""
        await asyncio.gather(*self._forget(), return_exceptions=True)
        await self.look.end()
        await self.detail.end()

    def _forget(self) -> list[asyncio.Task[Any]]:
        """Cancel what is outdated."""
        tasks = [task for task in (self._looking, *self._explained.values()) if task is not None]
        for task in tasks:
            task.cancel()
        self._explained.clear()
        return tasks

    async def _look(self, seen: Callable[[], Seen], delay: float, told: Callable[[Known], Awaitable[None]]) -> None:
        await asyncio.sleep(delay)
        now = seen()
        answer = Answer()
        if now.texts:
            answer = await self._asked(Question(What.LOOK, now.texts, self.settings))
        self.known = Known(answer, now)
        await told(self.known)

    async def _asked(self, question: Question) -> Answer:
        try:
            return await self.look.ask(question)
        except AnalystFailed as problem:
            return Answer(problem=failure_line(problem, Paint()))
