"""What a migration changes for those who call a library: `public = ["pkg.api"]` names the modules that they import.

A public function there that takes, returns or yields what is gRPC's, or lets a failed call's error out, is a contract
with code that is not here. Each is reported; with `public-api = "hold"` the services behind it stay on gRPC, so that
callers go on passing a `grpc.Channel` and catching `grpc.RpcError`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Api, Class, MessagesModule, StubsModule, Value, is_grpc
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import RpcUse, Servicer
from grpc2connect.results import Finding, Severity
from grpc2connect.syntax import Module

CODE = "G2C023"
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_WHY = "part of the public API: its callers, which are not here, see gRPC"


@dataclass(frozen=True)
class Contract:
    """One thing that callers see of a public name, and the references behind it."""

    module: Module
    node: ast.AST
    what: str
    advice: str
    references: tuple[Reference, ...] = ()

    def finding(self) -> Finding:
        """What is reported."""
        return Finding(CODE, self.module.place(self.node), self.what, self.advice, Severity.WARNING)


def contracts(facts: Facts, references: Iterable[Reference], public: tuple[str, ...]) -> list[Contract]:
    """The contracts of the public modules, in the order of files and places."""
    by_module: dict[Module, list[Reference]] = {}
    for reference in references:
        by_module.setdefault(reference.module, []).append(reference)
    found: list[Contract] = []
    for module, own in by_module.items():
        if any(_is(module, name) for name in public):
            found.extend(_of_module(facts, module, own))
    return found


def held(found: Iterable[Contract]) -> dict[str, str]:
    """The services (full names), and files without any, behind some contracts, with the reason why they stay."""
    stay: dict[str, str] = {}
    for contract in found:
        for reference in contract.references:
            names = [service.full_name for service in reference.units if service.name]
            stay.update(dict.fromkeys(names or [str(reference.module.path)], _WHY))
    return stay


def _is(module: Module, public: str) -> bool:
    """Whether a module is a public one, or lies in a public package."""
    return f".{module.name}.".endswith(f".{public}.") or f".{public}." in f".{module.name}."


def _of_module(facts: Facts, module: Module, references: list[Reference]) -> Iterator[Contract]:
    servicers = {one.node for one in references if isinstance(one, Servicer)}
    for name, node in _public(module.tree.body):
        around = module.enclosing(node, ast.ClassDef)
        if around is not None and any(_within(module, one, around) for one in servicers):
            continue  # said of the class
        inside = tuple(one for one in references if _within(module, one.node, node))
        if isinstance(node, ast.ClassDef):
            yield from _of_class(module, name, node, inside)
        else:
            yield from _of_function(facts, module, name, node, inside)


def _public(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | _FunctionNode]]:
    """The public functions and classes of a module, and the public methods of those classes."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _public([*node.body, *node.orelse], prefix)
        elif isinstance(node, ast.ClassDef | _FunctionNode):
            special = node.name.startswith("__") and node.name.endswith("__")
            if node.name.startswith("_") and not (prefix and special):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{prefix}{node.name}.")


def _within(module: Module, node: ast.AST, outer: ast.AST) -> bool:
    return node is outer or any(parent is outer for parent in module.ancestors(node))


def _of_class(module: Module, name: str, node: ast.ClassDef, inside: tuple[Reference, ...]) -> Iterator[Contract]:
    servicers = tuple(one for one in inside if isinstance(one, Servicer))
    if servicers:
        what = f"public class `{name}` is a servicer: its base and the names of its handlers change"
        yield Contract(module, node, what, "who derives from it or calls its handlers has to move with it", servicers)


def _of_function(
    facts: Facts, module: Module, name: str, node: _FunctionNode, inside: tuple[Reference, ...]
) -> Iterator[Contract]:
    state, arguments = facts.state, node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        for kind in _kinds(state.cells.get((node, argument.arg), frozenset())):
            what = f"public `{name}` takes a {kind} as `{argument.arg}`: callers hand over gRPC's"
            advice = "callers may have to hand over the runtime's, and to catch ConnectError; or hold it"
            yield Contract(module, argument, what, advice, inside)
    for kind in _kinds(state.returns.get(node, frozenset()) | state.yields.get(node, frozenset())):
        what = f"public `{name}` returns a {kind}: callers get the runtime's or connectrpc's"
        yield Contract(module, node, what, "callers have to move with it, or hold it", inside)
    calls = [one for one in inside if isinstance(one, RpcUse) and not _is_caught(module, one.node, node)]
    if calls:
        what = f"public `{name}` lets the error of a failed call out: a ConnectError, no longer a grpc.RpcError"
        advice = "callers have to catch ConnectError, or hold it"
        yield Contract(module, calls[0].node, what, advice, tuple(calls))


def _kinds(values: Iterable[Value]) -> list[str]:
    plain = Api | StubsModule | MessagesModule | Class
    return sorted({type(one).__name__.lower() for one in values if is_grpc(one) and not isinstance(one, plain)})


def _is_caught(module: Module, node: ast.AST, function: ast.AST) -> bool:
    """Whether a call stands in a `try` of its function that catches something and never raises it again."""
    child = node
    for parent in module.ancestors(node):
        if parent is function:
            return False
        if isinstance(parent, ast.Try) and parent.handlers and isinstance(child, ast.stmt) and child in parent.body:
            return not any(isinstance(one, ast.Raise) for handler in parent.handlers for one in ast.walk(handler))
        child = parent
    return False
