"""The handlers, as they look after a migration: Connect's names, gRPC's context. grpcio serves them, too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import grpc

from .answers import RICH, data, digest
from .census import Census

LIMIT = 1 << 21
"""A stream of requests with more data than this, in bytes, is refused while its client still sends."""
METHODS = {"One": "one", "Down": "down", "Up": "up", "Both": "both", "Census": "census"}
_REFUSED = "too much data"


class Status(NamedTuple):
    """What `abort_with_status` takes."""

    code: Any
    details: str
    trailing_metadata: Any


_RICH = Status(grpc.StatusCode.FAILED_PRECONDITION, "rich", (("grpc-status-details-bin", RICH), ("kept", "1")))


def _echoed(context: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((key, value) for key, value in context.invocation_metadata() if key.startswith("echo-"))


class BlockingLoad:
    """Handlers in threads."""

    def __init__(self, pb2: Any, census: Census) -> None:
        self._pb2 = pb2
        self._census = census

    def _end(self, request: Any, context: Any) -> None:
        echoed = _echoed(context)
        context.set_trailing_metadata(echoed)
        if request.wait_ms:
            time.sleep(request.wait_ms / 1000)
        match request.fail:
            case "abort":
                context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.id} é")
            case "rich":
                context.abort_with_status(_RICH)
            case "raise":
                raise ValueError(request.id)

    def _answer(self, request: Any, number: int = 0, of: str = "") -> Any:
        found = data(request.id, number, request.size)
        return self._pb2.Answer(id=request.id, number=number, data=found, digest=of)

    def one(self, request: Any, context: Any) -> Any:
        """Answer one request."""
        with self._census.handling(request.id):
            echoed = _echoed(context)
            if echoed:
                context.send_initial_metadata(echoed)
            self._end(request, context)
            return self._answer(request, of=digest([request.data]))

    def down(self, request: Any, context: Any) -> Iterator[Any]:
        """Answer with a stream, then end as asked."""
        with self._census.handling(request.id):
            for number in range(request.count):
                yield self._answer(request, number)
            self._end(request, context)

    def up(self, requests: Iterator[Any], context: Any) -> Any:
        """Answer a stream with its digest; refuse too much of it at once."""
        first = next(requests, None) or self._pb2.Ask()
        with self._census.handling(first.id):
            parts, size = [first.data], len(first.data)
            for request in requests:
                parts.append(request.data)
                size += len(request.data)
                if size > LIMIT:
                    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _REFUSED)
            self._end(first, context)
            return self._answer(first, len(parts), digest(parts))

    def both(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        """Answer each request as it comes."""
        first = next(requests, None) or self._pb2.Ask()
        with self._census.handling(first.id):
            yield self._answer(first, 0, digest([first.data]))
            for number, request in enumerate(requests, 1):
                yield self._answer(request, number, digest([request.data]))
            self._end(first, context)

    def census(self, request: Any, context: Any) -> Any:
        """Tell how the server is."""
        return self._pb2.Answer(id=self._census.take())


class AsyncLoad:
    """Handlers on the event loop."""

    def __init__(self, pb2: Any, census: Census) -> None:
        self._pb2 = pb2
        self._census = census

    async def _end(self, request: Any, context: Any) -> None:
        context.set_trailing_metadata(_echoed(context))
        if request.wait_ms:
            await asyncio.sleep(request.wait_ms / 1000)
        match request.fail:
            case "abort":
                await context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.id} é")
            case "rich":
                # grpcio 1.85 has no abort_with_status in grpc.aio.
                await context.abort(_RICH.code, _RICH.details, _RICH.trailing_metadata)
            case "raise":
                raise ValueError(request.id)

    def _answer(self, request: Any, number: int = 0, of: str = "") -> Any:
        found = data(request.id, number, request.size)
        return self._pb2.Answer(id=request.id, number=number, data=found, digest=of)

    async def one(self, request: Any, context: Any) -> Any:
        """Answer one request."""
        with self._census.handling(request.id):
            echoed = _echoed(context)
            if echoed:
                await context.send_initial_metadata(echoed)
            await self._end(request, context)
            return self._answer(request, of=digest([request.data]))

    async def down(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Answer with a stream, then end as asked."""
        with self._census.handling(request.id):
            for number in range(request.count):
                yield self._answer(request, number)
            await self._end(request, context)

    async def up(self, requests: AsyncIterator[Any], context: Any) -> Any:
        """Answer a stream with its digest; refuse too much of it at once."""
        first = await anext(aiter(requests), None) or self._pb2.Ask()
        with self._census.handling(first.id):
            parts, size = [first.data], len(first.data)
            async for request in requests:
                parts.append(request.data)
                size += len(request.data)
                if size > LIMIT:
                    await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _REFUSED)
            await self._end(first, context)
            return self._answer(first, len(parts), digest(parts))

    async def both(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Answer each request as it comes."""
        first = await anext(aiter(requests), None) or self._pb2.Ask()
        with self._census.handling(first.id):
            yield self._answer(first, 0, digest([first.data]))
            number = 0
            async for request in requests:
                number += 1
                yield self._answer(request, number, digest([request.data]))
            await self._end(first, context)

    async def census(self, request: Any, context: Any) -> Any:
        """Tell how the server is."""
        return self._pb2.Answer(id=self._census.take())


def under_grpc_names(servicer: Any) -> Any:
    """The same handlers for grpcio."""
    return type("Servicer", (), {name: staticmethod(getattr(servicer, ours)) for name, ours in METHODS.items()})()
