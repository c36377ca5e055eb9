"""What rules for calls and errors ask of the facts."""

from __future__ import annotations

import ast
from functools import cached_property

from grpc2connect.facts import api
from grpc2connect.facts.derived_stubs import DerivedStubs
from grpc2connect.facts.kinds import NOTHING, Error, Function, Member, Value
from grpc2connect.facts.loose_types import holds_others
from grpc2connect.facts.nullable import may_be_none
from grpc2connect.facts.references import RpcUse, is_view
from grpc2connect.facts.scopes import is_generator
from grpc2connect.facts.server_questions import ServerQuestions
from grpc2connect.schema import Kind
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name


class ClientQuestions(ServerQuestions):
    """Questions about calls, call objects, errors and status codes; mixed into `Facts`."""

    @cached_property
    def derived_stubs(self) -> DerivedStubs:
        """Classes of the program that derive from a stub's class."""
        return DerivedStubs(self)  # type: ignore[arg-type]

    def is_own(self, kind: type[Value], name: str) -> bool:
        """Whether the program itself gives gRPC's objects of a kind an attribute, which the runtime's then have too."""
        return (kind, name) in self.state.assigned and not name.startswith("_") and name not in api.RUNTIME_ATTRIBUTES

    def may_have_own_context(self, module: Module, node: ast.AST) -> bool:
        """Whether the context around a node may be one of the program's own."""
        raise NotImplementedError

    def may_be_none(self, module: Module, node: ast.expr) -> bool:
        """Whether a type checker takes an expression for None too, so that asking it for a method is an error."""
        return may_be_none(self, module, node)

    def holds_others(self, module: Module, annotation: ast.expr) -> bool:
        """Whether what an annotation of gRPC's type is for is given what is not of the type."""
        return holds_others(self, module, annotation)

    def used_plainly(self, use: RpcUse) -> bool:
        """Whether only the response (or the iteration) of a call is used, so that no call object is needed."""
        if use.call is None or use.aio is None:
            return False
        kind, parent = use.method.kind, use.module.parents[use.call]
        if not use.aio:
            return not use.method.server_streaming or _is_iterated(use.call, parent, False)
        if kind in (Kind.STREAM_UNARY, Kind.STREAM_STREAM) and not self._async_iterator(use.call):
            return False
        if use.method.server_streaming:
            return _is_iterated(use.call, parent, True)
        return isinstance(parent, ast.Await)

    def _async_iterator(self, call: ast.Call) -> bool:
        """Whether a call's request is surely an async iterator: a call of an async generator of the program."""
        given = self.arguments(call)
        request = given.get(0, given.get("request_iterator", given.get("request")))
        if not isinstance(request, ast.Call):
            return False
        functions = [value.node for value in self.values(request.func) if isinstance(value, Function)]
        return bool(functions) and all(isinstance(f, ast.AsyncFunctionDef) and is_generator(f) for f in functions)

    def only_error(self, node: ast.AST) -> bool:
        """Whether an expression is a gRPC error and surely nothing of the program's own."""
        return all(isinstance(value, Error) for value in self.values(node))

    def is_code_of_error(self, node: ast.AST) -> bool:
        """Whether an expression is `error.code()` of what is surely an error."""
        values = self.values(node.func) if isinstance(node, ast.Call) else NOTHING
        return bool(values) and all(
            isinstance(one, Member) and isinstance(one.owner, Error) and one.name == "code" for one in values
        )

    def says_class_of_codes(self, module: Module, node: ast.AST) -> bool:
        """Whether an expression tells the runtime of which class codes are to be, as an earlier run has put it."""
        match module.parents[node]:
            case ast.Call(args=[first, _]) as call if first is node:
                return last_name(call.func) == "code_in"
            case ast.Call(args=[_, second]) as call if second is node:
                return is_view(call)
            case ast.keyword(arg="codes"):
                return True
        return False

    def only_identity(self, module: Module, node: ast.AST) -> bool:
        """Whether of a status code only counts which one it is, wherever it gets to from an expression."""
        raise NotImplementedError


def _is_iterated(call: ast.Call, parent: ast.AST, aio: bool) -> bool:
    match parent:
        case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable):
            return iterable is call and isinstance(parent, ast.AsyncFor) is aio
        case ast.comprehension(iter=iterable, is_async=is_async):
            return iterable is call and bool(is_async) is aio
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "set" | "sum" | "min" | "max"), args=[first]):
            return first is call and not aio
        case ast.YieldFrom():
            return not aio
    return False
