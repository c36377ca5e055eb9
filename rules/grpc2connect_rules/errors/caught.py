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
`rpc_error(error, grpc.StatusCode).code()`. A later run, with which these move, makes that what it would have been.
Bridged too: private fields that the methods return, those of `grpc.aio.AioRpcError` (`error._code`) and of what sync
calls raise (`error._state.code`):

    - print(error._state.details)
    + print(rpc_error(error).details())

Errors that the program makes, or derives from, are of the runtime's `RpcError` and `AioRpcError`, which behave like
gRPC's classes (no `code()` but what the program gives them) and are `ConnectError`s for every clause:

    - class Refused(grpc.RpcError):
    + class Refused(RpcError):
          def code(self):
    -         return grpc.StatusCode.PERMISSION_DENIED
    +         return StatusCode.PERMISSION_DENIED

    - stub.GetItem.side_effect = grpc.RpcError("gone")
    + stub.get_item.side_effect = RpcError("gone")

A handler that raises one ends its call with UNKNOWN, as on grpcio. In such a program every error that can be a made one
is read through `rpc_error`, which asks its own methods (not what a file of tests makes, in another one; not one that is
raised as it is made; not what is no `AioRpcError`, in a clause for those). A clause for `grpc.aio.AioRpcError` or a
private class catches `AioRpcError` or `CallError` there, where it must not catch what else is made. Where some services
stay on gRPC, made errors are gRPC's: every clause catches both. An error may derive from `grpc.Call` or `grpc.Future`
too.

A private class of grpcio's is that of calls with one response, or that of streams and futures. Where the program may
make calls of other kinds, too, a clause for it goes on catching its own:

    - except grpc._channel._InactiveRpcError as error:
    + except UnaryCallError as error:

A class that an error's own is compared with is one that failed calls of `grpc.aio` have:

    - if type(error) == grpc.aio.AioRpcError:
    + if class_of_error(error) == AioRpcError:

`grpc._channel._InactiveRpcError`, made of a `_RPCState` (G2C606), is the runtime's `InactiveRpcError`.

What grpcio makes its error of, the state of a call with one response, is `args` of gRPC's form of the error:

    - logger.error(error.args[0].details)
    + logger.error(rpc_error(error).args[0].details)

A private class with a type of messages (`_MultiThreadedRendezvous[Reply]`) says what a call streams: any `Iterator`.

Left: errors of grpcio's other private classes (`_MultiThreadedRendezvous`) that the program makes or derives from;
methods that it puts on an error which it has not made; classes of errors that are compared with anything else.

Source: grpc.RpcError, grpc.Call (grpcio 1.85); connectrpc.errors.ConnectError (connectrpc 0.13).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from grpc2connect.rules_api import (
    CONNECT_ERROR,
    GRPC_STATUS_CODE,
    MADE,
    Bridged,
    Left,
    Native,
    Outcome,
    api,
    edits,
    kinds,
    rule,
    runtime,
)
from grpc2connect.rules_api.names import Symbol
from grpc2connect.rules_api.references import ErrorClass, ErrorUse

_INACTIVE = "grpc._channel._InactiveRpcError"
_EXACT = {api.UNARY: "UnaryCallError", api.STREAM: "StreamCallError"}
_NAMES = {None: "RpcError", True: "AioRpcError", False: "CallError"}
_OF_ONE_LIBRARY = frozenset({"message", "form", "debug", "next"})
"""What errors of moved calls have and grpcio's have not, or the other way round, besides what rules know."""

_RESPONSES = Symbol("collections.abc", "Iterator", "ResponseIterator")
"""What a call that streams is besides an error: said of what type of messages, it is the iterator that is meant."""

_KEPT = frozenset({"args", "with_traceback", "add_note", "__cause__", "__context__", "__traceback__", "__class__"})


