"""What looks like gRPC on a line, and is no reference: said with what it is instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.explain import wording
from grpc2connect.explain.chains import Chains
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    Call,
    Channel,
    Class,
    Context,
    Error,
    Function,
    Instance,
    Package,
    ProgramModule,
    Server,
    Stub,
    Value,
    Wrapped,
)
from grpc2connect.facts.provenance import first
from grpc2connect.results import Explained
from grpc2connect.syntax import Module

_GRPC = frozenset(
    {
        "grpc", "RpcError", "AioRpcError", "StatusCode", "insecure_channel", "secure_channel", "intercept_channel",
        "ServicerContext", "set_code", "set_details", "abort", "invocation_metadata", "with_call",
    }
)  # fmt: skip
_OBJECTS = Stub | Channel | Server | Context | Error | Call | Wrapped
_USUAL = frozenset({"stub", "channel", "context", "servicer"})


def absent(chains: Chains, module: Module, line: int) -> Iterator[Explained]:
    """The names on a line that are spelled like gRPC's, in the order of the text; each name once."""
    facts = chains.facts
    names = _telling(facts)
    seen = set()
    for node in sorted(_on(module, line), key=module.span):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name not in seen and (name in names or name.lower().strip("_") in _USUAL):
            seen.add(name)
            known: list[Value] = [value for value in first(facts.values(node)) if isinstance(value, _OBJECTS)]
            because = chains.of(node, known[0]) if known else ()
            yield Explained(module.place(node), module.source(node), _what(facts, node, known), because=because)


def _telling(facts: Facts) -> frozenset[str]:
    rpcs = {
        method.name
        for stubs in facts.program.schema.grpc_modules
        for service in stubs.services
        for method in service.methods
    }
    return frozenset(rpcs) | facts.generated_names | _GRPC


def _on(module: Module, line: int) -> Iterator[ast.Name | ast.Attribute]:
    for node in module.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and module.place_at(module.span(node).end - 1).line == line:
            yield node


def _what(facts: Facts, node: ast.Name | ast.Attribute, known: list[Value]) -> str:
    if known:
        return f"{wording.value(known[0])}, which is only named here"
    values = sorted(facts.values(node), key=repr)
    for value in values:
        if where := _where(value):
            return f"{where}, and nothing of gRPC's"
    if values:
        return " or ".join(dict.fromkeys(filter(None, map(wording.value, values)))) or "something of the program's own"
    if isinstance(node, ast.Attribute):
        for owner in sorted(facts.values(node.value), key=repr):
            if where := _where(owner):
                return f"an attribute of {where}, and nothing that is known to be gRPC's"
        return "an attribute of something of which nothing is known"
    return "a name to which nothing in the project gives anything of gRPC's"


def _where(value: Value) -> str:
    """A thing of the program's own, and where it is defined; empty if it is something else."""
    match value:
        case Class(module, node) | Function(module, node):
            return f"{wording.value(value)} of {_place(module, node)}"
        case Instance(cls):
            return f"{wording.value(value)} of {_place(cls.module, cls.node)}"
        case ProgramModule(module):
            return f"the module {module.path.name} of the project"
        case Package(dotted):
            return f"the package {dotted}, which is not grpc"
    return ""


def _place(module: Module, node: ast.AST) -> str:
    return f"{module.path.name}:{module.place(node).line}"
