"""Applications whose endpoints are known: generated ones, and one for a method handler."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint

from .message_codecs import fitting_all
from .method_handlers import RpcMethodHandler
from .noted_status import noting_status
from .stream_kinds import METHOD_NAMES, streams_requests, streams_responses
from .unmoved_servicers import ByRpcNames

__all__ = ["HandlerApplication", "MovedApplication", "moved_application", "raw_method"]

_KINDS = {
    (False, False): StreamType.UNARY,
    (False, True): StreamType.SERVER_STREAM,
    (True, False): StreamType.CLIENT_STREAM,
    (True, True): StreamType.BIDI_STREAM,
}
ENDPOINTS: dict[StreamType, Callable[..., Any]] = {
    StreamType.UNARY: Endpoint.unary,
    StreamType.SERVER_STREAM: Endpoint.server_stream,
    StreamType.CLIENT_STREAM: Endpoint.client_stream,
    StreamType.BIDI_STREAM: Endpoint.bidi_stream,
}


def stream_type(request_streaming: bool, response_streaming: bool) -> StreamType:
    """Return Connect's name for the kind of a method."""
    return _KINDS[bool(request_streaming), bool(response_streaming)]


def behaviour_name(handler: Any) -> str:
    """Return the name under which a method handler has its one behaviour."""
    return METHOD_NAMES[stream_type(handler.request_streaming, handler.response_streaming)]


def behaviour(handler: Any) -> Callable[..., Any]:
    """Return the one behaviour of a method handler."""
    found: Callable[..., Any] = getattr(handler, behaviour_name(handler))
    return found


class RawCodec:
    """A codec of messages that are bytes already, under the name of binary Protocol Buffers."""

    def name(self) -> str:
        """Return the name in content types."""
        return "proto"

    def encode(self, message: Any) -> bytes:
        """Return the bytes."""
        return bytes(message)

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> bytes:
        """Return the bytes."""
        return bytes(data)


class _Transcoder:
    """A codec of another format, such as JSON, for a method whose messages are known: its bytes are binary messages."""

    def __init__(self, codec: Any, method: MethodInfo[Any, Any]) -> None:
        self._codec = codec
        self._method = method

    def name(self) -> str:
        found: str = self._codec.name()
        return found

    def encode(self, message: Any) -> bytes:
        make = getattr(self._method.output, "FromString", None) or self._method.output.from_binary
        encoded: bytes = self._codec.encode(make(bytes(message)))
        return encoded

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> bytes:
        message = self._codec.decode(data, self._method.input)
        binary: bytes = (getattr(message, "SerializeToString", None) or message.to_binary)()
        return binary


def raw_method(path: str, kind: StreamType) -> MethodInfo[bytes, bytes]:
    """Return the description of a method whose messages are bytes."""
    service, _, name = path.removeprefix("/").rpartition("/")
    return MethodInfo(
        name=name,
        service_name=service,
        input=bytes,
        output=bytes,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=kind,
    )


class MovedApplication(ConnectASGIApplication[Any]):
    """What a generated application is derived with, so that its endpoints and settings are known.

    Attributes:
        settings: what the generated class gives its base.
        started: whether its lifespan runs.
    """

    def __init__(self, **settings: Any) -> None:
        """Take what the generated class gives its base."""
        settings["codecs"] = fitting_all(settings.get("codecs"))
        self.settings = settings
        self.started = False
        self._find: Callable[[Any], Mapping[str, Any]] = settings["endpoints"]
        self._found: Mapping[str, Any] | None = None
        self._methods: dict[str, RpcMethodHandler] = {}
        super().__init__(**{**settings, "endpoints": self._resolve})

    def _resolve(self, service: Any) -> Mapping[str, Any]:
        found = self._find(service)
        self._found = found
        return found

    def _known_endpoints(self) -> Mapping[str, Any]:
        if self._found is None:
            if self.has_lifespan:
                raise RuntimeError(f"{self.path} has not been started: the ASGI server must support lifespan")
            self._resolve(self.settings["service"])
        assert self._found is not None
        return self._found

    @property
    def unmoved(self) -> bool:
        """Whether its handlers are written for grpcio."""
        return isinstance(self.settings["service"], ByRpcNames)

    @property
    def has_lifespan(self) -> bool:
        """Whether its service is made when the server starts."""
        return inspect.isasyncgen(self.settings["service"])

    def paths(self) -> list[str]:
        """Return the paths of the methods; raises as `endpoint`."""
        return list(self._known_endpoints())

    def endpoint(self, path: str) -> Any:
        """Return the endpoint of a method, or None.

        Raises:
            RuntimeError: its service comes from a generator that has not been started.
        """
        return self._known_endpoints().get(path)

    def raw_codecs(self, path: str) -> list[Any]:
        """Return the codecs for a method that is served in bytes."""
        method = self.endpoint(path).method
        others = [codec for codec in self.settings.get("codecs") or () if codec.name() != "proto"]
        return [RawCodec(), *(_Transcoder(codec, method) for codec in others)]

    def handler(self, path: str) -> RpcMethodHandler | None:
        """Return a method as interceptors see it, or None; always the same object."""
        if path not in self._methods and (endpoint := self.endpoint(path)) is not None:
            self._methods[path] = _handler_of(endpoint)
        return self._methods.get(path)


def _handler_of(endpoint: Any) -> RpcMethodHandler:
    method = endpoint.method
    kind = method.stream_type
    # google.protobuf's names, then protobuf-py's.
    deserialize = getattr(method.input, "FromString", None) or method.input.from_binary
    serialize = getattr(method.output, "SerializeToString", None) or method.output.to_binary
    return RpcMethodHandler(
        streams_requests(kind),
        streams_responses(kind),
        deserialize,
        serialize,
        **{name: noting_status(endpoint.function) if of is kind else None for of, name in METHOD_NAMES.items()},
    )


@cache
def _derived(application_class: type[Any]) -> type[Any]:
    names = {"__module__": application_class.__module__, "__doc__": application_class.__doc__}
    return type(application_class.__name__, (application_class, MovedApplication), names)


def moved_application(application_class: Any, servicer: Any, **settings: Any) -> Any:
    """Return the application of a servicer, a `MovedApplication` if it is of a generated class."""
    if isinstance(application_class, type) and issubclass(application_class, ConnectASGIApplication):
        application_class = _derived(application_class)
    return application_class(servicer, **settings)


class HandlerApplication(ConnectASGIApplication[Any]):
    """An application of one method."""

    def __init__(self, path: str, method: MethodInfo[Any, Any], function: Callable[..., Any], **settings: Any) -> None:
        """Serve `function` at `path`; `settings` are those of `ConnectASGIApplication`."""
        self._path = path
        endpoint = ENDPOINTS[method.stream_type](method=method, function=function)
        super().__init__(service=None, endpoints=lambda _: {path: endpoint}, **settings)

    @property
    def path(self) -> str:
        """The path of the service."""
        return self._path.rpartition("/")[0]
