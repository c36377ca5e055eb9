"""The server side of `grpc_testing`: RPCs on servicers, named by descriptors, with the test as their client."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, TypeVar

from ..channel import insecure_channel
from ..channel_options import NO_PROXY
from ..server import Server
from ..status import StatusCode
from ..type_parameters import Open
from .ahead import running_ahead
from .descriptors import HandlerOf, application_class, messages
from .set_deadlines import Deadline, SetDeadlines
from .times import RealTime, Time

__all__ = ["ServerRpc", "StreamServerRpc", "TestServer", "UnaryServerRpc", "server_from_dictionary"]

_END = object()
_Rpc = TypeVar("_Rpc", bound="ServerRpc")


def _snake(name: str) -> str:
    """Return an RPC's name without case and underscores, for comparison: `SayHello` is `say_hello`."""
    return name.replace("_", "").lower()


def _handler_of(servicer: Any, name: str) -> Any:
    found = getattr(servicer, name, None)
    if found is not None:
        return found
    names = [one for one in dir(servicer) if _snake(one) == _snake(name) and not one.startswith("__")]
    if len(names) != 1:
        raise AttributeError(f"{type(servicer).__name__} has no handler for {name}")
    return getattr(servicer, names[0])


class ServerRpc:
    """One RPC, played by the test as its client.

    Native form: a call of a generated client.

    Source: `grpc_testing.UnaryUnaryServerRpc` and the other three, grpcio-testing 1.85.
    """

    def __init__(self, call: Any, requests: _Requests | None = None, codes: Any = StatusCode) -> None:
        """Wrap a call; made by `TestServer`."""
        self._call = call
        self._requests = requests
        self._codes = codes
        self._expired = False

    def expires(self, deadline: Deadline) -> None:
        """End the RPC when a deadline passes that the test sets; called by `TestServer`."""
        deadline.then(self._expire)

    def _expire(self) -> None:
        self._expired = not self._call.done()
        self._call.cancel()

    def initial_metadata(self) -> Any:
        """Return the initial metadata; waits for it."""
        return () if self._expired else self._call.initial_metadata()

    def cancel(self) -> None:
        """Cancel the RPC."""
        self._call.cancel()

    def send_request(self, request: Any) -> None:
        """Send a request, of an RPC with a stream of them."""
        assert self._requests is not None, "the RPC has one request"
        self._requests.queue.put(request)

    def requests_closed(self) -> None:
        """End the stream of requests."""
        assert self._requests is not None, "the RPC has one request"
        self._requests.queue.put(_END)

    def _status(self) -> tuple[Any, Any, Any]:
        if self._expired:
            return (), self._codes["DEADLINE_EXCEEDED"], "Took too much time!"
        return self._call.trailing_metadata(), self._codes[self._call.code().name], self._call.details()


class UnaryServerRpc(ServerRpc):
    """An RPC with one response; as `ServerRpc`. Native form: a call of a generated client."""

    def termination(self) -> tuple[Any, Any, Any, Any]:
        """Wait for the end: the response (None of one that failed), the trailing metadata, the code and the details."""
        try:
            response = self._call.result()
        except Exception:
            response = None
        return (response, *self._status())


class StreamServerRpc(ServerRpc):
    """An RPC with a stream of responses; as `ServerRpc`. Native form: a call of a generated client."""

    def take_response(self) -> Any:
        """Wait for the next response.

        Raises:
            ValueError: the RPC has ended without another.
        """
        try:
            return next(self._call)
        except Exception as error:
            raise ValueError("No more responses!") from error

    def termination(self) -> tuple[Any, Any, Any]:
        """Wait for the end: the trailing metadata, the code and the details; responses not taken are lost."""
        try:
            for _ in self._call:
                pass
        except Exception:
            pass
        return self._status()


class _Requests:
    """Requests that the test sends one by one."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()

    def __iter__(self) -> Iterator[Any]:
        while (request := self.queue.get()) is not _END:
            yield request


class _Kinds:
    """The responses that are no messages of the declared kind, so that tests find on them what the handler has set.

    `grpc_testing` sends no bytes, and so never tells; gRPC and Connect read such a response as the declared kind.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, bytes], Any] = {}

    def note(self, method: Any, response: Any) -> Any:
        """Return a response, and keep its kind if that is not the declared one."""
        if getattr(response, "DESCRIPTOR", method.output_type) is not method.output_type:
            self._found[method.full_name, response.SerializeToString()] = type(response)
        return response

    def watching(self, method: Any, function: Any, *, streams_out: bool) -> Any:
        """Return a handler; what one with a single response returns is noted."""
        if streams_out:
            return running_ahead(function)

        async def later(request: Any, context: Any) -> Any:
            return self.note(method, await function(request, context))

        def now(request: Any, context: Any) -> Any:
            return self.note(method, function(request, context))

        return later if inspect.iscoroutinefunction(function) else now

    def reading(self, method: Any, declared: Any) -> Callable[[bytes], Any]:
        """Return the function that reads responses."""
        return lambda data: self._found.get((method.full_name, data), declared).FromString(data)


