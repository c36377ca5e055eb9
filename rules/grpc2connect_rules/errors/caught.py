"""G2C601, G2C602: a failed call raises `ConnectError`, with `code` and `message`.

    - except grpc.RpcError as error:
    -     if error.code() == grpc.StatusCode.NOT_FOUND:
    -         print(error.details())
    + except ConnectError as error:
    +     if error.code == Code.NOT_FOUND:
    +         print(error.message)

Bridged: `trailing_metadata()` and what else `ConnectError` does not have (`rpc_error(error).trailing_metadata()`);
a code that is used otherwise than in a comparison or an abort (its name and number are gRPC's: `CANCELLED`).
An error that can also be one of the program's own is seen through `rpc_error`, which leaves that as it is. Where some
services of the program stay on gRPC, both exceptions are caught, and codes remain `grpc.StatusCode`s:
`rpc_error(error, StatusCode).code()`.
Bridged too: the private fields of `grpc.aio.AioRpcError` (`error._code`), which its methods return.
Left: errors that the program constructs or derives from.

Source: grpc.RpcError, grpc.Call (grpcio 1.85); connectrpc.errors.ConnectError (connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    CONNECT_ERROR,
    GRPC_STATUS_CODE,
    Bridged,
    Left,
    Native,
    Outcome,
    api,
    edits,
    rule,
    runtime,
)
from grpc2connect.rules_api.references import ErrorClass, ErrorUse


@rule("G2C601", on=ErrorClass)
def caught(use: ErrorClass) -> Iterator[Outcome]:
    """A failed call raises `ConnectError`."""
    module, node = use.module, use.node
    if use.role in ("construct", "subclass"):
        yield Left(f"a gRPC error is {'constructed' if use.role == 'construct' else 'derived from'} here",
                   advice="raise ConnectError, or an error of your own")  # fmt: skip
        return
    parent = module.parents[node]
    if isinstance(parent, ast.Compare):
        yield Left("the class of an error is compared here", advice="use isinstance", wire=True)
        return
    yield Native(edits.replace(module, node, CONNECT_ERROR), mixed=False)
    if isinstance(parent, ast.Tuple) and any(_is_connect_error(other) for other in parent.elts):
        yield Bridged(why="both are caught already")
    elif isinstance(parent, ast.Tuple):
        yield Bridged(edits.replace(module, node, node, ", ", CONNECT_ERROR), why="some services stay on gRPC")
    elif use.role in ("except", "isinstance", "value"):
        yield Bridged(
            edits.replace(module, node, "(", node, ", ", CONNECT_ERROR, ")"), why="some services stay on gRPC"
        )
    yield Left("some services stay on gRPC", advice="move them, then run again")


def _is_connect_error(node: ast.expr) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) == CONNECT_ERROR.name


@rule("G2C602", on=ErrorUse)
def use(use: ErrorUse) -> Iterator[Outcome]:
    """A caught error has `code` and `message`."""
    module, node, call = use.module, use.node, use.call
    simple = call is not None and not call.args and not call.keywords
    mixed = not use.facts.only_error(node.value)
    if call is not None and simple and not mixed and use.name == "code":
        if use.facts.only_compared(module, call):
            yield Native(edits.call_without_arguments(module, call), mixed=False)
        yield Bridged(
            edits.replace(module, call, runtime("status_code"), "(", node.value, ".code)"),
            why="the code's name or number is used",
            mixed=False,
        )
    if call is not None and simple and not mixed and use.name == "details":
        changes = [edits.rename_attribute(module, node, "message"), edits.call_without_arguments(module, call)]
        yield Native(changes, mixed=False)
    if use.name in api.ERROR_METHODS:
        view = (runtime("rpc_error"), "(")
        yield Bridged(edits.wrap(module, node.value, view, ")"), why="gRPC's form of the error", mixed=False)
        ours = edits.replace(module, node.value, *view, node.value, ", ", GRPC_STATUS_CODE, ")")
        yield Bridged(ours, why="its code must be one of those that services on gRPC have")
    elif use.name in api.ERROR_FIELDS and call is None and not mixed and isinstance(node.ctx, ast.Load):
        asked = f").{use.name.removeprefix('_')}()"
        yield Bridged(
            edits.replace(module, node, runtime("rpc_error"), "(", node.value, asked),
            why="a field of grpcio's own, of which gRPC's form of the error has a method",
            mixed=False,
        )
        yield Bridged(
            edits.replace(module, node, runtime("rpc_error"), "(", node.value, ", ", GRPC_STATUS_CODE, asked),
            why="its code must be one of those that services on gRPC have",
        )
    elif use.name in ("args", "with_traceback", "add_note", "__cause__", "__context__", "__traceback__", "__class__"):
        yield Native()
    else:
        yield Left(f"a ConnectError has no '{use.name}'", advice="use code, message or details")
