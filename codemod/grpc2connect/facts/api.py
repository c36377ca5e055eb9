"""All knowledge of grpcio's own names, in one place, so that a new grpcio is one change here.

Source: grpcio 1.85 (`grpc/__init__.py`, `grpc/aio/__init__.py`) and its add-on packages.
"""

from __future__ import annotations

from grpc2connect.facts.type_names import AIO_TYPES as AIO_TYPES
from grpc2connect.facts.type_names import STUB_TYPES as STUB_TYPES

ROOTS = frozenset(
    {
        "grpc",
        "grpc_health",
        "grpc_reflection",
        "grpc_status",
        "grpc_testing",
        "grpc_channelz",
        "grpc_admin",
        "grpc_csds",
        "grpc_observability",
        "grpc_csm_observability",
        "grpc_interceptor",
        "py_grpc_prometheus",
        "grpc_opentracing",
        "pytest_grpc",
    }
)
"""Top-level packages that are gRPC's or built on it. `grpc_tools` is a build tool: it stays and is no reference."""

MODULES = frozenset(
    {"_auth", "_channel", "_common", "_compression", "_cython", "_grpcio_metadata", "_interceptor", "_observability"}
    | {"_plugin_wrapping", "_runtime_protos", "_server", "_simple_stubs", "_typing", "_utilities", "aio", "beta"}
    | {"experimental", "framework"}
)
"""The modules and packages in `grpc`."""

ADD_ONS = {
    "grpc_admin": "grpcio-admin",
    "grpc_channelz": "grpcio-channelz",
    "grpc_csds": "grpcio-csds",
    "grpc_health": "grpcio-health-checking",
    "grpc_interceptor": "grpc-interceptor",
    "grpc_reflection": "grpcio-reflection",
    "opentelemetry": "opentelemetry-instrumentation-grpc",
    "py_grpc_prometheus": "py-grpc-prometheus",
}
"""Packages with services or interceptors of their own, which work on any channel or server; by the name to install."""

TELEMETRY = "opentelemetry.instrumentation.grpc"
"""A module of gRPC's in a package that is not."""

WRAPS_CHANNELS = frozenset(f"{TELEMETRY}{part}.intercept_channel" for part in ("", ".grpcext", ".grpcext._interceptor"))
"""What puts an object of its own around a channel, with the public methods of `grpc.Channel`."""

AIO_INTERCEPTORS = (
    "ClientCallDetails",
    "ClientInterceptor",
    "ServerInterceptor",
    "StreamStreamClientInterceptor",
    "StreamUnaryClientInterceptor",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryClientInterceptor",
)
"""What `grpc.aio` has for interceptors."""

_AIO_CALLS = ("Call", "UnaryUnaryCall", "UnaryStreamCall", "StreamUnaryCall", "StreamStreamCall")

_PUBLIC = {
    **{f"grpc.aio._typing.{name}": f"grpc.aio.{name}" for name in AIO_TYPES},
    **{f"grpc.aio._metadata.{name}": f"grpc.aio.{name}" for name in AIO_TYPES if name.startswith("Metad")},
    **{f"grpc.aio._call.{name}": f"grpc.aio.{name}" for name in _AIO_CALLS},
    **{f"grpc.aio._base_call.{name}": f"grpc.aio.{name}" for name in _AIO_CALLS},
    "grpc.aio._channel.Channel": "grpc.aio.Channel",
    "grpc.aio._server.Server": "grpc.aio.Server",
    "grpc._channel.Channel": "grpc.Channel",
    "grpc._server._Context": "grpc.ServicerContext",
    "grpc._server._Server": "grpc.Server",
    "grpc.aio._call.AioRpcError": "grpc.aio.AioRpcError",
    "grpc.aio.StatusCode": "grpc.StatusCode",
    "grpc.aio._metadata.Metadata": "grpc.aio.Metadata",
    "grpc.aio.RpcError": "grpc.RpcError",
    **{f"grpc._cython.cygrpc.{name}": f"grpc.aio.{name}" for name in ("AbortError", "EOF", "UsageError")},
    **{f"grpc.aio._interceptor.{name}": f"grpc.aio.{name}" for name in AIO_INTERCEPTORS},
}
"""The public spelling of private twins, and of what `grpc.aio` takes from `grpc`."""

AIO_PREFIXES = ("grpc.aio.", "grpc.experimental.aio.")

UNKNOWN_STUBS = "generated:"
"""Prefix of the path of a `*_pb2_grpc` module whose services are not known: no proto, no file, not installed."""

GENERATED = "_pb2_grpc"
"""What the name of a module with stubs and servicers ends in."""

CHANNELS = {
    "grpc.insecure_channel": False,
    "grpc.secure_channel": False,
    "grpc.aio.insecure_channel": True,
    "grpc.aio.secure_channel": True,
}
"""Channel constructors, and whether they are aio."""

