"""A service of a running server, and clients of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from connectrpc.protocol import ProtocolType
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport

from .program import Program
from .starting import Place, opened

PACKAGE = "served.v1"
SECONDS = 10.0
LARGE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """The service `Blocking` or `Looped` at a place."""

    program: Program
    service: str
    place: Place

    def ask(self, text: str = "", **fields: Any) -> Any:
        """A request."""
        return self.program.messages.Ask(text=text, **fields)

    def token(self) -> str:
        """A new name for files of the journal."""
        return f"{self.service}-{uuid.uuid4().hex[:12]}"

    @contextlib.contextmanager
    def connect(
        self, protocol: ProtocolType = ProtocolType.CONNECT, version: HTTPVersion | None = None
    ) -> Iterator[Any]:
        """A blocking client of connectrpc, with a connection of its own."""
        authority = self.program.authority.read_bytes() if self.place.secure else None
        scheme = "https" if self.place.secure else "http"
        # Without compression: random bytes are sent.
        with SyncHTTPTransport(tls_ca_cert=authority, http_version=version) as transport:
            make = getattr(self.program.clients, f"{self.service}ClientSync")
            yield make(
                f"{scheme}://{self.place.connect}",
                protocol=protocol,
                http_client=SyncClient(transport),
                send_compression=None,
                timeout_ms=int(SECONDS * 1000),
            )

    @contextlib.contextmanager
    def grpc(self) -> Iterator[Any]:
        """A stub of grpcio, with a connection of its own."""
        options = [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
            ("grpc.max_receive_message_length", LARGE),
            ("grpc.max_send_message_length", LARGE),
        ]
        if self.place.secure:
            trusted = grpc.ssl_channel_credentials(self.program.authority.read_bytes())
            channel = grpc.secure_channel(self.place.grpc, trusted, options)
        else:
            channel = grpc.insecure_channel(self.place.grpc, options)
        with channel:
            yield getattr(self.program.stubs, f"{self.service}Stub")(channel)

    def http(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Make an HTTP/1.1 request as curl does; return status, JSON and headers.

        Raises:
            OSError, http.client.HTTPException: there is no answer.
            ValueError: the answer is no JSON.
        """
        connection = http.client.HTTPConnection("localhost", timeout=seconds)
        try:
            connection.sock = opened(self.place.connect, seconds)
            if self.place.secure:
                context = ssl.create_default_context(cafile=str(self.program.authority))
                connection.sock = context.wrap_socket(connection.sock, server_hostname="127.0.0.1")
            data = None if body is None else json.dumps(body)
            sent = {**({"content-type": "application/json"} if data is not None else {}), **(headers or {})}
            connection.request(method, f"/{PACKAGE}.{self.service}/{path}", data, sent)
            response = connection.getresponse()
            received = response.read()
            return response.status, json.loads(received), {k.lower(): v for k, v in response.getheaders()}
        finally:
            connection.close()
