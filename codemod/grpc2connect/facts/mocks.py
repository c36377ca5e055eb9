"""Objects that tests put where a stub goes, without a class that says so: mocks, and stubs with a replaced method.

A mock answers to any name, so what tells which names it is asked for is the test: `stub.SayHello.side_effect = error`,
`stub.SayHello = AsyncMock()`, `Mock(SayHello=...)`, `call.SayHello(request)`. A call that can reach one must go on
calling it by the name of the RPC, with gRPC's arguments, which the test may look at.

Source: unittest.mock (Python 3.14).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Package, Stub, StubClass
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module

_CHECKS = ("called", "called_once", "called_with", "called_once_with", "any_call", "has_calls", "not_called")
_AWAITS = ("awaited", "awaited_once", "awaited_with", "awaited_once_with", "any_await", "has_awaits", "not_awaited")
_OF_MOCKS = frozenset(
    {
        "return_value", "side_effect", "called", "call_count", "call_args", "call_args_list", "method_calls",
        "mock_calls", "await_count", "await_args", "await_args_list", "reset_mock", "configure_mock", "attach_mock",
        *(f"assert_{check}" for check in (*_CHECKS, *_AWAITS)),
    }
)  # fmt: skip
_VARIANTS = frozenset({"future", "with_call"})
_MAKERS = re.compile(r"(Mock|create_autospec|patch)$")
_KEY = re.compile(r"(\w+)\.(\w+)")
_REPLACES = frozenset({"setattr", "delattr", "object"})


def role_of_mock(module: Module, node: ast.Attribute) -> str:
    """What a test does with `stub.SayHello`: replaces it, asks it for what only a mock has, or replaces a "part" of it.

    "mock" for the first two (`stub.SayHello.assert_called()`), "" for none.
    """
    if isinstance(node.ctx, ast.Store):
        return "mock"
    parent = module.parents[node]
    while isinstance(parent, ast.Attribute) and parent.attr in _VARIANTS and isinstance(parent.ctx, ast.Load):
        parent = module.parents[parent]
    if not isinstance(parent, ast.Attribute):
        return ""
    if parent.attr in _OF_MOCKS:
        return "mock"
    return "part" if isinstance(parent.ctx, ast.Store) else ""


def is_spec(module: Module, node: ast.expr) -> bool:
    """Whether a class is only what a mock is made like: `create_autospec(GreeterStub)`, `Mock(spec=GreeterStub)`."""
    parent = module.parents[node]
    keyword = isinstance(parent, ast.keyword) and parent.arg in ("spec", "spec_set", "autospec")
    call = module.parents[parent] if keyword else parent
    if not isinstance(call, ast.Call):
        return False
    name = last_name(call.func)
    first = bool(call.args) and call.args[0] is node and name != "patch"
    return bool(_MAKERS.search(name)) and (keyword or first)


class Mocks:
    """Knows which RPCs and services tests replace on stubs."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def answer(self, module: Module, name: str, services: frozenset[Service]) -> bool:
        """Whether a call of an RPC, in the part of the program that a module is in, may reach what a test put there."""
        part = self._facts.component(module)
        return self.any_of(services) or (part, name) in self._names

    def any_of(self, services: frozenset[Service]) -> bool:
        """Whether tests may replace the stubs of some of these services, or the channels that those are made on."""
        return bool(services & self._services)

    @cached_property
    def _services(self) -> frozenset[Service]:
        """The services of which any RPC may be replaced."""
        modules = self._facts.program.modules()
        found = {service for module in modules for node in module.nodes for service in self._of(module, node)}
        return self._facts.patches.services | found

    def _of(self, module: Module, node: ast.AST) -> Iterator[Service]:
        if isinstance(node, ast.Name | ast.Attribute) and is_spec(module, node):
            yield from (value.service for value in self._facts.values(node) if isinstance(value, StubClass))
        elif (stub := _asked_by_name(module, node)) is not None:
            replaced = isinstance(node, ast.Call) and _is_computed(node) and last_name(node.func) in _REPLACES
            for value in self._facts.values(stub):
                # By a name in lower case the client has its own method, with other arguments.
                if isinstance(value, Stub) and (
                    replaced or any(m.name == m.python_name for m in value.service.methods)
                ):
                    yield value.service

    @cached_property
    def _names(self) -> frozenset[tuple[object, str]]:
        return frozenset(
            (self._facts.component(module), name)
            for module in self._facts.program.modules()
            for node in module.nodes
            for name in self._named(module, node)
            if name in self._facts.all_rpc_names
        )

    def _named(self, module: Module, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Attribute(attr=name):
                if name in self._facts.all_rpc_names and self._is_replaced(module, node):
                    yield name
            case ast.Call(args=[_, ast.Constant(value=str(name)), *_]) if last_name(node.func) in _REPLACES:
                yield name
            case ast.Call(keywords=keywords) if (
                _MAKERS.search(last_name(node.func)) or last_name(node.func) == "SimpleNamespace"
            ):
                yield from (keyword.arg for keyword in keywords if keyword.arg)
            case ast.Constant(value=str(text)) if (found := _KEY.fullmatch(text)) and found[2] in _OF_MOCKS:
                yield found[1]

    def _is_replaced(self, module: Module, node: ast.Attribute) -> bool:
        if isinstance(node.ctx, ast.Load):
            expected = any(
                isinstance(value, Package) and value.dotted.endswith("mock.call")
                for value in self._facts.values(node.value)
            )
            return expected or bool(role_of_mock(module, node))
        if isinstance(node.ctx, ast.Del):
            return False
        # A lower-case name is that of too many other things; on what is surely a stub it is the RPC's.
        return not node.attr.islower() or any(isinstance(value, Stub) for value in self._facts.values(node.value))


def _asked_by_name(module: Module, node: ast.AST) -> ast.expr | None:
    """What is asked for an attribute by a text, or for an RPC of which a part is replaced."""
    if isinstance(node, ast.Attribute):
        return node.value if role_of_mock(module, node) == "part" else None
    if isinstance(node, ast.Call) and len(node.args) > 1 and last_name(node.func) in _REPLACES | {"getattr", "hasattr"}:
        return node.args[0]
    return None


def _is_computed(node: ast.Call) -> bool:
    return not isinstance(node.args[1], ast.Constant)
