"""The cases, from the docstrings of the program's handlers and probes, which are read and not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.semantics.program import SOURCE

FOLDER = SOURCE / "probes"
# Modules of handlers by service, and of probes by group.
SERVICES = ("ends", "streams", "metadata", "life", "front", "guarded")
GROUPS = {"interop": "interop", "calls": "call", "channels": "channel", "interceptors": "interceptor"}


@dataclass(frozen=True)
class Case:
    """One case: its name, as the clients write it, whose it is, and what it shows."""

    name: str
    flavours: tuple[str, ...]
    text: str


MISSING = tuple(
    Case(name, ("sync", "aio"), f"A method of {kind} that a servicer does not have: UNIMPLEMENTED.")
    for name, kind in (
        ("Ends/NotOverridden", "one request and one response"),
        ("Streams/NotOverridden", "a stream of responses"),
        ("Streams/CollectNotOverridden", "a stream of requests"),
        ("Guarded/NotOverridden", "a server with interceptors"),
    )
)


def handlers() -> list[Case]:
    """Cases of handlers: each handler of a service says what grpc-python makes of it."""
    found: dict[str, Case] = {}
    for service in SERVICES:
        for flavour in ("sync", "aio"):
            for owner, function in _methods(f"{flavour}_{service}.py"):
                name = f"{owner.removeprefix('Aio')}/{function.name}"
                earlier = found.get(name)
                flavours = (*earlier.flavours, flavour) if earlier else (flavour,)
                text = earlier.text if earlier else ast.get_docstring(function) or ""
                found[name] = Case(name, flavours, text)
    return [*(case for case in found.values() if not case.name.startswith("JournalService/")), *MISSING]


def probes() -> list[Case]:
    """Cases of clients: each probe says what it shows."""
    found: dict[str, Case] = {}
    for group, module in GROUPS.items():
        for flavour in ("sync", "aio"):
            for function in _listed(f"{flavour}_{module}_cases.py"):
                name = f"{group}/{function.name}"
                earlier = found.get(name)
                flavours = (*earlier.flavours, flavour) if earlier else (flavour,)
                found[name] = Case(name, flavours, earlier.text if earlier else ast.get_docstring(function) or "")
    return list(found.values())


def _tree(name: str) -> ast.Module:
    return ast.parse((FOLDER / name).read_text(encoding="utf-8"))


def _methods(name: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for owner in _tree(name).body:
        if isinstance(owner, ast.ClassDef):
            for node in owner.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    yield owner.name, node


def _listed(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that a module names in its tuples of cases, in that order."""
    tree = _tree(name)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            for element in node.value.elts:
                if isinstance(element, ast.Name) and element.id in functions:
                    yield functions[element.id]