METHOD_HANDLERS = frozenset(
    f"grpc.{request}_{response}_rpc_method_handler"
    for request in ("unary", "stream")
    for response in ("unary", "stream")
)
"""What makes a handler of a function that takes a request (or an iterator of them) and a context."""

SYNC_CALL_DETAILS = "grpc._interceptor._ClientCallDetails"
"""The private class of what interceptors of sync channels are given."""

BRIDGED_RESULTS = (
    f"{SYNC_CALL_DETAILS}()",
    "grpc.channel_ready_future()",
    "grpc.Status()",
    "grpc.aio.ClientCallDetails()",
    "grpc.aio.Metadata()",
    "grpc.aio.init_grpc_aio()",
    "grpc.aio.shutdown_grpc_aio()",
    "grpc.aio.Metadata.from_tuple()",
    "grpc.experimental.wrap_server_method_handler()",
    "grpc.framework.foundation.logging_pool.pool()",
    "grpc.method_handlers_generic_handler()",
    "grpc.ssl_server_certificate_configuration()",
    "grpc_status.rpc_status.to_status().details",
    "grpc_status.rpc_status.to_status().trailing_metadata",
    "grpc_testing.server_from_dictionary()",
    "grpc_testing.strict_fake_time()",
    "grpc_testing.strict_real_time()",
    *(f"{name}()" for name in sorted(METHOD_HANDLERS)),
)
"""What calls of grpc return that the runtime returns or takes as well, or that has nothing to do with calls."""

MESSAGES = {"grpc_status.rpc_status.from_call": False, "grpc_status.rpc_status.aio.from_call": True}
"""Functions that return a message of protobuf's (what is done with it is not gRPC's), and whether they are aio."""

SERVERS = {"grpc.server": False, "grpc.aio.server": True}
"""Server constructors, and whether they are aio."""

INTERCEPTORS_POSITION = 2
"""Where the interceptors of a server stand among its arguments."""

CHANNEL_TYPES = {"grpc.Channel": False, "grpc.aio.Channel": True}
SERVER_TYPES = {"grpc.Server": False, "grpc.aio.Server": True}
CONTEXT_TYPES = {"grpc.ServicerContext": False, "grpc.aio.ServicerContext": True, "grpc.RpcContext": False}

ERRORS = {
    "grpc.RpcError": None,
    "grpc.aio.AioRpcError": True,
    "grpc._channel._InactiveRpcError": False,
    "grpc._channel._MultiThreadedRendezvous": False,
    "grpc._channel._Rendezvous": False,
    "grpc.aio._call.AioRpcError": True,
}
"""Exception classes that a failed call raises, and whether they are aio only."""

UNARY, STREAM = "unary", "stream"
ERROR_FORMS = {
    "grpc._channel._InactiveRpcError": UNARY,
    "grpc._channel._MultiThreadedRendezvous": STREAM,
    "grpc._channel._Rendezvous": STREAM,
}
"""The private ones, of sync calls that answer with one message, and of those that stream or are futures."""

ENABLE_REFLECTION = "grpc_reflection.v1alpha.reflection.enable_server_reflection"
REFLECTION_NAME = "grpc_reflection.v1alpha.reflection.SERVICE_NAME"
REFLECTION = frozenset({ENABLE_REFLECTION, REFLECTION_NAME})
"""What the runtime has a form of its own for."""

END_OF_STREAM = "grpc.aio.EOF"
"""What `read()` of an aio context or call returns at the end."""

TEST_SERVER = "grpc_testing.server_from_dictionary"
TEST_CHANNEL = "grpc_testing.channel"
TEST_CHANNEL_TYPE = "grpc_testing.Channel"
"""What makes the servers and channels of `grpc_testing`."""

TEST_SERVER_METHODS = frozenset(
    {"invoke_unary_unary", "invoke_unary_stream", "invoke_stream_unary", "invoke_stream_stream"}
)
"""The methods of `grpc_testing.Server`, which is often annotated as `grpc.Server`."""

TEST_CHANNEL_METHODS = frozenset({"take_unary_unary", "take_unary_stream", "take_stream_unary", "take_stream_stream"})
"""The methods of `grpc_testing.Channel` that other channels do not have."""

OF_SHARED = frozenset({"grpc.channel_ready_future", "grpc.intercept_channel", TEST_SERVER, TEST_CHANNEL}) | REFLECTION
"""Functions of a channel or a server that do not ask which services use it."""

STATUS_CODE = "grpc.StatusCode"

