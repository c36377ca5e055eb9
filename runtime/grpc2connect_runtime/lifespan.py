"""The ASGI lifespan of several applications at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .applications import MovedApplication

__all__ = ["Lifespans"]


class _Lifespan:
    """The lifespan of one application, run in a task of its own."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: Any = None

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            await self._from_app.put({"type": "lifespan.failed", "message": text})

    async def _tell(self, event: str) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            # A program that Ctrl-C ends leaves it where it is, and has seen no line of it with grpcio.
            self._task._log_destroy_pending = False
        elif self._task.done():
            return
        await self._to_app.put({"type": f"lifespan.{event}"})
        answer = await self._from_app.get()
        if answer["type"].endswith("failed"):
            raise RuntimeError(f"{event} of {self._app.path} failed: {answer.get('message', '')}")

    async def start(self) -> None:
        if not isinstance(self._app, MovedApplication):
            await self._tell("startup")
        elif not self._app.started:
            await self._tell("startup")
            self._app.started = True

    async def stop(self) -> None:
        if self._task is not None:
            if isinstance(self._app, MovedApplication):
                self._app.started = False
            await self._tell("shutdown")
            await self._task


class Lifespans:
    """Starts applications in order and stops them in reverse.

    One that something else has started, such as the server whose services are mounted elsewhere too, is left to that.
    """

    def __init__(self, apps: Sequence[Any]) -> None:
        self._lifespans = [_Lifespan(app) for app in apps]

    async def start(self) -> None:
        """Start all.

        Raises:
            RuntimeError: one failed to start.
        """
        for lifespan in self._lifespans:
            await lifespan.start()

    async def stop(self) -> None:
        """Stop all.

        Raises:
            RuntimeError: one failed to stop.
        """
        for lifespan in reversed(self._lifespans):
            await lifespan.stop()

    async def serve(self, receive: Any, send: Any) -> None:
        """Serve an ASGI lifespan scope."""
        while True:
            event = (await receive())["type"].removeprefix("lifespan.")
            try:
                await (self.start() if event == "startup" else self.stop())
            except RuntimeError as error:
                await send({"type": f"lifespan.{event}.failed", "message": str(error)})
                return
            await send({"type": f"lifespan.{event}.complete"})
            if event == "shutdown":
                return
