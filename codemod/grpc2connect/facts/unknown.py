"""Attributes spelled like RPCs on objects of which nothing is known, be it that they come from modules not seen.

`stubs.greeter.SayHello(request)`, where `stubs` comes from a module that no file of the run is, may call a stub: that
module may pass on what the program itself makes, under a name that leads elsewhere. What is surely of a library (of
Python's own, required, or installed in the environment that is read) calls stubs of its own, if any.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grpc2connect.facts import classes
from grpc2connect.facts import references as refs
from grpc2connect.facts.annotations import is_type
from grpc2connect.facts.certainty import is_no_stub, takes_other_names
from grpc2connect.facts.kinds import Api, Instance, Package, StubsModule, Value, Values, Wrapped
from grpc2connect.facts.mocks import role_of_mock
from grpc2connect.schema import Kind
from grpc2connect.syntax.names import first_name

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Method
    from grpc2connect.syntax import Module

_LITERAL = (ast.Constant, ast.JoinedStr, ast.Dict, ast.Lambda)
"""What no call of a stub's method is given first: a request is a message, or an iterator of such."""


def unknown_rpc(facts: Facts, module: Module, node: ast.Attribute, values: Values) -> Iterator[refs.UnknownRpc]:
    """The reference that an attribute is if it is spelled like an RPC, and nothing is known of its object.

    No call stands in an annotation; a type there may well have the name of an RPC.
    """
    if node.attr not in facts.rpc_names or is_type(module, node):
        return
    if not _is_open(facts, values) or not _is_unknown(facts, module, node) or _is_of_a_class(facts, module, node):
        return
    methods, outside = facts.spelled(module, node.attr), False
    if not methods:
        outside = facts.unseen.is_asked_by(module)
        if outside:
            methods = facts.unseen.spelled(node.attr)
            if not _may_be_call(module, node, methods):
                return
        elif not _has_grpc(facts, module):
            return
    yield refs.UnknownRpc(
        facts, module, node, frozenset(), ("nothing is known of the object",), name=node.attr, methods=methods,
        called=called_at_once(module, node) is not None, mock=role_of_mock(module, node) == "mock", outside=outside,
    )  # fmt: skip


def called_at_once(module: Module, node: ast.Attribute) -> ast.Call | None:
    """The call of an attribute, by itself or by a variant of an RPC; None if it is not called where it stands."""
    func: ast.Attribute = node
    parent = module.parents[node]
    if isinstance(parent, ast.Attribute) and parent.attr in ("with_call", "future"):
        func, parent = parent, module.parents[parent]
    return parent if isinstance(parent, ast.Call) and parent.func is func else None


def _is_open(facts: Facts, values: Values) -> bool:
    """Whether nothing is known of an attribute, or no more than the unseen module that it comes from."""
    return all(facts.unseen.gives(value) for value in values)


def _is_unknown(facts: Facts, module: Module, node: ast.Attribute) -> bool:
    owner = facts.values(node.value)
    if is_no_stub(facts, module, node.value) or takes_other_names(facts, module, node):
        return False
    return all(isinstance(value, Wrapped) or _is_proxy(facts, value) or facts.unseen.gives(value) for value in owner)


def _is_proxy(facts: Facts, value: Value) -> bool:
    """Whether an object of the program answers to names that its class does not have."""
    return isinstance(value, Instance) and any(
        classes.lookup(facts.state, value.cls, name) for name in ("__getattr__", "__getattribute__")
    )


def _may_be_call(module: Module, node: ast.Attribute, methods: tuple[Method, ...]) -> bool:
    """Whether this may call a stub's method: all but aio calls of streams are given a request."""
    call = called_at_once(module, node)
    if call is None:
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not given:
        return any(method.kind in (Kind.STREAM_UNARY, Kind.STREAM_STREAM) for method in methods)
    return not isinstance(given[0], _LITERAL)


def _has_grpc(facts: Facts, module: Module) -> bool:
    """Whether a module imports something of gRPC's, or meets it otherwise."""
    aliases = (node for node in module.nodes if isinstance(node, ast.alias))
    return any(isinstance(value, Api | StubsModule) for alias in aliases for value in facts.values(alias))


def _is_of_a_class(facts: Facts, module: Module, node: ast.Attribute) -> bool:
    """Whether this names a constant of a library's class, `QtWidgets.QDialogButtonBox.Save`, and calls nothing.

    The name before the last dot is spelled like a class, comes from a library and is assigned nowhere.
    """
    owner, root = node.value, first_name(node)
    if not isinstance(owner, ast.Attribute) or root is None or called_at_once(module, node):
        return False
    importers = facts.importers(module, root)
    known = bool(importers) and all(_is_of_a_library(facts, module, alias) for alias in importers)
    return known and owner.attr[:1].isupper() and owner.attr not in facts.assigned_attributes


def _is_of_a_library(facts: Facts, module: Module, alias: ast.alias) -> bool:
    """Whether an import finds nothing of the program's."""
    node, names = module.parents[alias], [alias.name]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return False
        names = [node.module or "", f"{node.module}.{alias.name}"]
    found = [value for name in names for value in facts.program.resolve(module, name)]
    return all(isinstance(value, Package) for value in found)