CONNECT_CODES = {
    "CANCELLED": "CANCELED",
    "UNKNOWN": "UNKNOWN",
    "INVALID_ARGUMENT": "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
    "NOT_FOUND": "NOT_FOUND",
    "ALREADY_EXISTS": "ALREADY_EXISTS",
    "PERMISSION_DENIED": "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED": "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION": "FAILED_PRECONDITION",
    "ABORTED": "ABORTED",
    "OUT_OF_RANGE": "OUT_OF_RANGE",
    "UNIMPLEMENTED": "UNIMPLEMENTED",
    "INTERNAL": "INTERNAL",
    "UNAVAILABLE": "UNAVAILABLE",
    "DATA_LOSS": "DATA_LOSS",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
}
"""`grpc.StatusCode` member to `connectrpc.code.Code` member; `OK` has none (connectrpc 0.13)."""

_ENUMS = {
    "grpc.ChannelConnectivity": ("IDLE", "CONNECTING", "READY", "TRANSIENT_FAILURE", "SHUTDOWN"),
    "grpc.Compression": ("NoCompression", "Deflate", "Gzip"),
    "grpc.LocalConnectionType": ("UDS", "LOCAL_TCP"),
}
MEMBERS = frozenset(f"{path}.{name}" for path, names in _ENUMS.items() for name in names)
"""The members of gRPC's enumerations, but for those of `grpc.StatusCode`, which are values of their own."""

CONTEXT_METHODS = frozenset(
    {
        "abort", "abort_with_status", "set_code", "set_details", "code", "details", "invocation_metadata",
        "set_trailing_metadata", "send_initial_metadata", "trailing_metadata", "time_remaining", "peer",
        "peer_identities", "peer_identity_key", "auth_context", "is_active", "cancel", "add_callback",
        "set_compression", "disable_next_message_compression", "read", "write", "cancelled", "done",
        "add_done_callback",
    }
)  # fmt: skip
"""The methods of `grpc.ServicerContext` and `grpc.aio.ServicerContext`."""

SERVER_METHODS = frozenset(
    {
        "add_insecure_port", "add_secure_port", "start", "stop", "wait_for_termination", "add_generic_rpc_handlers",
        "add_registered_method_handlers",
    }
)  # fmt: skip
"""The methods of `grpc.Server` and `grpc.aio.Server` that the runtime's servers have."""

CHANNEL_METHODS = frozenset(
    {
        "close", "__enter__", "__exit__", "__aenter__", "__aexit__", "channel_ready", "unary_unary", "unary_stream",
        "stream_unary", "stream_stream", "subscribe", "unsubscribe", "get_state", "wait_for_state_change",
    }
)  # fmt: skip
"""The methods of `grpc.Channel` and `grpc.aio.Channel` that the runtime's channels have."""

INTERCEPTOR_LISTS = frozenset(
    {
        "_unary_unary_interceptors", "_unary_stream_interceptors", "_stream_unary_interceptors",
        "_stream_stream_interceptors",
    }
)  # fmt: skip
"""The lists of an aio channel that programs add to; the runtime's have them."""

CHANNEL_PRIVATE = frozenset(
    {
        "_call_state", "_channel", "_close", "_connectivity_state", "_get_registered_call_handle", "_interceptor",
        "_loop", "_postfork_child", "_process_python_options", "_single_threaded_unary_stream", "_target",
        "_unsubscribe_all",
    }
)  # fmt: skip
"""What grpcio's channels have besides, for themselves (grpcio 1.60 to 1.85)."""

CALLS_BY_PATH = frozenset({"unary_unary", "unary_stream", "stream_unary", "stream_stream"})
"""The methods of a channel that make what calls a method by its path."""


RUNTIME_ATTRIBUTES = frozenset(
    {
        "add_connect_port", "add_service", "app", "enable_reflection", "client", "connectivity", "http_client", "inner",
        "is_closed", "is_secure", "made", "moved_face", "multicallable", "url", "method", "http_method",
        "request_headers", "response_headers", "response_trailers", "timeout_ms", "server_address", "client_address",
        "fail", "finish", "send_headers", "add_asgi_middleware", "wsgi_app", "address", "calls", "greet", "target",
        "wire",
    }
)  # fmt: skip
"""What the runtime's servers, channels and contexts have besides: a program cannot put its own there."""

CALL_METHODS = frozenset({
    "code", "details", "initial_metadata", "trailing_metadata", "cancel", "cancelled", "done", "result",
    "exception", "traceback", "add_callback", "add_done_callback", "is_active", "running", "time_remaining",
    "read", "write", "done_writing", "wait_for_connection", "debug_error_string",
})  # fmt: skip
"""The methods of `grpc.Call`, `grpc.Future` and `grpc.aio.Call`."""

CALL_PRIVATE = frozenset({
    "_call", "_call_response", "_cython_call", "_deadline", "_interceptors_task", "_invocation_task", "_loop",
    "_message_aiter", "_metadata", "_request_serializer", "_response", "_response_deserializer", "_state",
})  # fmt: skip
"""What grpcio's calls have besides, for themselves (grpcio 1.60 to 1.85)."""

