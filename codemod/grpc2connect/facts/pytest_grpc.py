"""The fixtures of pytest-grpc, which programs ask for and never import: its plugin is loaded by its entry point.

A program says what is served by a fixture `grpc_add_to_server`, and what asks it by one `grpc_stub_cls`; the plugin has
the others.

Source: pytest-grpc 0.8, `pytest_grpc/plugin.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from grpc2connect.facts import classes
from grpc2connect.facts.kinds import NOTHING, Api, Channel, Server, Stub, StubClass, Values
from grpc2connect.facts.state import State
from grpc2connect.syntax import Module

REGISTRATION = "grpc_add_to_server"
STUB_CLASS = "grpc_stub_cls"
_SERVER = "grpc_server"
_PROVIDED = frozenset({"grpc_channel", "grpc_create_channel", "grpc_stub", _SERVER})


def provided(state: State, name: str, ask: Callable[[str], Values]) -> Values:
    """What the plugin's fixture of a name gives; nothing where the program has that fixture, or a server of its own.

    `ask` says what a fixture of the program gives.
    """
    if name not in _PROVIDED or state.asked(name) or state.asked(_SERVER):
        return NOTHING
    if not state.asked(REGISTRATION) and not state.asked(STUB_CLASS):
        return NOTHING
    channel = Channel(False, None)
    match name:
        case "grpc_channel":
            return frozenset({channel})
        case "grpc_create_channel":
            return frozenset({Api("grpc.insecure_channel")})
        case "grpc_stub":
            stubs = [Stub(value.service, False, None) for value in ask(STUB_CLASS) if isinstance(value, StubClass)]
            for stub in stubs:
                state.link(stub, channel)
            return frozenset(stubs)
    return frozenset({Server(False, None)})


def is_registration(state: State, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is the fixture that says what the plugin serves."""
    asked = isinstance(node, ast.FunctionDef) and classes.fixture_name(node) == REGISTRATION
    return asked and _SERVER not in state.fixtures


def async_askers(modules: Iterable[Module]) -> list[str]:
    """The async functions that ask for the plugin's stub: theirs is of another plugin, for `grpc.aio`."""
    return [
        node.name
        for module in modules
        for node in module.nodes
        if isinstance(node, ast.AsyncFunctionDef)
        and any(argument.arg == "grpc_stub" for argument in (*node.args.args, *node.args.kwonlyargs))
    ]


def is_stub_class(module: Module, node: ast.AST) -> bool:
    """Whether a node stands in the fixture that says which stub the plugin makes, on a sync channel."""
    function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(function, ast.FunctionDef) and classes.fixture_name(function) == STUB_CLASS
