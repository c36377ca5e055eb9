"""Which calls in a `try` can raise the error that is caught."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grpc2connect.explain.wording import function_name, rpc, source
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Call, Function, Rpc, RpcVariant
from grpc2connect.results import Step
from grpc2connect.syntax import Module

MOST = 8
"""How many calls are named."""


Tried = ast.Try | ast.TryStar | ast.With | ast.AsyncWith


def tried(module: Module, node: ast.AST) -> Tried | None:
    """The `try` in whose `except` clause, or the `with` among whose managers (`raises`), an error's class stands."""
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Try | ast.TryStar):
            return parent if child in parent.handlers else None
        if isinstance(parent, ast.With | ast.AsyncWith):
            return parent if child in parent.items else None
        if isinstance(parent, ast.stmt):
            return None
        child = parent
    return None


def raisers(facts: Facts, module: Module, tried: Tried) -> Iterator[Step]:
    """The calls of RPCs in what is tried, and the calls of functions of the program that lead to some."""
    found = list(dict.fromkeys(step for steps in _in(facts, module, tried.body, set()) for step in steps))
    yield from found[:MOST]
    if len(found) > MOST:
        yield Step(f"and {len(found) - MOST} more")
    if not found:
        yield Step("no call of an RPC is known in what is tried here", module.place(tried))


def _in(facts: Facts, module: Module, body: Sequence[ast.AST], seen: set[ast.AST]) -> Iterator[list[Step]]:
    """For each thing that can raise: itself, or the call that leads to it and what that leads to."""
    for node in (node for part in body for node in _run(part)):
        text = _raises(facts, node)
        if text:
            yield [Step(f"{source(module, node)} can raise it: {text}", module.place(node))]
        elif isinstance(node, ast.Call):
            callees = {value.node: value for value in facts.values(node.func) if isinstance(value, Function)}
            for callee, function in sorted(callees.items(), key=lambda item: repr(item[1])):
                if callee in seen:
                    continue
                seen.add(callee)
                inner = [callee.body] if isinstance(callee, ast.Lambda) else callee.body
                beyond = next(_in(facts, function.module, inner, seen), None)
                if beyond is not None:
                    name = function_name(function.module, callee)
                    yield [Step(f"{source(module, node)} calls {name}()", module.place(node)), *beyond]


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of some code in the order of the text, without those of functions that it defines."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _run(child)


def _raises(facts: Facts, node: ast.AST) -> str:
    """Which RPC an expression waits for; empty if it is known to wait for none."""
    if isinstance(node, ast.Call):
        for value in sorted(facts.values(node.func), key=repr):
            called = value.rpc if isinstance(value, RpcVariant) else value
            if isinstance(called, Rpc):
                return rpc(called.service, called.method)
    waited = {ast.For: "iter", ast.AsyncFor: "iter", ast.comprehension: "iter", ast.Await: "value"}
    child = getattr(node, waited.get(type(node), ""), None)
    if isinstance(child, ast.Name | ast.Attribute) and isinstance(node, ast.Await):
        for value in sorted(facts.values(child), key=repr):
            if isinstance(value, Call):
                return rpc(value.service, value.method)
    return ""