@rule("G2C601", on=ErrorClass)
def caught(use: ErrorClass) -> Iterator[Outcome]:
    """A failed call raises `ConnectError`."""
    module, node, aio = use.module, use.node, api.ERRORS[use.path]
    made = use.facts.makes_errors(module)
    others = frozenset() if aio is None else made - {True} if aio else made
    if use.role in MADE:
        yield from _made(use, aio)
        return
    parent = module.parents[node]
    if isinstance(parent, ast.Subscript) and parent.value is node and use.role == "annotation":
        yield Native(edits.replace(module, node, _RESPONSES))
        return
    exact = _exact(use)
    ours: Symbol = exact or CONNECT_ERROR
    if (use.role == "value" and made) or (use.role in ("except", "isinstance") and others):
        classes: tuple[Symbol | str, ...] = (exact or runtime(_NAMES[aio]),)
        if aio is False and False in made:
            classes = (*classes, ", ", runtime("InactiveRpcError"))
            classes = classes if isinstance(parent, ast.Tuple) else ("(", *classes, ")")
        yield Bridged(
            edits.replace(module, node, *classes), why="errors of gRPC's other classes are made here", mixed=False
        )
    else:
        # Both were caught while another service had moved and this one had not.
        moved = edits.replace(module, parent if _both(parent, ours) else node, ours)
        if exact:
            yield Bridged(moved, why="calls near it can fail with errors of grpcio's other classes", mixed=False)
        else:
            yield Native(moved, mixed=False)
    if isinstance(parent, ast.BinOp) and _both(parent, ours):
        yield Bridged(why="both are named already")
    elif use.role == "annotation" or _is_type_argument(use):
        yield Bridged(edits.replace(module, node, node, " | ", CONNECT_ERROR), why="some services stay on gRPC")
    elif isinstance(parent, ast.Tuple) and any(_is_named(other, ours) for other in parent.elts):
        yield Bridged(why="both are caught already")
    elif isinstance(parent, ast.Tuple):
        yield Bridged(edits.replace(module, node, node, ", ", ours), why="some services stay on gRPC")
    elif use.role in ("except", "isinstance", "value"):
        yield Bridged(edits.replace(module, node, "(", node, ", ", ours, ")"), why="some services stay on gRPC")
    yield Left("some services stay on gRPC", advice="move them, then run again")


def _exact(use: ErrorClass) -> Symbol | None:
    """The runtime's class for a private one of grpcio's, where a clause for it must not catch what else calls raise."""
    if use.path not in api.ERROR_FORMS or use.role not in ("except", "isinstance", "value"):
        return None
    parent = use.module.parents[use.node]
    named = [use.path]
    for other in parent.elts if isinstance(parent, ast.Tuple) else ():
        named += [value.path for value in use.facts.values(other) if isinstance(value, kinds.Api)]
    caught = {api.ERROR_FORMS[path] for path in named if path in api.ERROR_FORMS}
    several = use.facts.call_forms.are_more(use.module, caught)
    return runtime(_EXACT[api.ERROR_FORMS[use.path]]) if several else None


def _both(node: ast.AST, ours: Symbol) -> bool:
    """Whether this is gRPC's error and what it becomes, and no more."""
    match node:
        case ast.Tuple(elts=[one, other]) | ast.BinOp(left=one, op=ast.BitOr(), right=other):
            return _is_named(one, ours) or _is_named(other, ours)
    return False


def _is_type_argument(use: ErrorClass) -> bool:
    """Whether a class is an argument of a type: `Callable[[], grpc.RpcError]`, in an annotation or in an alias."""
    return any(
        isinstance(parent, ast.Subscript) and parent.slice is child
        for child, parent in pairwise((use.node, *use.module.ancestors(use.node)))
        if isinstance(parent, ast.Subscript | ast.Tuple | ast.List)
    )


def _made(use: ErrorClass, aio: bool | None) -> Iterator[Outcome]:
    """The class is made, derived from, or asked for by identity."""
    if use.role == "compared" and aio is not None:
        if aio and (asked := _asked_for_its_class(use)):
            changes = [edits.replace(use.module, use.node, runtime(_NAMES[aio]))]
            changes += [
                edits.replace(use.module, one, runtime("class_of_error"), "(", error, ")") for one, error in asked
            ]
            yield Bridged(changes, why="a failed call has a class of its own", mixed=False)
        yield Left("the class of an error is compared here", advice="use isinstance", wire=True)
        return
    if aio is False and use.path != _INACTIVE:
        what = "derived from" if use.role == "subclass" else "made"
        yield Left(f"an error of a private class of grpcio's is {what} here", advice="use grpc.RpcError")
        return
    name = "InactiveRpcError" if use.path == _INACTIVE else _NAMES[aio]
    yield Bridged(
        edits.replace(use.module, use.node, runtime(name)),
        why="it behaves like gRPC's class, and every clause for failed calls catches it",
        mixed=False,
    )
    yield Bridged(why="some services stay on gRPC, and every clause catches its errors too")


def _is_of_something_else(name: str) -> bool:
    """Whether no error of gRPC's has a name, and none of Connect's: what has it, if anything, is the program's own."""
    return not name.startswith("_") and name not in api.ERROR_METHODS | _KEPT | _OF_ONE_LIBRARY


