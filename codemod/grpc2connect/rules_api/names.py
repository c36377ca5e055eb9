"""All knowledge of connectrpc's and the runtime's own names, in one place.

Source: connectrpc 0.13 (`connectrpc.errors`, `connectrpc.code`, `connectrpc.request`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grpc2connect.facts import api

if TYPE_CHECKING:
    from grpc2connect.schema import GrpcModule
    from grpc2connect.syntax import Module

RUNTIME = "grpc2connect_runtime"


@dataclass(frozen=True)
class Symbol:
    """A name that an edit introduces; the engine imports it (under an alias if the file has another such name)."""

    module: str
    name: str
    alias: str


@dataclass(frozen=True, eq=False)
class Generated:
    """A class of a generated `*_connect` module, imported in the way the file imports `like`'s module today."""

    stubs: GrpcModule
    name: str
    like: ast.expr


@dataclass(frozen=True, eq=False)
class GeneratedModule:
    """The generated `*_connect` module that takes the place of `stubs`, where the file has that in `like`."""

    stubs: GrpcModule
    like: ast.expr


@dataclass(frozen=True, eq=False)
class GeneratedPath:
    """The dotted name of the generated module that takes the place of `stubs`, where a text names that as `dotted`."""

    stubs: GrpcModule
    dotted: str


@dataclass(frozen=True, eq=False)
class NameIn:
    """The name by which another file of the program will have a new name: for a text that says it."""

    module: Module
    piece: Symbol | Generated | GeneratedModule


Name = Symbol | Generated | GeneratedModule | GeneratedPath | NameIn
"""What an edit puts where only the engine knows how it is spelled."""

RUNTIME_MODULE = Symbol("", RUNTIME, f"connect_{RUNTIME}")
CONNECT_ERROR = Symbol("connectrpc.errors", "ConnectError", "ConnectRpcError")
CODE = Symbol("connectrpc.code", "Code", "ConnectCode")
PROTOCOL_TYPE = Symbol("connectrpc.protocol", "ProtocolType", "ConnectProtocolType")
HTTP_TRANSPORT = Symbol("pyqwest", "HTTPTransport", "PyqwestHTTPTransport")
SYNC_HTTP_TRANSPORT = Symbol("pyqwest", "SyncHTTPTransport", "PyqwestSyncHTTPTransport")
HTTP_CLIENT = Symbol("pyqwest", "Client", "PyqwestClient")
SYNC_HTTP_CLIENT = Symbol("pyqwest", "SyncClient", "PyqwestSyncClient")
HTTP_VERSION = Symbol("pyqwest", "HTTPVersion", "PyqwestHTTPVersion")
GRPC_STATUS_CODE = Symbol("grpc", "StatusCode", "GrpcStatusCode")
REQUEST_CONTEXT = Symbol("connectrpc.request", "RequestContext", "ConnectRequestContext")


def runtime(name: str) -> Symbol:
    """A public name of `grpc2connect_runtime`."""
    return Symbol(RUNTIME, name, f"connect_{name}" if name[0].islower() else f"Connect{name}")


def testing(name: str, module: str = "") -> Symbol:
    """A public name of `grpc2connect_runtime.testing`, or of a module of it; `*` imports all, and is no text."""
    return replace(runtime(name), module=".".join(filter(None, (RUNTIME, "testing", module))))


def generated(stubs: GrpcModule, name: str, like: ast.expr) -> Generated:
    """A class of the generated module that takes the place of `stubs`; `like` is the expression it replaces."""
    return Generated(stubs, name, like)


def connect_code(status: str) -> str | None:
    """The `Code` member for a `grpc.StatusCode` member; None for `OK`."""
    return api.CONNECT_CODES.get(status)
