"""Channels that a client with a transport of its own can take the place of, by a person's choice (`native`).

Such a channel is made in one place of a plain `host:port`, without options, to make stubs on it and to be closed; its
stubs are only called. What the inference does not follow, what goes anywhere else, and what a test may replace is no
such channel.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import literals
from grpc2connect.facts.kinds import Api, Channel, Site, Stub, Value, unwrapped
from grpc2connect.facts.scopes import Scope, all_parameters, bindings, own_nodes
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module

_PATHS = {"grpc.insecure_channel": False, "grpc.aio.insecure_channel": True}
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+:\d{1,5}|\[[0-9A-Fa-f:.]+\]:\d{1,5}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)|[/,%@?#]")
_CANCELLING = frozenset(
    {
        "wait_for", "timeout", "timeout_at", "TaskGroup", "cancel", "create_task", "ensure_future", "gather", "wait",
        "as_completed", "create_task_group", "move_on_after", "fail_after", "move_on_at", "fail_at", "start_soon",
        "open_nursery", "run_coroutine_threadsafe",
    }
)  # fmt: skip
_OF_CALLS = frozenset(
    {
        "trailing_metadata", "initial_metadata", "debug_error_string", "grpc_error_string", "InactiveRpcError",
        "MultiThreadedRendezvous", "Rendezvous",
    }
)  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class NativeChannel:
    """What is done with such a channel.

    `call` makes it, of `target`; `stubs` are the calls that make stubs on it, `rpcs` the methods of these that are
    called, `closings` where it is closed. All of them become native, or none.
    """

    call: ast.Call
    target: ast.expr
    aio: bool
    stubs: tuple[ast.Call, ...]
    rpcs: tuple[ast.Attribute, ...]
    closings: tuple[ast.Attribute, ...]

    @property
    def together(self) -> tuple[ast.AST, ...]:
        """The nodes of all references that become native with it."""
        return (self.call.func, *self.stubs, *self.rpcs, *self.closings)


class NativeChannels:
    """Knows the channels of a program that clients can do without."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def of(self, node: ast.AST) -> NativeChannel | None:
        """The channel that a callee, the call of a stub's class, or a method of a channel belongs to, if it is such."""
        return self._by_node.get(node)

    @cached_property
    def _by_node(self) -> dict[ast.AST, NativeChannel]:
        found: dict[ast.AST, NativeChannel] = {}
        for value in sorted((one for one in self._places if isinstance(one, Channel)), key=repr):
            if (channel := self._channel(value)) is not None:
                found |= dict.fromkeys((channel.call.func, *channel.stubs, *channel.closings), channel)
        return found

    @cached_property
    def _places(self) -> dict[Value, list[tuple[Module, ast.AST]]]:
        """Where each channel and stub can be, by itself or in something."""
        found: dict[Value, list[tuple[Module, ast.AST]]] = {}
        for module in self._facts.program.modules():
            for node in self._facts.state.values.keys() & module.parents.keys():
                for value in self._facts.values(node):
                    inner = unwrapped(value)
                    if isinstance(inner, Channel | Stub):
                        found.setdefault(inner, []).append((module, node))
        return found

    @cached_property
    def _serving(self) -> frozenset[object]:
        """The parts of the program that have handlers: those tell an error of a call from one of their own."""
        return frozenset(
            self._facts.component_by_hand(handler.module) for handler in self._facts.state.handlers.values()
        )

    @cached_property
    def _cancelling(self) -> frozenset[object]:
        """The parts of the program that may cancel tasks: a call of connectrpc's then raises an error of its own."""
        return self._naming(_CANCELLING)

    @cached_property
    def _reading(self) -> frozenset[object]:
        """The parts of the program that ask an error, or a call, for what only the runtime's know."""
        return self._naming(_OF_CALLS)

    def _naming(self, names: frozenset[str]) -> frozenset[object]:
        return frozenset(
            self._facts.component_by_hand(module)
            for module in self._facts.program.modules()
            for node in module.nodes
            if (isinstance(node, ast.Name) and node.id.lstrip("_") in names)
            or (isinstance(node, ast.Attribute) and node.attr.lstrip("_") in names)
        )

    @cached_property
    def _unknown_attributes(self) -> frozenset[str]:
        """The names of attributes that are read from objects of which nothing is known."""
        nodes = (node for module in self._facts.program.modules() for node in module.nodes)
        return frozenset(
            node.attr for node in nodes if isinstance(node, ast.Attribute) and not self._facts.values(node.value)
        )

    def _channel(self, value: Channel) -> NativeChannel | None:
        made = [(module, node) for module, node in self._places[value] if _is_made_at(module, node, value.site)]
        if len(made) != 1:
            return None
        module, call = made[0]
        assert isinstance(call, ast.Call)
        part = self._facts.component_by_hand(module)
        if part in self._reading or self._facts.makes_errors(module):
            return None
        if part in self._serving or (value.aio and part in self._cancelling) or module.comment_in(module.span(call)):
            return None
        places = sorted(self._places[value], key=lambda place: (str(place[0].path), place[0].span(place[1])))
        target = self._target(module, call)
        if target is None:
            return None
        stubs: list[ast.Call] = []
        closings: list[ast.Attribute] = []
        for where, node in places:
            if where is not module or self._facts.values(node) != {value}:
                return None
            if not self._is_kept(module, node, stubs, closings, made=node is call):
                return None
        if not stubs or not all(self._reads_the_same(module, call, stub, target) for stub in stubs):
            return None
        rpcs: list[ast.Attribute] = []
        for stub in stubs:
            values = self._facts.values(stub)
            if len(values) != 1 or not self._only_called(next(iter(values)), rpcs):
                return None
        return NativeChannel(call, target, value.aio, tuple(stubs), tuple(rpcs), tuple(closings))

    def _target(self, module: Module, call: ast.Call) -> ast.expr | None:
        """The target of a channel that is made of nothing else, if it can be a plain `host:port`."""
        paths = {value.path for value in self._facts.values(call.func) if isinstance(value, Api)}
        given = self._facts.arguments(call)
        if not paths <= _PATHS.keys() or len(given) != 1:
            return None
        target = given.get(0, given.get("target"))
        match target:
            case ast.Constant(value=str(text)):
                return target if _PLAIN.fullmatch(text) else None
            case ast.Name():
                pass
            case ast.JoinedStr(values=parts):
                names = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
                written = module.source(target)
                one = written[:2] in ('f"', "f'") and written.count(written[1]) == 2  # not of several texts
                if not one or not all(isinstance(name, ast.Name) for name in names):
                    return None
            case _:
                return None
        texts = list(literals.texts(module, target))
        return None if any(_SCHEME.search(text) for text in texts if text != ":") else target

    def _is_kept(
        self, module: Module, node: ast.AST, stubs: list[ast.Call], closings: list[ast.Attribute], *, made: bool
    ) -> bool:
        """Whether a channel is only named, made, closed or given to a stub's class at a place."""
        parent = module.parents[node]
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node, ast.Attribute):
                return self._is_own_attribute(node)
            return isinstance(parent, ast.Assign | ast.withitem)
        match parent:
            case ast.Assign(targets=[ast.Name() | ast.Attribute()], value=value):
                return value is node and made
            case ast.withitem(context_expr=expression, optional_vars=None | ast.Name()):
                return expression is node and (made or parent.optional_vars is None)
            case ast.Attribute(attr="close") if not made:
                call = module.parents[parent]
                closings.append(parent)
                return isinstance(call, ast.Call) and call.func is parent and not call.args and not call.keywords
            case ast.keyword(arg="channel"):
                return self._is_stub(module, module.parents[parent], stubs)
            case ast.Call(args=[argument]):
                return argument is node and self._is_stub(module, parent, stubs)
        return False

    def _is_own_attribute(self, node: ast.Attribute) -> bool:
        """Whether an attribute of `self` is read nowhere but where it is known whose it is."""
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        return own and node.attr not in self._unknown_attributes

    def _is_stub(self, module: Module, call: ast.AST, stubs: list[ast.Call]) -> bool:
        if not isinstance(call, ast.Call) or len(call.args) + len(call.keywords) != 1:
            return False
        stubs.append(call)
        if module.comment_in(module.span(call)):
            return False
        return any(isinstance(value, Stub) for value in self._facts.values(call))

    def _only_called(self, stub: Value, rpcs: list[ast.Attribute]) -> bool:
        """Whether the methods of a stub are all that is used of it, wherever it goes; notes these."""
        from grpc2connect.facts.escapes import escapes

        if not isinstance(stub, Stub) or stub.aio is None:
            return False
        for module, node in self._places[stub]:
            if stub not in self._facts.values(node):
                return False  # in a container
            parent = module.parents[node]
            if isinstance(node, ast.arg):
                continue
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node, ast.Attribute) and not self._is_own_attribute(node):
                    return False
                continue
            match parent:
                case ast.Attribute(attr=name, ctx=ast.Load()) if stub.service.method(name) is not None:
                    rpcs.append(parent)
                case ast.Assign(targets=[ast.Name() | ast.Attribute()]):
                    pass
                case ast.Call() | ast.keyword() if isinstance(node, ast.expr):
                    if (isinstance(parent, ast.Call) and parent.func is node) or escapes(self._facts, module, node):
                        return False
                case _:
                    return False
        return True

    def _reads_the_same(self, module: Module, call: ast.Call, stub: ast.Call, target: ast.expr) -> bool:
        """Whether a target means the same where a stub is made as where its channel is made."""
        names = [node.id for node in walk(target) if isinstance(node, ast.Name)]
        if not names:
            return True
        function = module.enclosing(call, *_FUNCTIONS)
        if function is not module.enclosing(stub, *_FUNCTIONS):
            return False
        return all(self._is_bound_once(module, function, name) for name in names)

    def _is_bound_once(self, module: Module, function: ast.AST | None, name: str) -> bool:
        """Whether a name, as a function sees it, is bound once: by a parameter or an assignment."""
        inside = list(_bindings(function, name)) if isinstance(function, _FUNCTIONS) else []
        if inside:
            return len(inside) == 1
        elsewhere = any(isinstance(node, ast.Global | ast.Nonlocal) and name in node.names for node in module.nodes)
        return not elsewhere and len(list(_bindings(module.tree, name))) == 1


def _bindings(scope: Scope, name: str) -> Iterator[ast.AST]:
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        yield from (argument for argument in all_parameters(scope) if argument.arg == name)
    yield from (node for node in own_nodes(scope) if name in bindings(node))


def _is_made_at(module: Module, node: ast.AST, site: Site | None) -> bool:
    return isinstance(node, ast.Call) and site == Site(str(module.path), module.span(node).start)
