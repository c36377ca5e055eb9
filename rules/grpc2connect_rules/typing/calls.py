"""G2C807: the types of calls and futures, and of what calls an RPC, are the runtime's.

    - except grpc.RpcError as error:
    -     if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.NOT_FOUND:
    + except ConnectError as error:
    +     if isinstance(error, Call) and error.code == Code.NOT_FOUND:

Why: in grpcio an error of a sync call is that call, and a future, too; programs ask so before they read its code. The
runtime's `Call` and `Future` know the errors and calls of both worlds, so they also serve where some services of the
program stay on gRPC. Calls of `grpc.aio` are `AioUnaryCall` and `AioStreamCall`.

Native form: `ConnectError` where an error is asked; connectrpc has no call objects.

A class of the program's own may derive from `grpc.Call` and `grpc.Future`: an error, or what an interceptor answers
with.

A method of a stub is a `MultiCallable`, whether it is sync or not, and whatever it streams:

    - def retry(rpc: grpc.UnaryUnaryMultiCallable, request): ...
    + def retry(rpc: MultiCallable, request): ...

The iterator of requests that a handler gets, which programs name by its private class, is any `Iterator`.

Left: a class that derives from a type of `grpc.aio`'s calls, or of methods; `isinstance` with one of methods, by way of
a tuple or a variable, too, and `case` with one; and the specs of mocks where the program asks so.

Source: grpc.Call, grpc.Future, grpc.aio.Call, grpc.aio.UnaryUnaryCall and its kin, grpc.UnaryUnaryMultiCallable and its
kin, grpc._server._RequestIterator (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Native, Outcome, edits, rule, runtime
from grpc2connect.rules_api.names import Symbol
from grpc2connect.rules_api.references import ApiUse

_TYPES = {
    "grpc.Call": "Call",
    "grpc.Future": "Future",
    "grpc.aio.Call": "AioCall",
    "grpc.aio.UnaryUnaryCall": "AioUnaryCall",
    "grpc.aio.StreamUnaryCall": "AioUnaryCall",
    "grpc.aio.UnaryStreamCall": "AioStreamCall",
    "grpc.aio.StreamStreamCall": "AioStreamCall",
}
_KINDS = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
_METHODS = frozenset(f"{package}.{kind}MultiCallable" for package in ("grpc", "grpc.aio") for kind in _KINDS)
_BASES = frozenset({"grpc.Call", "grpc.Future"})
_REQUESTS = "grpc._server._RequestIterator"
_ITERATOR = Symbol("collections.abc", "Iterator", "RequestIterator")


@rule("G2C807", on=ApiUse, names={*_TYPES, *_METHODS, _REQUESTS}, attribute="path")
def call_type(use: ApiUse) -> Iterator[Outcome]:
    """The type of a call, or of what begins one, is the runtime's."""
    parent = use.module.parents[use.node]
    if isinstance(parent, ast.Subscript):
        parent = use.module.parents[parent]
    if isinstance(parent, ast.ClassDef) and use.path in _BASES:
        yield Bridged(
            edits.replace(use.module, use.node, runtime(_TYPES[use.path])),
            why="an error, or what an interceptor answers with, that is a call",
            mixed=False,
        )
        yield Bridged(why="some services stay on gRPC, and the runtime's types know its calls")
        return
    if isinstance(parent, ast.ClassDef):
        yield Left(f"a class derives from {use.path}", advice="wrap a call instead of being one")
        return
    if isinstance(parent, ast.Call) and parent.func is use.node:
        yield Left(f"{use.path} is made by hand", advice="let a stub make it")
        return
    if use.path == _REQUESTS:
        yield Native(edits.replace(use.module, use.node, _ITERATOR))
        return
    if use.path in _METHODS:
        yield from _of_methods(use)
        return
    yield Bridged(
        edits.replace(use.module, use.node, runtime(_TYPES[use.path])), why="connectrpc has no objects for calls"
    )


def _of_methods(use: ApiUse) -> Iterator[Outcome]:
    types = use.facts.asked_types
    if types.is_asked(use.module, use.node):
        yield Left(f"it is asked whether something is a {use.path}", advice="ask whether it is callable")
        return
    if types.is_given(use.module, use.node):
        yield Left(f"something is given {use.path}, and asked whether it is one", advice="ask whether it is callable")
        return
    yield Bridged(edits.replace(use.module, use.node, runtime("MultiCallable")), why="connectrpc has methods for these")
