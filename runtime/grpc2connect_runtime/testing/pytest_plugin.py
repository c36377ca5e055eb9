"""The fixtures of pytest-grpc, for services that have moved and for those that have not.

    pytest_plugins = ["grpc2connect_runtime.testing.pytest_plugin"]  # in the conftest.py at the root of the tests
    from grpc2connect_runtime.testing.pytest_plugin import *         # or: beside the fixtures below

A test module says what is served and asked, as for pytest-grpc:

    @pytest.fixture(scope="module")
    def grpc_application():             # or grpc_add_to_server, which can return a function as well
        return GreeterASGIApplication

    @pytest.fixture(scope="module")
    def grpc_servicer():
        return Greeter()

    @pytest.fixture(scope="module")
    def grpc_stub_cls():                # of moved services the client's class; else a function of the channel
        return GreeterClientSync

and its tests ask for `grpc_stub`, `grpc_channel`, `grpc_create_channel`, `grpc_addr` or `grpc_server`. All live as long
as the module. There is no fake server: this one is real, on a free port.

Native form: `testing.serving` in a fixture of your own.

Source: pytest-grpc 0.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from connectrpc.client import ConnectClientSync
from connectrpc.server import ConnectASGIApplication

from ..channel import Channel, insecure_channel, secure_channel
from ..server import Server

__all__ = [
    "grpc_add_to_server",
    "grpc_addr",
    "grpc_application",
    "grpc_bound",
    "grpc_channel",
    "grpc_create_channel",
    "grpc_interceptors",
    "grpc_max_workers",
    "grpc_server",
    "grpc_stub",
]

_STOP_S = 10.0


@pytest.fixture(scope="module")
def grpc_interceptors() -> Any:
    """The server's interceptors; override it."""
    return ()


@pytest.fixture(scope="module")
def grpc_max_workers(request: pytest.FixtureRequest) -> int:
    """How many threads run sync handlers: the module's `grpc_max_workers`, or 1."""
    return int(getattr(request.module, "grpc_max_workers", 1))


@pytest.fixture(scope="module")
def grpc_application() -> Any:
    """The generated `XASGIApplication` of what is served; override it, or `grpc_add_to_server`."""
    return None


@pytest.fixture(scope="module")
def grpc_add_to_server(grpc_application: Any) -> Callable[[Any, Any], Any]:
    """A function `(servicer, server)` that registers; by default with `grpc_application`."""

    def add(servicer: Any, server: Server) -> None:
        if grpc_application is None:
            raise pytest.UsageError("define the fixture grpc_application, or grpc_add_to_server")
        server.add_service(grpc_application, servicer)

    return add


@pytest.fixture(scope="module")
def grpc_bound(
    grpc_add_to_server: Callable[[Any, Any], Any], grpc_servicer: Any, grpc_interceptors: Any, grpc_max_workers: int
) -> Iterator[tuple[Server, str]]:
    """The running server and its address."""
    with ThreadPoolExecutor(grpc_max_workers) as pool:
        server = Server(pool, interceptors=grpc_interceptors or ())
        given: Any = grpc_add_to_server
        if isinstance(given, type) and issubclass(given, ConnectASGIApplication):
            server.add_service(given, grpc_servicer)
        else:
            given(grpc_servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield server, f"127.0.0.1:{port}"
        server.stop(None).wait(_STOP_S)


@pytest.fixture(scope="module")
def grpc_server(grpc_bound: tuple[Server, str]) -> Server:
    """The running server."""
    return grpc_bound[0]


@pytest.fixture(scope="module")
def grpc_addr(grpc_bound: tuple[Server, str]) -> str:
    """The address of the server."""
    return grpc_bound[1]


@pytest.fixture(scope="module")
def grpc_create_channel(grpc_addr: str) -> Callable[..., Channel]:
    """A function `(credentials=None, options=None)` that makes a channel to the server."""

    def create(credentials: Any = None, options: Any = None) -> Channel:
        if credentials is None:
            return insecure_channel(grpc_addr, options)
        return secure_channel(grpc_addr, credentials, options)

    return create


@pytest.fixture(scope="module")
def grpc_channel(grpc_create_channel: Callable[..., Channel]) -> Iterator[Channel]:
    """A channel to the server."""
    with grpc_create_channel() as channel:
        yield channel


@pytest.fixture(scope="module")
def grpc_stub(grpc_stub_cls: Any, grpc_channel: Channel) -> Any:
    """A client of the server: what `grpc_stub_cls` makes of the channel."""
    if isinstance(grpc_stub_cls, type) and issubclass(grpc_stub_cls, ConnectClientSync):
        return grpc_channel.client(grpc_stub_cls)
    return grpc_stub_cls(grpc_channel)