class TestServer(Open):
    """What `server_from_dictionary` returns: a real server, and a channel to it.

    Native form: `testing.serving` and a generated client, which say the same in less.

    Source: `grpc_testing.Server`, grpcio-testing 1.85.
    """

    __test__ = False  # pytest: this is no test

    def __init__(self, servicers: Mapping[Any, Any], codes: Any = StatusCode, time: Time | None = None) -> None:
        """Start a server for servicers, by the descriptors of their services; `time` is one that the test sets."""
        self._codes = codes
        self._deadlines = None if time is None else SetDeadlines(time)
        self._kinds = _Kinds()
        server = Server()
        for service, servicer in servicers.items():
            server.add_service(application_class(service, self._handlers(servicer)), servicer)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server  # stops when this object goes
        self._channel = insecure_channel(f"127.0.0.1:{port}", NO_PROXY)

    def _handlers(self, servicer: Any) -> HandlerOf:
        def handler_of(method: Any, *, streams_in: bool, streams_out: bool) -> Any:
            function = _handler_of(servicer, method.name)
            if self._deadlines is not None:
                function = self._deadlines.watching(function)
            return self._kinds.watching(method, function, streams_out=streams_out)

        return handler_of

    def _method(self, kind: str, method: Any) -> Any:
        takes, returns = messages(method)
        path = f"/{method.containing_service.full_name}/{method.name}"
        return getattr(self._channel, kind)(path, takes.SerializeToString, self._kinds.reading(method, returns))

    def _begin(
        self,
        rpc: type[_Rpc],
        start: Callable[[Any, float | None, Any], Any],
        request: Any,
        metadata: Any,
        timeout: float | None,
    ) -> _Rpc:
        requests = request if isinstance(request, _Requests) else None
        if self._deadlines is None or timeout is None:
            return rpc(start(request, timeout, metadata or None), requests, self._codes)
        metadata, deadline = self._deadlines.begin(metadata or (), timeout)
        begun = rpc(start(request, None, metadata), requests, self._codes)
        begun.expires(deadline)
        return begun

    def invoke_unary_unary(
        self, method_descriptor: Any, invocation_metadata: Any, request: Any, timeout: float | None
    ) -> UnaryServerRpc:
        """Begin an RPC with one request and one response.

        Args:
            method_descriptor: as `DESCRIPTOR.services_by_name["X"].methods_by_name["Y"]` of generated code.
            invocation_metadata: pairs of key and value.
            request: the request.
            timeout: in seconds, or None.
        """
        start = self._method("unary_unary", method_descriptor).future
        return self._begin(UnaryServerRpc, start, request, invocation_metadata, timeout)

    def invoke_unary_stream(
        self, method_descriptor: Any, invocation_metadata: Any, request: Any, timeout: float | None
    ) -> StreamServerRpc:
        """Begin an RPC with one request and a stream of responses; arguments as of `invoke_unary_unary`."""
        start = self._method("unary_stream", method_descriptor)
        return self._begin(StreamServerRpc, start, request, invocation_metadata, timeout)

    def invoke_stream_unary(
        self, method_descriptor: Any, invocation_metadata: Any, timeout: float | None
    ) -> UnaryServerRpc:
        """Begin an RPC with a stream of requests and one response; arguments as of `invoke_unary_unary`."""
        start = self._method("stream_unary", method_descriptor).future
        return self._begin(UnaryServerRpc, start, _Requests(), invocation_metadata, timeout)

    def invoke_stream_stream(
        self, method_descriptor: Any, invocation_metadata: Any, timeout: float | None
    ) -> StreamServerRpc:
        """Begin an RPC with streams both ways; arguments as of `invoke_unary_unary`."""
        start = self._method("stream_stream", method_descriptor)
        return self._begin(StreamServerRpc, start, _Requests(), invocation_metadata, timeout)

    def close(self) -> None:
        """Stop the server; what goes out of scope does so by itself."""
        self._channel.close()
        self._server.stop(None)


def server_from_dictionary(
    descriptors_to_servicers: Mapping[Any, Any], time: Any = None, *, codes: Any = StatusCode
) -> TestServer:
    """Return a server whose RPCs the test begins and ends itself.

    Args:
        descriptors_to_servicers: servicers by the descriptor of their service. Handlers may have gRPC's names or
            Connect's (`SayHello`, `say_hello`), and be sync or async.
        time: `strict_real_time()`; or `strict_fake_time(...)`, by which RPCs then have their deadlines.
        codes: the enum whose members `termination` returns: `grpc.StatusCode` where tests compare with that.

    Native form: `testing.serving` and a generated client.

    Source: `grpc_testing.server_from_dictionary`, grpcio-testing 1.85, which runs handlers without a server.
    """
    goes_by = time is None or isinstance(time, RealTime)
    return TestServer(descriptors_to_servicers, codes, None if goes_by else time)
