"""Where types are named, which do nothing when the program runs."""

from __future__ import annotations

import ast
import re

from grpc2connect.facts import api
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name

_OF_CREDENTIALS = {of: path for path, of in api.CREDENTIALS_TYPES.items()}
_MEANT = {
    **{path: "grpc.aio.Channel" if aio else "grpc.Channel" for path, aio in api.CHANNELS.items()},
    **{path: "grpc.aio.Server" if aio else "grpc.Server" for path, aio in api.SERVERS.items()},
    **{path: _OF_CREDENTIALS[of] for path, of in api.ALL_CREDENTIALS.items()},
    **{f"grpc._cython.cygrpc.{path.removeprefix('grpc.')}": path for path in api.CREDENTIALS_TYPES},
}


def meant_type(path: str) -> str:
    """The type that an annotation by a name of gRPC's means.

    People write the function that makes a thing there (`-> grpc.ssl_channel_credentials`), or take the class of the
    same name that editors find in gRPC's C extension (`grpc._cython.cygrpc.ChannelCredentials`).
    """
    return _MEANT.get(path, path)


def is_type(module: Module, node: ast.AST) -> bool:
    """Whether an expression stands in an annotation (or a string annotation), or says what a `cast` is to.

    So do the bound of a type variable and what it may stand for, and the type that a `NewType` is of.
    """
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.arg) or (isinstance(parent, ast.AnnAssign) and parent.annotation is child):
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return parent.returns is child
        if isinstance(parent, ast.stmt | ast.Call | ast.Lambda):
            return isinstance(parent, ast.Call) and _names_type(parent, child)
        child = parent
    return False


def _names_type(call: ast.Call, argument: ast.AST) -> bool:
    """Whether an argument of a call (of a name, its keyword) is a type, and nothing but that."""
    if is_cast(call):
        return call.args[0] is argument
    if isinstance(argument, ast.keyword):
        return last_name(call.func) == "TypeVar" and argument.arg in ("bound", "default")
    return last_name(call.func) in ("TypeVar", "NewType") and argument in call.args[1:]


def is_cast(node: ast.Call) -> bool:
    """Whether a call is one of `typing.cast`."""
    name = last_name(node.func)
    return name == "cast" and len(node.args) == 2


def is_declared_wider(module: Module, node: ast.expr, name: str) -> bool:
    """Whether what a value is assigned to is declared with a type of this name and others, `Optional[GreeterStub]`."""
    match module.parents[node]:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target]):
            assigned = last_name(target)
        case _:
            return False
    for other in module.nodes:
        if isinstance(other, ast.AnnAssign) and last_name(other.target) == assigned:
            before, found, after = ast.unparse(other.annotation).strip("'\"").rpartition(name)
            if found and (after or not re.fullmatch(r"[\w.]*", before)):
                return True
    return False
