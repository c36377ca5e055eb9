"""G2C801: annotations name the type that is there after the migration.

    - def SayHello(self, request, context: grpc.ServicerContext):
    + def say_hello(self, request, context: ServicerContext):

Why: stubs become clients, and channels, servers, credentials and contexts the runtime's. A context that is used in
Connect's own way only is a `RequestContext`; a `RequestContext[Any, Any]` where the project's settings have mypy or
pyright ask for type arguments (`strict`).

The class of a stub or of a servicer stands for sync and async ones; where both may be meant, both are named.

    - class LoggingContext(grpc.ServicerContext):
    + class LoggingContext(CustomServicerContext):

A context that a program makes itself (a wrapper in an interceptor, a fake in a test) has the same methods to define,
and is a `ServicerContext` to `isinstance`.

    - channel: grpc.Channel = self._channel
    + channel: Channel | Any = self._channel

What is annotated so and is given something else too (None, another object), which a type checker lets pass as grpcio
has no types, may go on being that; a parameter that is given another value is `Any`.

A private class of grpcio's (`grpc._server._Server`, `grpc._channel.Channel`) is taken for the type that it is of.

Left: a class that derives from another type of gRPC's; an object of a type that functions of gRPC make, made by hand.

Source: grpc, grpc.aio, grpc._server, grpc._channel (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    CODE,
    REQUEST_CONTEXT,
    Bridged,
    Left,
    Native,
    Outcome,
    api,
    edits,
    generated,
    rule,
    runtime,
)
from grpc2connect.rules_api.edits import Piece
from grpc2connect.rules_api.names import Symbol
from grpc2connect.rules_api.references import TypeUse

_RUNTIME = {
    "grpc.Channel": "Channel",
    "grpc.aio.Channel": "AioChannel",
    "grpc.Server": "Server",
    "grpc.aio.Server": "AioServer",
    "grpc.ServicerContext": "ServicerContext",
    "grpc.aio.ServicerContext": "AioServicerContext",
    "grpc.RpcContext": "ServicerContext",
    api.STATUS_CODE: "StatusCode",
    **{path: path.removeprefix("grpc.") for path in api.CREDENTIALS_TYPES},
}

_ANY = Symbol("typing", "Any", "typing_Any")
_NOT_MADE = {"grpc.Channel", "grpc.Server", "grpc.ServicerContext", *api.CREDENTIALS_TYPES}
"""What only functions of gRPC make: a call of it is one of grpcio's private class behind it."""

_HELD = frozenset({"grpc.Channel", "grpc.aio.Channel", "grpc.Server", "grpc.aio.Server", *api.CONTEXT_TYPES})
"""What the runtime has types for, and grpcio has not."""

_CUSTOM = {
    "grpc.ServicerContext": "CustomServicerContext",
    "grpc.aio.ServicerContext": "CustomAioServicerContext",
}
"""What a context of the program's own derives from."""


@rule("G2C801", on=TypeUse)
def types(use: TypeUse) -> Iterator[Outcome]:
    """Annotations name the type that is there after the migration."""
    module, node = use.module, use.node
    assert isinstance(node, ast.expr)
    if use.service is not None and use.stubs is not None:
        yield from _generated(use, node)
        return
    parent = module.parents[node]
    if isinstance(_derived(use, node), ast.ClassDef):
        if use.path not in _CUSTOM:
            yield Left(f"a class derives from {use.path}", advice="derive from the runtime's class by hand")
            return
        custom = runtime(_CUSTOM[use.path])
        yield Bridged(edits.replace(module, node, custom), why="a context of the program's own", mixed=False)
        yield Bridged(why="some services here stay on gRPC, and what moves calls the same methods of this context")
        return
    if use.path in _NOT_MADE and isinstance(parent, ast.Call) and parent.func is node:
        yield Left(f"{use.path} is made by hand", advice="make it by a function of grpc, then run again")
        return
    if use.path in api.CONTEXT_TYPES and use.annotation and not isinstance(module.parents[node], ast.Subscript):
        uses = use.facts.context_uses(module, node)
        if uses is not None:
            pieces = (REQUEST_CONTEXT, *_arguments(use))
            yield Native(edits.replace(module, node, *pieces), native=uses, mixed=False)
    if use.path == api.STATUS_CODE and use.annotation and use.facts.takes_codes(module, node):
        either = edits.replace(module, node, CODE, " | ", runtime("StatusCode"))
        yield Bridged(either, why="codes of both kinds, which are equal, get there", mixed=False)
    if use.path == api.STATUS_CODE and use.facts.says_class_of_codes(module, node):
        yield Bridged(edits.replace(module, node, runtime(_RUNTIME[use.path])), why="the runtime's type", mixed=False)
        yield Bridged(why="what has moved gives codes of this class beside services that stay on gRPC")
        return
    # The type of something that belongs to no service in particular may be that of one that stays.
    cut = bool(use.units) and use.path not in api.CONTEXT_TYPES
    pieces = _held(use, node) if use.path in _HELD else (runtime(_RUNTIME[use.path]),)
    yield Bridged(edits.replace(module, node, *pieces), why="the runtime's type", mixed=cut)
    if use.path in api.CONTEXT_TYPES:
        yield Bridged(why="some services here stay on gRPC; the runtime's context has the methods of this type")


def _held(use: TypeUse, node: ast.expr) -> tuple[Piece, ...]:
    """The type of what may be given something else too; a parameter's, which checkers know by what it is given."""
    if not use.facts.holds_others(use.module, node):
        return (runtime(_RUNTIME[use.path]),)
    return (_ANY,) if isinstance(use.module.parents[node], ast.arg) else (runtime(_RUNTIME[use.path]), " | ", _ANY)


def _arguments(use: TypeUse) -> tuple[Piece, ...]:
    """The type arguments of Connect's context, where the project's type checker asks for them."""
    return ("[", _ANY, ", ", _ANY, "]") if use.facts.program.asks_for_type_arguments(use.module) else ()


def _derived(use: TypeUse, node: ast.expr) -> ast.AST:
    """What an expression stands in, without its type arguments: the class that has it as a base, where one has."""
    parent = use.module.parents[node]
    return use.module.parents[parent] if isinstance(parent, ast.Subscript) and parent.value is node else parent


def _generated(use: TypeUse, node: ast.expr) -> Iterator[Outcome]:
    service, stubs = use.service, use.stubs
    assert service is not None and stubs is not None
    if use.path == service.servicer_class:
        of_sync, of_aio, both = service.connect_service_sync, service.connect_service, "sync and async servicers"
    else:
        of_sync, of_aio, both = service.connect_client_sync, service.connect_client, "sync and aio stubs"
    if use.aio is None:
        one, other = (generated(stubs, name, node) for name in (of_sync, of_aio))
        yield Native(edits.replace(use.module, node, one, " | ", other), why=f"it stands for {both}")
        return
    yield Native(edits.replace(use.module, node, generated(stubs, of_aio if use.aio else of_sync, node)))
