"""Chains of facts as steps: from a value at an expression back to generated code, or to grpc itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from grpc2connect.explain import wording
from grpc2connect.explain.wording import function_name, source
from grpc2connect.facts import classes
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    Adder,
    Api,
    Call,
    Channel,
    Class,
    Context,
    Credentials,
    Error,
    Function,
    Instance,
    Server,
    ServicerBase,
    Stub,
    StubClass,
    StubsModule,
    Value,
    Wrapped,
    unwrapped,
)
from grpc2connect.facts.provenance import Fact, Trace
from grpc2connect.results import Place, Step
from grpc2connect.schema import Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import first_name

_MADE = Stub | Channel | Server | Credentials
_FLOWS = ("cells", "attributes", "parameters", "returns", "yields")


class Chains:
    """Tells chains of one program."""

    def __init__(self, facts: Facts, trace: Trace) -> None:
        self.facts = facts
        self.trace = trace

    def of(self, node: ast.AST, value: Value) -> tuple[Step, ...]:
        """Why an expression has a value."""
        chain = self.trace.chain(Fact("values", node, value))
        return tuple(dict.fromkeys(self._steps(chain)))

    def _steps(self, chain: list[Fact]) -> Iterator[Step]:
        said: Fact | None = None
        for fact, made_of in zip(chain, [*chain[1:], None], strict=True):
            if fact.table in _FLOWS:
                yield from self._flow(fact, made_of)
                said = made_of
            elif isinstance(fact.key, ast.alias):
                yield self._imported(self.trace.module(fact.key), fact.key)
            elif fact != said and self._is_made(fact, made_of):
                module = self.trace.module(fact.key)
                yield Step(f"{source(module, fact.key)} makes {wording.value(fact.value)}", _line(module, fact.key))
        if not any(isinstance(fact.key, ast.alias) for fact in chain):
            yield from self._spelled(chain)
        yield from self._origin(chain)

    def _spelled(self, chain: list[Fact]) -> Iterator[Step]:
        """The import behind a dotted name, of whose first part nothing of gRPC's is known: `import acme.x_pb2_grpc`."""
        ends = [fact for fact in chain if isinstance(fact.key, ast.Name | ast.Attribute)][-1:]
        for fact in ends:
            module, root = self.trace.module(fact.key), first_name(fact.key)
            if root and isinstance(fact.value, Api | StubsModule | StubClass | ServicerBase | Adder):
                for alias in self.facts.importers(module, root):
                    yield self._imported(module, alias)

    def _flow(self, fact: Fact, made_of: Fact | None) -> Iterator[Step]:
        if made_of is None:
            if fact.table == "parameters" and isinstance(fact.value, Context) and fact.value.service is not None:
                yield from self.handler(fact.key[0], fact.value.service, fact.key[1])
            return
        place, what = self._put(made_of)
        if made_of.table == "values" and isinstance(made_of.key, ast.alias):
            return  # the import says it
        if fact.table == "cells" and made_of.table == "parameters":
            return  # what is given for the parameter says it
        if fact.table == made_of.table == "cells" and isinstance(fact.key[0], ast.Module):
            yield from self._starred(fact, made_of)
            return
        yield Step(f"{self._name(fact)} {self._relation(fact, made_of)} {what}", place)

    def _name(self, fact: Fact) -> str:
        if fact.table in ("returns", "yields"):
            function = self.facts.state.functions[fact.key]
            return f"{function_name(function.module, fact.key)}()"
        owner, name = fact.key
        if isinstance(owner, ast.ClassDef):
            return f"`{owner.name}.{name}`"
        if fact.table == "parameters":
            return f"`{name}` of {function_name(self.facts.state.functions[owner].module, owner)}()"
        return f"`{name}`"

    def _relation(self, fact: Fact, made_of: Fact) -> str:
        if made_of.table == "values" and self._is_annotation(made_of.key):
            return "is annotated"
        if isinstance(fact.value, Context) and isinstance(made_of.value, Api):
            return "is the context in a handler made by"
        if isinstance(fact.value, Error) and isinstance(made_of.value, Api):
            return "is caught by"
        if fact.table in ("returns", "yields"):
            return fact.table.removesuffix("s") + "s"
        match fact.value, made_of.value:
            case Wrapped(_, inner), other if inner == other:
                return "holds"
            case inner, Wrapped("item", other) if inner == other:
                return "is an item of"
            case inner, Wrapped(_, other) if inner == other:
                return "is in"
        return "is given" if fact.table == "parameters" else "is"

    def _put(self, made_of: Fact) -> tuple[Place | None, str]:
        """Where a value was put somewhere, and the words for what was put there."""
        if made_of.table == "values":
            module = self.trace.module(made_of.key)
            made = self._is_made(made_of, self._before(made_of))
            return _line(module, made_of.key), source(module, made_of.key) + (
                f": {wording.value(made_of.value)}" if made else ""
            )
        if made_of.table in ("returns", "yields"):
            function = self.facts.state.functions[made_of.key]
            return _line(function.module, made_of.key), f"what {self._name(made_of)} gives"
        return None, self._name(made_of)

    def _starred(self, fact: Fact, made_of: Fact) -> Iterator[Step]:
        """A name that comes from another module with all its names."""
        trees = {module.tree: module for module in self.facts.program.modules()}
        importer, imported = trees[fact.key[0]], trees[made_of.key[0]]
        parts = {imported.path.stem, imported.path.parent.name}
        for node in importer.nodes:
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                spelled = "." * node.level + (node.module or "")
                if spelled.rpartition(".")[2] in parts:
                    yield Step(f"`{fact.key[1]}` comes from `from {spelled} import *`", _line(importer, node))
                    return

    def _before(self, fact: Fact) -> Fact | None:
        chain = self.trace.chain(fact)
        return chain[1] if len(chain) > 1 else None

    def _is_made(self, fact: Fact, made_of: Fact | None) -> bool:
        call = fact.table == "values" and isinstance(fact.key, ast.Call) and isinstance(fact.value, _MADE)
        return call and made_of is not None and isinstance(made_of.value, StubClass | Api)

    def _is_annotation(self, node: ast.AST) -> bool:
        module = self.trace.module(node)
        child = node
        for parent in module.ancestors(node):
            match parent:
                case ast.arg():
                    return True
                case ast.AnnAssign(annotation=found) if found is child:
                    return True
                case ast.FunctionDef(returns=found) | ast.AsyncFunctionDef(returns=found) if found is child:
                    return True
                case ast.stmt() | ast.Call():
                    return False
            child = parent
        return False

    def _imported(self, module: Module, alias: ast.alias) -> Step:
        statement = module.parents[alias]
        name = alias.name + (f" as {alias.asname}" if alias.asname else "")
        if isinstance(statement, ast.ImportFrom):
            name = f"from {'.' * statement.level}{statement.module or ''} import {name}"
        else:
            name = f"import {name}"
        bound = (
            (alias.asname or alias.name).partition(".")[0]
            if isinstance(statement, ast.Import)
            else (alias.asname or alias.name)
        )
        return Step(f"`{bound}` comes from `{name}`", _line(module, alias))

    def _origin(self, chain: Iterable[Fact]) -> Iterator[Step]:
        """The generated definition that a chain ends with, if it does."""
        names = {Stub: "stub_class", StubClass: "stub_class", ServicerBase: "servicer_class", Adder: "adder"}
        for fact in reversed(list(chain)):
            value: Any = unwrapped(fact.value)
            name = names.get(type(value))
            if name is not None:
                service: Service = value.service
                yield self.generated(service, getattr(service, name))
                return

    def generated(self, service: Service, name: str) -> Step:
        """Where a generated name of a service is defined, and what the service is."""
        stubs = self.facts.stubs_of[service]
        of = f"{service.full_name} of {stubs.proto}"
        if stubs.path is None or not stubs.path.is_file():
            return Step(f"{name}: {of} (the generated module is not in the project)")
        lines = stubs.path.read_bytes().decode(errors="replace").splitlines()
        pattern = re.compile(rf"(class|def) {re.escape(name)}\b")
        line = next((number for number, text in enumerate(lines, 1) if pattern.match(text)), 1)
        return Step(f"{'class' if name != service.adder else 'def'} {name}: {of}", Place(stubs.path, line, 1))

    def handler(self, node: ast.AST, service: Service, parameter: str = "") -> Iterator[Step]:
        """Why a function is a handler of a service, and one of its parameters the context."""
        state = self.facts.state
        found = [handler for handler in self.facts.handlers(node) if handler.service == service]
        for handler in found[:1]:
            spelled = f"{service.full_name}/{handler.method.name}"
            name = function_name(handler.module, node)
            text = f"{name}() implements {spelled}" if handler.direct else f"{name}() stands in for {spelled}"
            if parameter:
                text = f"`{parameter}` of {name}() is the context of {spelled}"
            yield Step(text, _line(handler.module, node))
            servicers = [
                cls
                for cls, services in state.servicers.items()
                if service in services
                and any(
                    isinstance(value, Function) and value.node is node
                    for value in classes.lookup(state, cls, handler.method.name)
                )
            ]
            if servicers:
                yield from self.servicer(min(servicers, key=_where), service)

    def servicer(self, cls: Class, service: Service) -> Iterator[Step]:
        """Why a class implements a service: what it derives from, or where it is registered."""
        state = self.facts.state
        for ancestor in classes.ancestry(state, cls):
            for base in ancestor.node.bases:
                for value in self.facts.values(base):
                    if value == ServicerBase(service):
                        if ancestor is not cls:
                            yield Step(f"the class {cls.node.name} derives from {ancestor.node.name}",
                                       _line(cls.module, cls.node))  # fmt: skip
                        yield Step(
                            f"the class {ancestor.node.name} derives from {source(ancestor.module, base)}",
                            _line(ancestor.module, ancestor.node),
                        )
                        yield from self.of(base, value)
                        return
        for call, module in self._registrations(service):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(Instance(cls) in self.facts.values(argument) for argument in given):
                yield Step(f"{source(module, call)} registers the class {cls.node.name}", _line(module, call))
                yield from self.of(call.func, Adder(service))
                return

    def linked(self, value: Value) -> Iterator[Step]:
        """The services that a channel, a server or credentials belong to, and by what."""
        program = self.facts.program
        found = set()
        for one, other in self.facts.state.links:
            if other == value and isinstance(one, Stub) and one.site is not None:
                found.add((one.site.path, one.site.offset, f"a stub of {one.service.full_name} is made on it"))
            if other == value and isinstance(one, Channel | Server | Credentials | Call) and one.site is not None:
                found.add((one.site.path, one.site.offset, f"{wording.value(one)} is made with it"))
            if one == value and isinstance(other, Adder):
                for call, module in self._registrations(other.service):
                    if any(value in self.facts.values(argument) for argument in call.args):
                        text = f"a {other.service.full_name} is registered on it"
                        found.add((str(module.path), module.span(call).start, text))
        modules = {str(module.path): module for module in program.modules()}
        for path, offset, text in sorted(found):
            place = modules[path].place_at(offset)
            yield Step(text, place)

    def _registrations(self, service: Service) -> list[tuple[ast.Call, Module]]:
        found = [
            (one.node, one.module)
            for registrations in self.facts.state.registrations.values()
            for one in registrations
            if one.service == service
        ]
        return sorted(found, key=lambda item: (str(item[1].path), item[0].lineno, item[0].col_offset))


def _where(cls: Class) -> tuple[str, int]:
    return str(cls.module.path), cls.node.lineno


def _line(module: Module, node: ast.AST) -> Place:
    """Where a definition, an import or an expression starts."""
    return module.place(node)
