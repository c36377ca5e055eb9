"""What the sync and the aio channel share: target, credentials, options and the arguments of clients."""

from __future__ import annotations

import logging
import socket
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from pyqwest import HTTPVersion

from .authentication import Authentication
from .calls_in_flight import CallsInFlight
from .channel_methods import ChannelMethods
from .channel_options import channel_options, client_protocol
from .compression import ACCEPTED, request_compression
from .connection_failures import silence_in_words_of_grpc
from .connectivity import ChannelConnectivity, Connectivity
from .credentials import require_credentials
from .errors import CallError
from .first_answers import FirstAnswer
from .greeting import greet
from .targets import Target, parse_target
from .wire.choice import GRPCIO
from .wire.client_channel import GrpcioChannel, wire_of_channel
from .wire.proxies import found_proxy, proxy_argument

_log = logging.getLogger(__name__)
_channels: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


class ChannelBase(ChannelMethods):
    """A target and how to reach it; connects on the first call.

    Attributes:
        address: the target as it was given.
        wire: what carries the calls, see `wire.choice`.
        target: the host and port, where connectrpc's transports carry them.
    """

    target: Target

    def __init__(
        self,
        address: str | bytes,
        credentials: Any,
        options: Sequence[tuple[str, Any]] | None,
        compression: Any = None,
        *,
        aio: bool = False,
    ) -> None:
        target = address.decode() if isinstance(address, bytes) else address
        self.address = target
        self._credentials = credentials
        self._closed = False
        self._calls = CallsInFlight()
        self._connectivity = Connectivity()
        self._protocol = client_protocol()
        self.wire = wire_of_channel(target, credentials, options, aio=aio)
        if self.wire == GRPCIO:
            if self._protocol is not ProtocolType.GRPC:
                _log.warning("grpcio speaks gRPC only: G2C_CLIENT_PROTOCOL has no effect on a channel to %s", target)
            self._grpcio = GrpcioChannel(target, credentials, options, compression)
            self._url = self._grpcio.url
            self._authentication = Authentication(None, by_grpcio=True)
            return
        tls = None if credentials is None else require_credentials(credentials)
        self._instead_arguments = (target, credentials, options)
        # Certificates that public authorities issue are fit for any TLS.
        own = tls is not None and (tls.root_certificates is not None or tls.certificate_chain is not None)
        self._may_be_replaced = own and self._protocol is ProtocolType.GRPC
        self._compression = request_compression(compression)
        self.target = parse_target(target)
        self._options = channel_options(options)
        self._proxy = found_proxy(self.target, options)
        self._url = self.target.url(
            "http" if tls is None else "https", None if tls is None else self._options.target_name
        )
        self._authentication = Authentication(None)
        if tls is not None:
            authority = self._options.target_name or self._url.removeprefix("https://")
            self._authentication = Authentication(authority, tls.call_credentials)

    def is_closed(self) -> bool:
        """Whether `close()` has been called."""
        return self._closed

    @property
    def calls(self) -> CallsInFlight:
        """The calls that are being made on it."""
        return self._calls

    def is_secure(self) -> bool:
        """Whether its connections are encrypted."""
        return self._credentials is not None

    def greet(self, timeout: float) -> None:
        """Connect to the target as calls do, and close the connection; `timeout` is for each step, in seconds.

        Raises:
            OSError: the target is not ready for calls.
            CallError: it never will be.
        """
        if (unusable := self.target.unusable) is not None:
            if unusable.code is Code.UNAVAILABLE:  # of names that are not found grpcio thinks that they may be, later
                raise ConnectionError(unusable.details)
            raise CallError(unusable.code, unusable.details)
        greet(
            self.target.host,
            self.target.port,
            self._credentials,
            self._options.target_name,
            http2=self._protocol is ProtocolType.GRPC,
            timeout=timeout,
        )

    def _first_answer(self) -> FirstAnswer:
        """What waits for the target as long as it is not known to speak; a proxy's silence says nothing of it."""
        askable = self._protocol is ProtocolType.GRPC and self._proxy is None
        return FirstAnswer(
            self.greet if askable else None,
            self._options.connecting_s,
            self._connectivity,
            lambda: silence_in_words_of_grpc(f"{self.target.host}:{self.target.port}", secure=self.is_secure()),
        )

    @property
    def connectivity(self) -> Connectivity:
        """What is known of the connection."""
        return self._connectivity

    def _close_connectivity(self) -> None:
        self._closed = True
        self._connectivity.become(ChannelConnectivity.SHUTDOWN)

    def _transport_arguments(self) -> dict[str, Any]:
        if (unusable := self.target.unusable) is not None:
            self._connectivity.become(ChannelConnectivity.TRANSIENT_FAILURE)
            raise ConnectError(unusable.code, unusable.details)
        secure = self._credentials is not None
        is_grpc = self._protocol is ProtocolType.GRPC
        renamed = self._options.target_name is not None
        proxy = proxy_argument(self._proxy, self.target, secure=secure, http2=is_grpc, renamed=secure and renamed)
        arguments: dict[str, Any] = {"follow_redirects": False, "proxy": proxy}
        if is_grpc:
            # gRPC compresses messages, not bodies; else a grpcio server sees `accept-encoding` as metadata.
            arguments.update(enable_gzip=False, enable_brotli=False, enable_zstd=False)
        if not secure:
            if is_grpc:
                arguments["http_version"] = HTTPVersion.HTTP2
            return arguments
        roots = self._credentials.root_certificates
        arguments.update(
            tls_ca_cert=roots,
            tls_include_system_certs=roots is None,
            tls_key=self._credentials.private_key,
            tls_cert=self._credentials.certificate_chain,
        )
        name = self._options.target_name
        if name is not None:
            found = socket.getaddrinfo(self.target.host, self.target.port, type=socket.SOCK_STREAM)
            arguments["dns_overrides"] = {name: list(dict.fromkeys(str(place[0]) for *_, place in found))}
        return arguments

    def _client_arguments(self) -> dict[str, Any]:
        if self.wire == GRPCIO:
            # It compresses, and refuses messages that are too large, by the options of its own channel.
            return {"protocol": ProtocolType.GRPC, "send_compression": None}
        return {
            "protocol": self._protocol,
            "send_compression": self._compression,
            "accept_compression": ACCEPTED,
            "read_max_bytes": self._options.read_max_bytes,
        }

    def _call_arguments(self) -> tuple[Any, ...]:
        """What the interceptor of its clients takes; grpcio has its own limit."""
        limit = None if self.wire == GRPCIO else self._options.send_max_bytes
        return self.is_closed, self._authentication, self._calls, limit

    @property
    def url(self) -> str:
        """The URL of the target."""
        return self._url

    def made(self, client: Any) -> None:
        """Note that a client is of this channel."""
        _channels[client] = self


def clients_of(channel: ChannelBase) -> Iterator[Any]:
    """Return the clients of a channel that are still there."""
    return iter([client for client, its in list(_channels.items()) if its is channel])


def channel_of(client: Any) -> ChannelBase | None:
    """Return the channel that made a client, or None."""
    found = _channels.get(client)
    return found if isinstance(found, ChannelBase) else None
