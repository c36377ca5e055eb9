"""The client side of `grpc_testing`: RPCs of stubs and clients, with the test as their server."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from queue import SimpleQueue
from typing import Any

from ..channel import Channel
from ..server import Server
from ..status import StatusCode
from .descriptors import application_class

__all__ = ["ChannelRpc", "TestChannel", "channel"]

_OURS = frozenset({"user-agent"})
_CLOSED = object()


class ChannelRpc:
    """One RPC, played by the test as its server. What it sends is sent when the client can take it.

    Native form: a fake servicer behind `testing.serving`.

    Source: `grpc_testing.UnaryUnaryChannelRpc` and the other three, grpcio-testing 1.85.
    """

    def __init__(self) -> None:
        """Make one on the event loop of its handler; made by `TestChannel`."""
        self._loop = asyncio.get_running_loop()
        self._steps: asyncio.Queue[Any] = asyncio.Queue()
        self._requests: SimpleQueue[Any] = SimpleQueue()
        self._requests_closed = threading.Event()
        self._cancelled = threading.Event()

    def _then(self, *step: Any) -> None:
        self._loop.call_soon_threadsafe(self._steps.put_nowait, step)

    def send_initial_metadata(self, initial_metadata: Any) -> None:
        """Send the initial metadata, pairs of key and value."""
        self._then("initial", initial_metadata)

    def send_response(self, response: Any) -> None:
        """Send a response, of an RPC with a stream of them."""
        self._then("response", response)

    def take_request(self) -> Any:
        """Wait for the next request, of an RPC with a stream of them.

        Raises:
            ValueError: the client has sent its last.
        """
        request = self._requests.get()
        if request is _CLOSED:
            self._requests.put(_CLOSED)
            raise ValueError("no more requests!")
        return request

    def requests_closed(self) -> None:
        """Wait until the client has ended its stream of requests."""
        self._requests_closed.wait()

    def cancelled(self) -> None:
        """Wait until the client has cancelled the RPC."""
        self._cancelled.wait()

    def terminate(self, *end: Any) -> None:
        """End the RPC: `terminate(response, trailing_metadata, code, details)`, without a response where it streams."""
        *response, trailing_metadata, code, details = end
        self._then("end", response, trailing_metadata, code, details)

    async def _take_requests(self, requests: Any) -> None:
        try:
            async for request in requests:
                self._requests.put(request)
        finally:
            self._requests.put(_CLOSED)
            self._requests_closed.set()

    async def _responses(self, context: Any) -> AsyncIterator[Any]:
        """Do what the test says, step by step."""
        while True:
            kind, *given = await self._steps.get()
            if kind == "initial":
                await context.send_initial_metadata(given[0])
            elif kind == "response":
                yield given[0]
            else:
                response, trailing_metadata, code, details = given
                if trailing_metadata:
                    context.set_trailing_metadata(tuple(trailing_metadata))
                if StatusCode[code.name] is not StatusCode.OK:
                    await context.abort(code, details or "")
                for one in response:
                    yield one
                return


class _Player:
    """The servicer of all methods: it hands each RPC to the test."""

    def __init__(self, taken: Callable[[Any, tuple[Any, ...]], None]) -> None:
        self._taken = taken

    def handler(self, method: Any, *, streams_in: bool, streams_out: bool) -> Callable[..., Any]:
        """Return the handler of a method."""

        async def responses(request: Any, context: Any) -> AsyncIterator[Any]:
            rpc = ChannelRpc()
            context.add_done_callback(lambda ended: rpc._cancelled.set() if ended.cancelled() else None)
            reading = asyncio.ensure_future(rpc._take_requests(request)) if streams_in else None
            metadata = tuple(pair for pair in context.invocation_metadata() if pair[0] not in _OURS)
            self._taken(method, (metadata, rpc) if streams_in else (metadata, request, rpc))
            try:
                async for response in rpc._responses(context):
                    yield response
            except (asyncio.CancelledError, GeneratorExit):
                rpc._cancelled.set()
                raise
            finally:
                if reading is not None:
                    reading.cancel()

        async def response(request: Any, context: Any) -> Any:
            found = None
            async for one in responses(request, context):
                found = one
            return found

        return responses if streams_out else response


class TestChannel(Channel):
    """What `channel` returns: a channel to a server that the test plays.

    Native form: a fake servicer behind `testing.serving`.

    Source: `grpc_testing.Channel`, grpcio-testing 1.85.
    """

    __test__ = False  # pytest: this is no test

    def __init__(self, services: Iterable[Any]) -> None:
        """Start a server for services, by their descriptors."""
        self._arrived: defaultdict[str, SimpleQueue[Any]] = defaultdict(SimpleQueue)
        player, server = _Player(self._arrive), Server()
        for service in services:
            server.add_service(application_class(service, player.handler), player)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._played = server  # stops when this object goes
        super().__init__(f"127.0.0.1:{port}", None, None)

    def _arrive(self, method: Any, rpc: tuple[Any, ...]) -> None:
        self._arrived[method.full_name].put(rpc)

    def take_unary_unary(self, method_descriptor: Any) -> tuple[Any, Any, ChannelRpc]:
        """Wait for an RPC; return its invocation metadata, its request and the RPC, to play its server.

        Args:
            method_descriptor: as `DESCRIPTOR.services_by_name["X"].methods_by_name["Y"]` of generated code.
        """
        found: tuple[Any, Any, ChannelRpc] = self._arrived[method_descriptor.full_name].get()
        return found

    def take_unary_stream(self, method_descriptor: Any) -> tuple[Any, Any, ChannelRpc]:
        """Wait for an RPC with a stream of responses; as `take_unary_unary`."""
        return self.take_unary_unary(method_descriptor)

    def take_stream_unary(self, method_descriptor: Any) -> tuple[Any, ChannelRpc]:
        """Wait for an RPC with a stream of requests; return its invocation metadata, and the RPC."""
        found: tuple[Any, ChannelRpc] = self._arrived[method_descriptor.full_name].get()
        return found

    def take_stream_stream(self, method_descriptor: Any) -> tuple[Any, ChannelRpc]:
        """Wait for an RPC with streams both ways; as `take_stream_unary`."""
        return self.take_stream_unary(method_descriptor)


def channel(service_descriptors: Iterable[Any], time: Any = None) -> Any:
    """Return a channel on which the test plays the server of each RPC: a `TestChannel`, typed as little as grpcio's.

    Args:
        service_descriptors: the descriptors of the services that it has.
        time: any; nothing that a channel does goes by it, as with grpcio's.

    Native form: a fake servicer behind `testing.serving`.

    Source: `grpc_testing.channel`, grpcio-testing 1.85.
    """
    return TestChannel(service_descriptors)