CALL_ARGUMENTS = frozenset({
    "request", "request_iterator", "timeout", "metadata", "credentials", "wait_for_ready", "compression", "context",
})  # fmt: skip
"""The names of the arguments of a stub's methods, and of a handler's second one."""

_STATUS_METHODS = frozenset({"code", "details", "trailing_metadata", "initial_metadata", "debug_error_string"})
_ENDED_METHODS = frozenset(
    {
        "add_callback", "add_done_callback", "cancel", "cancelled", "done", "exception", "is_active", "result",
        "running", "time_remaining", "traceback",
    }
)  # fmt: skip
ERROR_METHODS = _STATUS_METHODS | _ENDED_METHODS
"""The methods of a caught error (`grpc.Call` on `_InactiveRpcError`, `grpc.aio.AioRpcError`)."""


def of_member(name: str) -> bool:
    """Whether a member of an enumeration has an attribute: no object has fewer public ones (`enum.Enum`)."""
    return name in ("name", "value") or name.startswith("_")


def is_of_an_unknown_call(path: str) -> bool:
    """Whether a path is that of what a call of an unknown stub's RPC gave: `generated:x_pb2_grpc.XStub().Get()`."""
    return path.startswith(UNKNOWN_STUBS) and path.count("()") > 1


def is_grpc_module(dotted: str) -> bool:
    """Whether a dotted name is that of a module of gRPC's, or of an add-on."""
    return dotted.partition(".")[0] in ROOTS or f"{dotted}.".startswith(f"{TELEMETRY}.")


ERROR_FIELDS = frozenset(f"_{name}" for name in _STATUS_METHODS)
"""The private fields of `grpc.aio.AioRpcError`, which its methods return."""

STATE_FIELDS = _STATUS_METHODS
"""What the state of a failed sync call (`error._state`) has under the names of the methods that return it."""


def normalise(path: str) -> str:
    """The one spelling of a gRPC name: `grpc.experimental.aio.x` is `grpc.aio.x`, private twins of types are public."""
    for prefix in AIO_PREFIXES[1:]:
        if path.startswith(prefix):
            return "grpc.aio." + path.removeprefix(prefix)
    return _PUBLIC.get(path, path)


CREDENTIALS = {
    "grpc.ssl_channel_credentials": "channel",
    "grpc.composite_channel_credentials": "channel",
    "grpc.metadata_call_credentials": "call",
    "grpc.access_token_call_credentials": "call",
    "grpc.composite_call_credentials": "call",
    "grpc.ssl_server_credentials": "server",
}
"""What makes credentials that the runtime makes as well, and what they are of."""

GRPCIO_S_CREDENTIALS = {
    "grpc.alts_channel_credentials": "channel",
    "grpc.alts_server_credentials": "server",
    "grpc.compute_engine_channel_credentials": "channel",
    "grpc.dynamic_ssl_server_credentials": "server",
    "grpc.experimental.insecure_channel_credentials": "channel",
    "grpc.insecure_server_credentials": "server",
    "grpc.local_channel_credentials": "channel",
    "grpc.local_server_credentials": "server",
    "grpc.xds_channel_credentials": "channel",
    "grpc.xds_server_credentials": "server",
}
"""What makes credentials that only grpcio's own channels and servers take, and what they are of."""

VERSION = "grpc.__version__"

ALL_CREDENTIALS = CREDENTIALS | GRPCIO_S_CREDENTIALS

RUNTIME_NAMES = {
    "grpc.insecure_channel": "insecure_channel",
    "grpc.secure_channel": "secure_channel",
    "grpc.aio.insecure_channel": "aio_insecure_channel",
    "grpc.aio.secure_channel": "aio_secure_channel",
    "grpc.server": "Server",
    "grpc.aio.server": "AioServer",
    "grpc.channel_ready_future": "channel_ready_future",
    "grpc.intercept_channel": "intercept_channel",
    **{path: path.removeprefix("grpc.") for path in CREDENTIALS},
}
"""Functions that make things, and what makes those in the runtime."""

CREDENTIALS_TYPES = {
    "grpc.CallCredentials": "call",
    "grpc.ChannelCredentials": "channel",
    "grpc.ServerCredentials": "server",
}

_DEPTH = 4


def longer(path: str, part: str) -> str:
    """The path of an attribute (`.name`) or a call (`()`) of an object; one that came from calls ends at some depth.

    Without an end, `text = text.decode()` in a loop would be a new object in every round.
    """
    _, called, rest = path.partition("()")
    deep = called and rest.count("()") + rest.count(".") >= _DEPTH
    return path if deep else path + part
