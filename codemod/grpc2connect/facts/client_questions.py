"""What rules for calls and errors ask of the facts."""

from __future__ import annotations

import ast

from grpc2connect.facts import api
from grpc2connect.facts.kinds import Context, Error, Function, Member, Status, Value, Wrapped
from grpc2connect.facts.nullable import may_be_none
from grpc2connect.facts.references import RpcUse
from grpc2connect.facts.scopes import is_generator
from grpc2connect.facts.server_questions import ServerQuestions
from grpc2connect.schema import Kind
from grpc2connect.syntax import Module

_EQUALITY = ast.Eq | ast.NotEq | ast.In | ast.NotIn


class ClientQuestions(ServerQuestions):
    """Questions about calls, call objects, errors and status codes; mixed into `Facts`."""

    def is_own(self, kind: type[Value], name: str) -> bool:
        """Whether the program itself gives gRPC's objects of a kind an attribute, which the runtime's then have too."""
        return (kind, name) in self.state.assigned and not name.startswith("_") and name not in api.RUNTIME_ATTRIBUTES

    def may_have_own_context(self, module: Module, node: ast.AST) -> bool:
        """Whether the context around a node may be one of the program's own."""
        raise NotImplementedError

    def may_be_none(self, module: Module, node: ast.expr) -> bool:
        """Whether a type checker takes an expression for None too, so that asking it for a method is an error."""
        return may_be_none(self, module, node)

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

    def only_compared(self, module: Module, call: ast.Call) -> bool:
        """Whether `error.code()` is only compared with status codes, or handed to a context's abort or set_code."""
        parent = module.parents[call]
        if isinstance(parent, ast.Compare) and all(isinstance(op, _EQUALITY) for op in parent.ops):
            others = [node for node in (parent.left, *parent.comparators) if node is not call]
            return all(self._is_status(node) for node in others)
        return self._given_to_context(module, parent, call)

    def status_is_compared(self, module: Module, node: ast.AST) -> bool:
        """Whether a status code is only compared with the code of an error, or handed to a context."""
        parent = module.parents[node]
        if self._given_to_context(module, parent, node):
            return True
        side = node
        if isinstance(parent, ast.Tuple | ast.List | ast.Set):
            side, parent = parent, module.parents[parent]
        if not isinstance(parent, ast.Compare) or not all(isinstance(op, _EQUALITY) for op in parent.ops):
            return False
        others = [other for other in (parent.left, *parent.comparators) if other is not side]
        return bool(others) and all(self._is_status(other) for other in others)

    def _is_status(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return all(self._is_status(element) for element in node.elts)
        flat = {value.value if isinstance(value, Wrapped) else value for value in self.values(node)}
        return bool(flat) and all(isinstance(value, Status) for value in flat)

    def _given_to_context(self, module: Module, parent: ast.AST, node: ast.AST) -> bool:
        """Whether a code goes to the runtime's context alone, which takes any: a mock or a fake would show it."""
        if not isinstance(parent, ast.Call) or not parent.args or parent.args[0] is not node:
            return False
        if self.may_have_own_context(module, node):
            return False
        callees = self.values(parent.func)
        return bool(callees) and all(
            isinstance(value, Member) and isinstance(value.owner, Context) and value.name in ("abort", "set_code")
            for value in callees
        )


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
