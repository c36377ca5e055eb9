"""Generated modules that grpcio makes of a proto when the program runs: `grpc.protos_and_services("x.proto")`.

Source: grpcio 1.85 (`grpc/_runtime_protos.py`), grpcio-tools 1.85 (`grpc_tools/protoc.py`): the proto is looked for on
the import path, and modules that are there already are imported as they are.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts import references as refs
from grpc2connect.facts.kinds import MessagesModule, StubsModule, Values, Wrapped
from grpc2connect.facts.program import Program
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Module

if TYPE_CHECKING:
    from grpc2connect.facts.environment import Environment
    from grpc2connect.facts.facts import Facts

MESSAGES = "grpc.protos"
SERVICES = "grpc.services"
BOTH = "grpc.protos_and_services"
FUNCTIONS = frozenset({MESSAGES, SERVICES, BOTH})


def result(path: str, call: ast.Call, env: Environment) -> Values:
    """What a call of one of the functions gives; nothing if its proto is not found."""
    made = _made(env.program, env.module, call)
    if made is None:
        return frozenset()
    env.state.imports.add((env.module, made.key))
    stubs = StubsModule(made)
    messages = MessagesModule((made.dotted or "").removesuffix("_grpc"))
    if path == BOTH:
        return frozenset({Wrapped("tuple:0", messages), Wrapped("tuple:1", stubs)})
    return frozenset({messages if path == MESSAGES else stubs})


def reference(
    facts: Facts, module: Module, node: ast.expr, path: str, call: ast.Call | None
) -> refs.StubsAtRunTime | None:
    """The reference for a call of one of the functions; None if its proto is not found."""
    stubs = _made(facts.program, module, call) if call is not None else None
    if call is None or stubs is None:
        return None
    return refs.StubsAtRunTime(
        facts, module, node, frozenset(stubs.services), (path,), path=path, call=call, stubs=stubs,
        needless=_is_needless(facts, module, call, path),
    )  # fmt: skip


def is_named(facts: Facts, module: Module, node: ast.Name) -> bool:
    """Whether a name is surely what one of the functions gave, assigned once at the top of the module."""
    if facts.importers(module, node) or not any(isinstance(value, StubsModule) for value in facts.values(node)):
        return False
    return _assigned(module, node.id) is not None


def _made(program: Program, module: Module, call: ast.Call) -> GrpcModule | None:
    """The modules of the proto that a call names by a literal, as far as it is found where imports start."""
    if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], ast.Constant):
        return None
    name = call.args[0].value
    if not isinstance(name, str) or not name.endswith(".proto"):
        return None
    parts = name.removesuffix(".proto").split("/")
    # grpcio makes no module name of more folders than one.
    if len(parts) > 2 or not all(part.isidentifier() for part in parts):
        return None
    found = (program.schema.made_of(Path(root, name), name) for root in program.import_roots(module))
    return next((made for made in found if made is not None), None)


def _assigned(module: Module, name: str) -> ast.Assign | None:
    """The one assignment of a name in a module, if that is at its top and the value is a call."""
    stores = [
        node
        for node in module.nodes
        if (isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Global | ast.Nonlocal) and name in node.names)
        or (isinstance(node, ast.arg) and node.arg == name)
    ]
    if len(stores) != 1 or not isinstance(stores[0], ast.Name):
        return None
    statement = module.statement(stores[0])
    if not isinstance(statement, ast.Assign) or not isinstance(module.parents[statement], ast.Module):
        return None
    return statement if isinstance(statement.value, ast.Call) else None


def _is_needless(facts: Facts, module: Module, call: ast.Call, path: str) -> bool:
    """Whether nothing needs the module of services as a value: only names are taken of it, and only here."""
    statement = module.parents[call]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    match (path, statement.targets[0]):
        case (_, ast.Name(id=name)) if path == SERVICES:
            pass
        case (_, ast.Tuple(elts=[ast.Name(), ast.Name(id=name)])) if path == BOTH:
            pass
        case _:
            return False
    if _assigned(module, name) is not statement or _is_taken(facts, module, name):
        return False
    for node in module.nodes:
        if isinstance(node, ast.Constant) and node.value == name:
            return False
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            parent = module.parents[node]
            if not isinstance(parent, ast.Attribute) or not facts.values(parent):
                return False
    return True


def _is_taken(facts: Facts, module: Module, name: str) -> bool:
    """Whether another module takes a name of this one."""
    importers = [one for one, other in facts.state.imports if other is module and one is not module]
    return any(
        (isinstance(node, ast.alias) and node.name in (name, "*"))
        or (isinstance(node, ast.Attribute) and node.attr == name)
        for importer in importers
        if isinstance(importer, Module)
        for node in importer.nodes
    )
