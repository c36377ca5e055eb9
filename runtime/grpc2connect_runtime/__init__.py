"""What code migrated from grpc-python to Connect imports where connectrpc alone has no equivalent.

Each name says in its docstring what the native form is and when to go there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .aio_calls import AioCall, AioStreamCall, AioUnaryCall
from .aio_channel import AioChannel, aio_insecure_channel, aio_secure_channel
from .aio_context import AioServicerContext
from .aio_metadata import Metadata
from .aio_server import AioServer
from .aio_types import (
    ChannelArgumentType,
    DeserializingFunction,
    DoneCallbackType,
    MetadataKey,
    MetadataType,
    MetadataValue,
    MetadatumType,
    RequestIterableType,
    RequestType,
    ResponseIterableType,
    ResponseType,
    SerializingFunction,
)
from .call_credentials import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    access_token_call_credentials,
    metadata_call_credentials,
)
from .calls_by_path import calls_on
from .channel import Channel, insecure_channel, secure_channel
from .client_interceptor_kinds import (
    AioClientCallDetails,
    AioClientInterceptor,
    AioStreamStreamClientInterceptor,
    AioStreamUnaryClientInterceptor,
    AioUnaryStreamClientInterceptor,
    AioUnaryUnaryClientInterceptor,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    SyncClientCallDetails,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from .composite_credentials import (
    composite_call_credentials,
    composite_channel_credentials,
    compute_engine_channel_credentials,
    xds_channel_credentials,
    xds_server_credentials,
)
from .connectivity import ChannelConnectivity
from .context import ServicerContext
from .cors import ConnectCors, connect_cors
from .credentials import ssl_channel_credentials, ssl_server_credentials
from .custom_contexts import CustomAioServicerContext, CustomServicerContext
from .deadlines import timeout_ms
from .derived_stubs import StubOf, stub_types
from .errors import (
    AbortError,
    CallError,
    FutureCancelledError,
    FutureTimeoutError,
    StreamCallError,
    UnaryCallError,
    UsageError,
    class_of_error,
    rpc_error,
)
from .foreign_channels import client_on, unmoved_stub
from .foreign_servers import add_service_to
from .inactive_errors import InactiveRpcError, RpcState
from .intercepted_channel import intercept_channel
from .interceptor import HandlerInterceptor
from .made_errors import AioRpcError, RpcError
from .metadata import Metadatum, metadata
from .method_handlers import (
    GenericRpcHandler,
    ServiceRpcHandler,
    method_handlers_generic_handler,
    stream_stream_rpc_method_handler,
    stream_unary_rpc_method_handler,
    unary_stream_rpc_method_handler,
    unary_unary_rpc_method_handler,
    wrap_server_method_handler,
)
from .method_types import MultiCallable
from .module_values import generated_names
from .multicallables import stream_stream, stream_unary, unary_stream, unary_unary
from .one_off_calls import call_at
from .outgoing_metadata import headers
from .proto_messages import proto_messages
from .public_servicers import add_servicer_to
from .public_stubs import public_stub
from .readiness import channel_ready_future
from .rpc_names import handlers_by_name, rpcs_by_name, servicer_class
from .server import Server
from .server_interceptors import AioServerInterceptor, ServerInterceptor
from .server_stage import ServerStage, server_stage
from .servicer_base import ServicerBase, servicer_base
from .stand_ins import by_rpc_names, stub_in, stub_method, stub_on
from .status import Status, code_in
from .streams import EOF
from .stub_classes import stub_class
from .sync_calls import call_of
from .unmoved_servicers import named_after_rpc
from .wire.client_over import aio_http_client_over, http_client_over

__version__ = "0.1.0"

if TYPE_CHECKING:
    # What annotations name is to checkers what it was: the class of grpcio's type stubs where there are some, else
    # anything. What this package takes may be grpcio's own, and what it gives passes for that.
    from .shown_types import (
        Call,
        ClientCallDetails,
        Compression,
        Future,
        HandlerCallDetails,
        RpcMethodHandler,
        StatusCode,
    )

    def status_code(value: Any) -> StatusCode: ...

    # Credentials may be those that only grpcio has, and that stay its own.
    CallCredentials = Any
    ChannelCredentials = Any
    ServerCredentials = Any
else:
    from .call_credentials import CallCredentials
    from .call_kinds import Call, Future
    from .client_interceptor_kinds import ClientCallDetails
    from .compression import Compression
    from .credentials import ChannelCredentials, ServerCredentials
    from .method_handlers import HandlerCallDetails, RpcMethodHandler
    from .status import StatusCode, status_code

__all__ = [
    "EOF",
    "AbortError",
    "AioCall",
    "AioChannel",
    "AioClientCallDetails",
    "AioClientInterceptor",
    "AioRpcError",
    "AioServer",
    "AioServerInterceptor",
    "AioServicerContext",
    "AioStreamCall",
    "AioStreamStreamClientInterceptor",
    "AioStreamUnaryClientInterceptor",
    "AioUnaryCall",
    "AioUnaryStreamClientInterceptor",
    "AioUnaryUnaryClientInterceptor",
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "Call",
    "CallCredentials",
    "CallError",
    "Channel",
    "ChannelArgumentType",
    "ChannelConnectivity",
    "ChannelCredentials",
    "ClientCallDetails",
    "Compression",
    "ConnectCors",
    "CustomAioServicerContext",
    "CustomServicerContext",
    "DeserializingFunction",
    "DoneCallbackType",
    "Future",
    "FutureCancelledError",
    "FutureTimeoutError",
    "GenericRpcHandler",
    "HandlerCallDetails",
    "HandlerInterceptor",
    "InactiveRpcError",
    "Metadata",
    "MetadataKey",
    "MetadataType",
    "MetadataValue",
    "Metadatum",
    "MetadatumType",
    "MultiCallable",
    "RequestIterableType",
    "RequestType",
    "ResponseIterableType",
    "ResponseType",
    "RpcError",
    "RpcMethodHandler",
    "RpcState",
    "SerializingFunction",
    "Server",
    "ServerCredentials",
    "ServerInterceptor",
    "ServerStage",
    "ServiceRpcHandler",
    "ServicerBase",
    "ServicerContext",
    "Status",
    "StatusCode",
    "StreamCallError",
    "StreamStreamClientInterceptor",
    "StreamUnaryClientInterceptor",
    "StubOf",
    "SyncClientCallDetails",
    "UnaryCallError",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryClientInterceptor",
    "UsageError",
    "access_token_call_credentials",
    "add_service_to",
    "add_servicer_to",
    "aio_http_client_over",
    "aio_insecure_channel",
    "aio_secure_channel",
    "by_rpc_names",
    "call_at",
    "call_of",
    "calls_on",
    "channel_ready_future",
    "class_of_error",
    "client_on",
    "code_in",
    "composite_call_credentials",
    "composite_channel_credentials",
    "compute_engine_channel_credentials",
    "connect_cors",
    "generated_names",
    "handlers_by_name",
    "headers",
    "http_client_over",
    "insecure_channel",
    "intercept_channel",
    "metadata",
    "metadata_call_credentials",
    "method_handlers_generic_handler",
    "named_after_rpc",
    "proto_messages",
    "public_stub",
    "rpc_error",
    "rpcs_by_name",
    "secure_channel",
    "server_stage",
    "servicer_base",
    "servicer_class",
    "ssl_channel_credentials",
    "ssl_server_credentials",
    "status_code",
    "stream_stream",
    "stream_stream_rpc_method_handler",
    "stream_unary",
    "stream_unary_rpc_method_handler",
    "stub_class",
    "stub_in",
    "stub_method",
    "stub_on",
    "stub_types",
    "timeout_ms",
    "unary_stream",
    "unary_stream_rpc_method_handler",
    "unary_unary",
    "unary_unary_rpc_method_handler",
    "unmoved_stub",
    "wrap_server_method_handler",
    "xds_channel_credentials",
    "xds_server_credentials",
]
