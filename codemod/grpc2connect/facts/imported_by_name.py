"""Generated modules that a program asks for by texts: `import_module(f"{name}_pb2_grpc")`, `import_module(NAMES[one])`.

What is written out as one text at the call is told by `facts/dynamic.py`; here is what comes there by names, is put
together, or is given by others.

Source: Python's `importlib.import_module`, `__import__`, `getattr`.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from grpc2connect.facts import literals
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module

_POSITIONS = {"import_module": 0, "__import__": 0, "getattr": 1}
_WRITTEN = re.compile(r"\w_pb2_grpc[\"']")
_PART = re.compile(r"_grpc$|_pb2")
"""The end of the name of a generated module, or what stands in the middle of one that is put together."""


def imported_by_name(facts: Facts, module: Module, call: ast.Call) -> tuple[ast.expr, frozenset[Service]] | None:
    """The expression by which a call asks for generated modules, and the services that these may have."""
    name = last_name(call.func)
    position = _POSITIONS.get(name)
    if position is None or len(call.args) <= position or isinstance(call.args[position], ast.Constant):
        return None
    asked = call.args[position]
    texts = set(literals.texts_and_parts(module, asked))
    known = {service for text, _ in texts for service in _services(facts, text)}
    if not known and any(_PART.search(text) if part else text.endswith("_grpc") for text, part in texts):
        known = {service for stubs in facts.program.schema.grpc_modules for service in stubs.services}
    if not known and position == 0 and not _is_written_out(module, asked):
        spelled = {text for one in facts.program.modules() for text in _spelled(one)}
        known = {service for text in spelled for service in _services(facts, text)}
    return (asked, frozenset(known)) if known else None


def _services(facts: Facts, text: str) -> frozenset[Service]:
    """The services of the generated modules that a text names."""
    last = text.rpartition(".")[2]
    return frozenset(
        service
        for stubs in facts.program.schema.grpc_modules
        if last and (stubs.dotted or "").rpartition(".")[2] == last
        for service in stubs.services
    )


def _is_written_out(module: Module, node: ast.expr) -> bool:
    """Whether all texts that can come to an expression stand in its module."""
    names = {child.id for child in walk(node) if isinstance(child, ast.Name)}
    others = (ast.Attribute, ast.Call, ast.Await, ast.Yield)
    return all(literals.is_bound(module, name) for name in names) and not any(
        isinstance(child, others) for child in walk(node)
    )


@lru_cache(maxsize=4096)
def _spelled(module: Module) -> frozenset[str]:
    """The names of generated modules that stand in a module as texts, but for what it exports."""
    if not _WRITTEN.search(module.text):
        return frozenset()
    return frozenset(
        str(node.value)
        for node in module.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_exported(module, node)
    )


def _is_exported(module: Module, node: ast.Constant) -> bool:
    """Whether a text stands in `__all__`."""
    statement = module.statement(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
