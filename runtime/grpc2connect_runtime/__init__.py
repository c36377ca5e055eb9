"""What code migrated from grpc-python to Connect imports where connectrpc alone has no equivalent.

Each name says in its docstring what the native form is and when to go there.
"""

from __future__ import annotations

from .aio_context import AioServicerContext
from .aio_server import AioServer
from .context import ServicerContext
from .credentials import ssl_channel_credentials, ssl_server_credentials
from .deadlines import timeout_ms
from .errors import Abort, CallError, FutureTimeoutError, rpc_error
from .interceptor import HandlerInterceptor
from .metadata import Metadatum, metadata
from .outgoing_metadata import headers
from .server import Server
from .status import StatusCode, status_code
from .streams import EOF

__version__ = "0.1.0"

__all__ = [
    "EOF",
    "Abort",
    "AioServer",
    "AioServicerContext",
    "CallError",
    "FutureTimeoutError",
    "HandlerInterceptor",
    "Metadatum",
    "Server",
    "ServicerContext",
    "StatusCode",
    "headers",
    "metadata",
    "rpc_error",
    "ssl_channel_credentials",
    "ssl_server_credentials",
    "status_code",
    "timeout_ms",
]
