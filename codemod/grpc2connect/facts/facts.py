"""The facts of a program, as rules and the plan ask for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts.asked_types import AskedTypes
from grpc2connect.facts.call_forms import CallForms
from grpc2connect.facts.credentials import CredentialLinks, calls_of_unknown
from grpc2connect.facts.fakes import Fakes
from grpc2connect.facts.kinds import (
    Adder,
    Channel,
    Class,
    Context,
    Credentials,
    Instance,
    MovedStub,
    Server,
    Stub,
    Value,
    unwrapped,
)
from grpc2connect.facts.made_errors import MadeErrors, only_made
from grpc2connect.facts.mocks import Mocks
from grpc2connect.facts.moved_services import MovedUse, moved_services
from grpc2connect.facts.name_questions import NameQuestions
from grpc2connect.facts.named_stubs import NamedStubs
from grpc2connect.facts.native_channels import NativeChannel, NativeChannels
from grpc2connect.facts.origins import Origins, Shared, alone
from grpc2connect.facts.own_contexts import OwnContexts
from grpc2connect.facts.parts import Parts
from grpc2connect.facts.patches import Patches
from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import Function as FunctionNode
from grpc2connect.facts.shown import Shown
from grpc2connect.facts.state import State
from grpc2connect.facts.statuses import Statuses
from grpc2connect.facts.switches import Switches
from grpc2connect.facts.unseen import Unseen
from grpc2connect.options import Serve
from grpc2connect.schema import GrpcModule, Method, Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.imported import imported_names
from grpc2connect.syntax.names import last_name

if TYPE_CHECKING:
    from grpc2connect.facts.reference import Reference


class Facts(NameQuestions):
    """Answers about the program. All of it is read-only and the same whatever the order of files."""

    def __init__(
        self, program: Program, state: State, serve: Callable[[Reference], Serve] = lambda _: Serve.DUAL
    ) -> None:
        """`serve` says what serves the ports of the server that a reference is about.

        Set once all references are known: `shown` is what callers of the public API see, `named_stubs` which stubs
        keep the names of their RPCs.
        """
        self.program = program
        self.serve = serve
        self.state = state
        self.shown = Shown()
        self.named_stubs = NamedStubs()

    @cached_property
    def parts(self) -> Parts:
        """Which modules belong together."""
        return Parts(self.program, self.state)

    def component(self, module: object) -> object:
        """The part of the program that a module belongs to: modules that no import connects share nothing."""
        return self.parts.of(module)

    def component_by_hand(self, module: object) -> object:
        """The same where generated modules, which call nothing of the program, connect no others."""
        return self.parts.by_hand(module)

    @cached_property
    def asked_types(self) -> AskedTypes:
        """What `isinstance` is asked about the types of methods."""
        return AskedTypes(self)

    @cached_property
    def fakes(self) -> Fakes:
        """The program's own objects that may stand in for stubs unseen."""
        return Fakes(self)

    def spelled(self, module: Module, name: str) -> tuple[Method, ...]:
        """The RPCs of a name of the services in a module's part of the program."""
        return tuple(method for _, method in self._spelled(module, name))

    def spelled_by(self, module: Module, name: str) -> frozenset[Service]:
        """The services in a module's part of the program that have an RPC of a name."""
        return frozenset(service for service, _ in self._spelled(module, name))

    def _spelled(self, module: Module, name: str) -> Iterator[tuple[Service, Method]]:
        part = self.component(module)
        for service, stubs in self.stubs_of.items():
            if self.component(stubs.key) is part and (method := service.method(name)):
                yield service, method

    @cached_property
    def unseen(self) -> Unseen:
        """What comes from modules that are not seen."""
        return Unseen(self)

    def calls_of_unknown(self, module: Module, node: ast.Call) -> frozenset[Service]:
        """The services one of whose RPCs a call with credentials is spelled like, on an object of unknown origin."""
        return calls_of_unknown(self, module, node)

    @cached_property
    def _made_errors(self) -> MadeErrors:
        return MadeErrors(self)

    def makes_errors(self, module: Module) -> frozenset[bool | None]:
        """Of gRPC's errors that the part of the program around a module makes itself: whether they are aio only."""
        return self._made_errors.within(module)

    def may_have_own_code(self, module: Module, node: ast.AST) -> bool:
        """Whether an error may be one that the program itself makes, with a code of its own."""
        return self._made_errors.may_be_met(module, node)

    def only_made(self, node: ast.AST) -> bool:
        """Whether an expression is an error that the program made itself, and surely nothing else."""
        return only_made(self, node)

    @cached_property
    def call_forms(self) -> CallForms:
        """What kinds of calls each part of the program may make."""
        return CallForms(self)

    @cached_property
    def own_contexts(self) -> OwnContexts:
        """The contexts that the program makes itself."""
        return OwnContexts(self)

    def may_have_own_context(self, module: Module, node: ast.AST) -> bool:
        """Whether the context around a node may be one of the program's own: a mock, a fake, a wrapper."""
        handler = self.function_around(module, node)
        called = bool(self.handlers(handler)) and bool(handler and self.state.calls.get(handler))
        return called or self.own_contexts.near(module)

    def raises_freely(self, module: Module, node: ast.AST) -> bool:
        """Whether an exception raised at a node ends the call, and no context of the program's own waits for it."""
        return not self.own_contexts.near(module) and super().raises_freely(module, node)

    def is_made_here(self, module: Module, node: ast.expr, kind: Shared) -> bool:
        """Whether a channel, or a server, is surely one that the program makes, and not one of callers elsewhere."""
        return self._origins.are_known(module, node, kind)

    @cached_property
    def _origins(self) -> Origins:
        return Origins(self)

    @cached_property
    def _statuses(self) -> Statuses:
        return Statuses(self)

    def only_identity(self, module: Module, node: ast.AST) -> bool:
        """Whether of a status code only counts which one it is, wherever it gets to from an expression."""
        return self._statuses.plain(module, node)

    def takes_codes(self, module: Module, annotation: ast.AST) -> bool:
        """Whether what is annotated can be a `Code`, as members that get there become."""
        return self._statuses.annotated(module, annotation)

    @cached_property
    def _native_channels(self) -> NativeChannels:
        return NativeChannels(self)

    def native_channel(self, node: ast.AST) -> NativeChannel | None:
        """The channel that a reference is about, if clients with a transport of their own can take its place."""
        return self._native_channels.of(node)

    def status_is_asked(self, services: frozenset[Service]) -> bool:
        """Whether a context of some services (none: of any) is asked for the status that was set on it."""
        return bool(self._status_read & {*services, None} if services else self._status_read)

    @cached_property
    def mocks(self) -> Mocks:
        """What tests put where stubs go."""
        return Mocks(self)

    @cached_property
    def switches(self) -> Switches:
        """Modules that choose between generated modules."""
        return Switches(self)

    @cached_property
    def patches(self) -> Patches:
        """What tests replace by name."""
        return Patches(self)

    def replaced(self, module: Module, name: str, services: frozenset[Service]) -> bool:
        """Whether a call of an RPC may reach an object of the program's own, or a mock, that has the RPC's name."""
        return self.fakes.answer(module, name) or self.mocks.answer(module, name, services)

    @cached_property
    def assigned_attributes(self) -> frozenset[str]:
        """The names of all attributes that the program assigns."""
        nodes = (node for module in self.program.modules() for node in module.nodes)
        return frozenset(n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))

    def watches_calls(self, module: Module) -> bool:
        """Whether the part of the program around a module may have interceptors of clients, which see such things."""
        return self.component(module) in self._watching

    @cached_property
    def _watching(self) -> frozenset[object]:
        def names(module: Module) -> Iterator[str]:
            return (node.name if isinstance(node, ast.alias) else last_name(node) for node in module.nodes)

        may = (module for module in self.program.modules() if "ClientInterceptor" in module.text)
        watching = (module for module in may if any(name.endswith("ClientInterceptor") for name in names(module)))
        return frozenset(map(self.component, watching))

    @cached_property
    def generated_names(self) -> frozenset[str]:
        """The names of all generated stubs, servicers and registrations."""
        return frozenset(name for s in self.stubs_of for name in (s.stub_class, s.servicer_class, s.adder))

    @cached_property
    def all_rpc_names(self) -> frozenset[str]:
        """The names of all RPCs."""
        return frozenset(method.name for service in self.stubs_of for method in service.methods)

    @cached_property
    def rpc_names(self) -> frozenset[str]:
        """RPC names that are telling enough to be looked for on unknown objects."""
        return frozenset(name for name in self.all_rpc_names if not name.islower())

    @cached_property
    def imported_tops(self) -> frozenset[str]:
        """The first parts of all names that modules of the program import."""
        names = (name for module in self.program.modules() for name in imported_names(module.imports))
        return frozenset(dotted.partition(".")[0] for dotted, level in names if not level)

    @cached_property
    def stubs_of(self) -> dict[Service, GrpcModule]:
        """The generated module of each service."""
        return {service: module for module in self.program.schema.grpc_modules for service in module.services}

    @cached_property
    def moved_services(self) -> frozenset[MovedUse]:
        """What of services has moved before, by module."""
        return moved_services(self)

    @cached_property
    def _linked(self) -> dict[Value, frozenset[Service]]:
        linked: dict[Value, set[Service]] = {}
        for one, other in self.state.links:
            if isinstance(one, Stub | MovedStub) and one.service is not None:
                linked.setdefault(other, set()).add(one.service)
            elif isinstance(one, Server) and isinstance(other, Adder):
                linked.setdefault(one, set()).add(other.service)
        CredentialLinks(self).add(linked)
        return {value: frozenset(services) for value, services in linked.items()}

    def served(self, node: ast.AST) -> frozenset[Service]:
        """The services that an expression's objects implement: servicers, on their own or in containers."""
        found: set[Service] = set()
        for value in map(unwrapped, self.values(node)):
            if isinstance(value, Instance | Class):
                found |= self.state.servicers.get(value.cls if isinstance(value, Instance) else value, set())
        return frozenset(found)

    def services(self, value: Value) -> frozenset[Service]:
        """The services that a value belongs to: its own, or those of the stubs and servicers linked to it."""
        if isinstance(value, Channel | Server):
            return self._linked.get(value) or self.unlinked(value)
        if isinstance(value, Credentials):
            return self._linked.get(value, frozenset())
        if isinstance(value, Context):
            return frozenset({value.service}) if value.service else frozenset()
        service = getattr(value, "service", None)
        if service is not None:
            return frozenset({service})
        for inner in ("value", "owner", "rpc"):
            if (held := getattr(value, inner, None)) is not None:
                return self.services(held)
        return frozenset()

    def intercepted(self) -> frozenset[Service]:
        """The services behind interceptors; a server of which nothing is known may have some."""
        return self._intercepted

    @cached_property
    def _intercepted(self) -> frozenset[Service]:
        found = {service for server in self.state.intercepted for service in self.services(server)}
        for registrations in self.state.registrations.values():
            for one in registrations:
                given = {value for node in self.arguments(one.node).values() for value in self.values(node)}
                if not any(isinstance(value, Server) for value in given):
                    found.add(one.service)
        return frozenset(found)

    def unlinked(self, value: Channel | Server) -> frozenset[Service]:
        """The services of a channel or server on which nothing is known to be made.

        Something may be made on it where only the type of a parameter is known: then it belongs to all such services of
        its part of the program. Else it is a unit of its own.
        """
        module = self.program.module(Path(value.site.path)) if value.site else None
        return frozenset(self._open.get((self.component(module), type(value), value.aio), ()) if module else ()) or (
            alone(value)
        )

    @cached_property
    def _open(self) -> dict[tuple[object, type, bool], set[Service]]:
        """The services made on a channel or server of which only the type is known, by the part of the program."""
        found: dict[tuple[object, type, bool], set[Service]] = {}
        for stub, channel in self.state.links:
            if isinstance(stub, Stub) and stub.site and isinstance(channel, Channel) and channel.site is None:
                module = self.program.module(Path(stub.site.path))
                if module:
                    found.setdefault((self.component(module), Channel, channel.aio), set()).add(stub.service)
        for registrations in self.state.registrations.values():
            for one in registrations:
                given = [*one.node.args, *(keyword.value for keyword in one.node.keywords)]
                for server in {value for argument in given for value in self.values(argument)}:
                    if isinstance(server, Server) and server.site is None:
                        found.setdefault((self.component(one.module), Server, server.aio), set()).add(one.service)
        return found

    @cached_property
    def _colours(self) -> dict[Service, set[bool]]:
        found: dict[Service, set[bool]] = {}
        state = self.state
        tables = (state.cells, state.attributes, state.parameters, state.returns, state.yields, state.values)
        for values in (state.derived, *(values for table in tables for values in table.values())):
            for value in values:
                if isinstance(value, Stub) and value.aio is not None:
                    found.setdefault(value.service, set()).add(value.aio)
        return found

    @cached_property
    def undetermined(self) -> frozenset[Service]:
        """The services of which some stub is made on a channel of unknown colour."""
        every = (self.state.derived, *self.state.values.values())
        made = {v for values in every for v in values if isinstance(v, Stub) and v.site}
        known = {(stub.service, stub.site) for stub in made if stub.aio is not None}
        return frozenset(stub.service for stub in made if (stub.service, stub.site) not in known)

    def colour(self, service: Service) -> bool | None:
        """Whether a service's stubs are aio; None where the program has both kinds, or some of unknown kind."""
        if service in self.undetermined:
            return None
        colours = self._colours.get(service, set())
        return next(iter(colours)) if len(colours) == 1 else None

    def function_around(self, module: Module, node: ast.AST) -> FunctionNode | None:
        """The function whose body a node stands in."""
        found = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        return found if isinstance(found, FunctionNode) else None