def _field(use: ErrorUse) -> ast.Attribute | None:
    """A private field that a method returns: `error._code`, or `error._state.code` of what sync calls raise."""
    parent = use.module.parents[use.node]
    if use.name == "_state" and isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
        return parent if parent.attr in api.STATE_FIELDS else None
    return use.node if use.name in api.ERROR_FIELDS and use.call is None else None


def _asked_for_its_class(use: ErrorClass) -> list[tuple[ast.expr, ast.expr]]:
    """What a class is compared with, and the object whose class that is: `type(error)`, `error.__class__`."""
    compared = use.module.enclosing(use.node, ast.Compare)
    assert isinstance(compared, ast.Compare)
    found: list[tuple[ast.expr, ast.expr]] = []
    for operand in (compared.left, *compared.comparators):
        match operand:
            case (
                ast.Call(func=ast.Name(id="type"), args=[error], keywords=[])
                | ast.Attribute(value=error, attr="__class__")
            ):
                found.append((operand, error))
    return found


def _is_named(node: ast.expr, symbol: Symbol) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) == symbol.name


@rule("G2C602", on=ErrorUse)
def use(use: ErrorUse) -> Iterator[Outcome]:
    """A caught error has `code` and `message`."""
    module, node, call = use.module, use.node, use.call
    view = use.view
    error = node.value if view is None else view.args[0]
    dropped = () if view is None else (view.args[1],)
    simple = call is not None and not call.args and not call.keywords
    made = bool(use.facts.makes_errors(module))
    mixed = use.facts.may_have_own_code(module, error) or not use.facts.only_error(error)
    if use.facts.only_made(error):
        yield Bridged(why="the error is the program's own, with what the program gave it")
        return
    if _is_of_something_else(use.name):
        yield Native()
        return
    if not isinstance(node.ctx, ast.Load) and use.name not in _KEPT:
        yield Left(
            f"'{use.name}' of an error that the program has not made is replaced", advice="make an error instead"
        )
        return
    if call is not None and simple and not mixed and use.name == "code":
        if use.facts.only_identity(module, call):
            plain = (
                edits.replace(module, call, error, ".code") if dropped else edits.call_without_arguments(module, call)
            )
            yield Native(plain, covers=dropped, mixed=False)
        yield Bridged(
            edits.replace(module, call, runtime("status_code"), "(", error, ".code)"),
            why="the code's name or number is used",
            covers=dropped,
            mixed=False,
        )
    if call is not None and simple and not mixed and use.name == "details":
        changes = [edits.rename_attribute(module, node, "message"), edits.call_without_arguments(module, call)]
        yield Native(
            edits.replace(module, call, error, ".message") if dropped else changes, covers=dropped, mixed=False
        )
    if use.name in api.ERROR_METHODS and dropped:
        shown = edits.replace(module, node.value, runtime("rpc_error"), "(", error, ")")
        yield Bridged(shown, why="gRPC's form of the error", covers=dropped, mixed=False)
        yield Bridged(why="its code must be one of those that services on gRPC have", covers=dropped)
    elif dropped:
        yield Bridged(why="the runtime's form of the error has it", covers=dropped)
    elif use.name in api.ERROR_METHODS:
        form = (runtime("rpc_error"), "(")
        yield Bridged(edits.wrap(module, node.value, form, ")"), why="gRPC's form of the error", mixed=False)
        ours = edits.replace(module, node.value, *form, node.value, ", ", GRPC_STATUS_CODE, ")")
        yield Bridged(ours, why="its code must be one of those that services on gRPC have")
    elif (field := _field(use)) is not None and (made or not mixed):
        asked = f").{field.attr.removeprefix('_')}()"
        yield Bridged(
            edits.replace(module, field, runtime("rpc_error"), "(", node.value, asked),
            why="a field of grpcio's own, of which gRPC's form of the error has a method",
            mixed=False,
        )
        yield Bridged(
            edits.replace(module, field, runtime("rpc_error"), "(", node.value, ", ", GRPC_STATUS_CODE, asked),
            why="its code must be one of those that services on gRPC have",
        )
    elif use.name == "args" and isinstance(node.ctx, ast.Load):
        pieces = (runtime("rpc_error"), "(", node.value, ").args")
        yield Bridged(edits.replace(module, node, *pieces), why="grpcio makes its errors of other things", mixed=False)
        yield Bridged(why="some services stay on gRPC, and every error has what it was made of")
    elif use.name in _KEPT:
        yield Native()
    elif made and not use.name.startswith("_"):
        yield Bridged(why="only errors that the program made have it")
    else:
        yield Left(f"a ConnectError has no '{use.name}'", advice="use code, message or details")
