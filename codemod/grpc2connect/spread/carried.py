"""What is found about a program, as bytes: in them, what the program is made of is named by its place in it.

Nodes, modules and services are told apart by identity, so whoever reads such bytes must get its own. That works where
the same program is: in the process that a worker was forked from, and in a later run over the same files.
"""

from __future__ import annotations

import ast
import io
import pickle
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.program import Program
from grpc2connect.facts.state import State
from grpc2connect.rules_api import Registry
from grpc2connect.schema import GrpcModule, Method, Schema, Service
from grpc2connect.syntax import Module

_WHOLE = (Program, State, Schema, Registry)
"""Nothing that is found may hold one of these."""
_PLAIN = frozenset({str, int, bool, bytes, tuple, list, dict, frozenset, set, type, type(None)})


class Refused(Exception):
    """Something that has no place in the program, though it is told apart by identity."""


class Carried:
    """Turns what was found about the modules of `facts` into bytes, and back."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._modules = facts.program.modules()
        self._stubs = facts.program.schema.grpc_modules
        self._numbers: dict[int, int] = {id(module): number for number, module in enumerate(self._modules)}
        self._of_stubs = {id(stubs): number for number, stubs in enumerate(self._stubs)}
        self._of_services: dict[int, tuple[int, int]] = {}
        self._of_methods: dict[int, tuple[int, int, int]] = {}
        for number, stubs in enumerate(self._stubs):
            for index, service in enumerate(stubs.services):
                self._of_services[id(service)] = number, index
                for place, method in enumerate(service.methods):
                    self._of_methods[id(method)] = number, index, place
        self._like = {stubs: number for number, stubs in enumerate(self._stubs)}
        self._known: dict[tuple[int, str], GrpcModule] = {}
        self._nodes: dict[int, tuple[int, int]] = {}
        self._indexed: set[int] = set()

    def dumps(self, found: object, near: Module) -> bytes:
        """The bytes of what was found about the module `near`. Raises `Refused`, or what `pickle` raises."""
        self._index(self._numbers[id(near)])
        stream = io.BytesIO()
        _Pickler(stream, self).dump(found)
        return stream.getvalue()

    def loads(self, data: bytes) -> Any:
        """What was found, about the program that is here."""
        return _Unpickler(io.BytesIO(data), self).load()

    def name(self, one: object) -> tuple[str | int, ...] | None:
        """The place of something in the program; None if it is not of the program."""
        if isinstance(one, ast.AST):
            return "node", *self._place(one)
        if isinstance(one, Module):
            return "module", self._numbers[id(one)]
        if isinstance(one, Service):
            service = self._of_services.get(id(one))
            return ("service", *service) if service else None
        if isinstance(one, Method):
            method = self._of_methods.get(id(one))
            return ("method", *method) if method else None
        if isinstance(one, GrpcModule):
            return self._name_of_stubs(one)
        if isinstance(one, Facts):
            return ("facts",)
        if isinstance(one, _WHOLE):
            raise Refused(type(one).__name__)
        return None

    def named(self, name: tuple[Any, ...]) -> Any:
        """What is at a place."""
        match name:
            case "node", module, index:
                return self._modules[module].nodes[index]
            case "module", number:
                return self._modules[number]
            case "service", stubs, index:
                return self._stubs[stubs].services[index]
            case "method", stubs, index, place:
                return self._stubs[stubs].services[index].methods[place]
            case "stubs", number:
                return self._stubs[number]
            case "before", number, dotted:
                return self._before(number, dotted)
        return self._facts

    def _name_of_stubs(self, stubs: GrpcModule) -> tuple[str | int, ...]:
        number = self._of_stubs.get(id(stubs))
        if number is not None:
            return "stubs", number
        like = self._like.get(stubs)
        if like is None:
            raise Refused(stubs.key)
        return "before", like, stubs.dotted or ""

    def _before(self, number: int, dotted: str) -> GrpcModule:
        """A generated module as it was when less was known of how it is imported; the same one each time."""
        return self._known.setdefault((number, dotted), replace(self._stubs[number], dotted=dotted or None))

    def _index(self, number: int) -> Mapping[int, tuple[int, int]]:
        if number not in self._indexed:
            self._indexed.add(number)
            for index, node in enumerate(self._modules[number].nodes):
                self._nodes[id(node)] = number, index
        return self._nodes

    def _place(self, node: ast.AST) -> tuple[int, int]:
        for number in range(len(self._modules)):
            if id(node) in self._nodes:
                break
            self._index(number)
        place = self._nodes.get(id(node))
        if place is None:
            raise Refused(ast.dump(node))  # of an annotation in a string
        return place


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, carried: Carried) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self._carried = carried

    def persistent_id(self, one: object) -> tuple[str | int, ...] | None:
        return None if type(one) in _PLAIN else self._carried.name(one)


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, carried: Carried) -> None:
        super().__init__(stream)
        self._carried = carried

    def persistent_load(self, name: tuple[Any, ...]) -> Any:
        return self._carried.named(name)
