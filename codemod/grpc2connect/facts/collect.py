"""Finds every gRPC reference of a module from the facts. What it finds is the ledger's total."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.facts import api, classes, pytest_grpc, run_time_stubs
from grpc2connect.facts import references as refs
from grpc2connect.facts.dynamic import dynamic, spelled_out
from grpc2connect.facts.escapes import escapes, generated
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.function_names import compared_names
from grpc2connect.facts.identity import error_identity
from grpc2connect.facts.kinds import (
    Adder,
    Api,
    Call,
    Channel,
    Class,
    Context,
    Error,
    ExperimentalApi,
    Function,
    Instance,
    MaybeError,
    Member,
    Message,
    ProgramModule,
    Rpc,
    Server,
    ServicerBase,
    Status,
    Stub,
    StubClass,
    StubsModule,
    Super,
    Values,
    has_moved,
)
from grpc2connect.facts.mocks import role_of_mock
from grpc2connect.facts.named import NamedReferences
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.unknown import unknown_rpc
from grpc2connect.schema import GrpcModule, Method, Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import first_name
from grpc2connect.syntax.walking import walk


def collect(facts: Facts, module: Module) -> list[Reference]:
    """Every reference of a module, in the order of the text; each node at most once."""
    collector = _Collector(facts, module)
    found = [reference for node in collector.nodes() for reference in collector.references(node)]
    return sorted(found, key=lambda reference: module.span(reference.node))


class _Collector(NamedReferences):
    def nodes(self) -> Iterator[ast.AST]:
        """All nodes of the module, those in string annotations included."""
        for node in self.module.nodes:
            yield node
            if isinstance(node, ast.Constant) and node in self.facts.state.strings:
                yield from walk(self.facts.state.strings[node])

    def references(self, node: ast.AST) -> Iterator[Reference]:
        match node:
            case ast.alias():
                yield from self._import(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._handler(node)
                yield from self._plugin_fixture(node)
            case ast.Name(ctx=ast.Store()):
                yield from self._handler_assignment(node)
            case ast.Name():
                if self.facts.values(node):
                    found = list(self._named(node)) if self.facts.importers(self.module, node) else []
                    yield from found or self._escape(node)
            case ast.Attribute():
                found = list(self._attribute(node))
                yield from found or self._escape(node)
            case ast.JoinedStr():
                yield from spelled_out(self.facts, self.module, node)
            case ast.Call():
                found = list(dynamic(self.facts, self.module, node)) or list(self._called(node))
                yield from found or self._escape(node)
            case ast.Compare():
                yield from error_identity(self.facts, self.module, node)
                yield from compared_names(self.facts, self.module, node)
            case ast.expr():
                yield from self._escape(node)

    # Imports and definitions

    def _import(self, node: ast.alias) -> Iterator[Reference]:
        values = self.facts.values(node)
        for value in sorted(values, key=repr):
            units: frozenset[Service] = frozenset()
            stubs: GrpcModule | None = None
            match value:
                case Api(path):
                    if path.partition(".")[0] == "grpc_tools":
                        return
                case StubsModule():
                    stubs = value.module
                    units = frozenset(stubs.services)
                case StubClass(service) | ServicerBase(service) | Adder(service) | ExperimentalApi(service):
                    units, stubs = frozenset({service}), self._stubs(service)
                case Status():
                    pass
                case _:
                    continue
            rebound = self.facts.rebound(self.module, node)
            chosen = self.facts.switches.services(self.module, node)
            units |= chosen
            yield refs.Import(
                self.facts, self.module, node, units, (f"imports {node.name}",), stubs, rebound, bool(chosen)
            )
            return

    def _handler(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Reference]:
        found = [handler for handler in self.facts.handlers(node) if handler.direct]
        if found:
            services = frozenset(handler.service for handler in found)
            evidence = tuple(f"implements {handler.service.full_name}/{handler.method.name}" for handler in found)
            first = min(found, key=lambda handler: handler.service.full_name)
            yield refs.HandlerDefinition(
                self.facts, self.module, node, services, evidence, service=first.service, method=first.method
            )

    def _plugin_fixture(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Reference]:
        if pytest_grpc.is_registration(self.facts.state, node):
            units = self._units(self.facts.state.returns.read(node))
            evidence = ("pytest-grpc asks for it",)
            askers = pytest_grpc.async_askers(self.facts.program.modules())
            yield refs.PluginFixture(self.facts, self.module, node, units, evidence, askers=askers)

    def _handler_assignment(self, node: ast.Name) -> Iterator[Reference]:
        cls = self.module.parents.get(self.module.statement(node))
        if not isinstance(cls, ast.ClassDef):
            return
        for service in self._served(cls):
            if method := service.method(node.id):
                yield refs.HandlerDefinition(
                    self.facts,
                    self.module,
                    node,
                    frozenset({service}),
                    ("assigned as a handler",),
                    service=service,
                    method=method,
                )
                return

    def _served(self, cls: ast.ClassDef) -> list[Service]:
        served = self.facts.state.servicers.get(Class(self.module, cls), set())
        return sorted(served, key=lambda service: service.full_name)

    # Names and attributes

    def _attribute(self, node: ast.Attribute) -> Iterator[Reference]:
        values = self.facts.values(node)
        spelled = Api | Status | StubClass | ServicerBase | Adder | ExperimentalApi
        if any(isinstance(value, spelled) for value in values) and self._spelled(node):
            yield from self._named(node)
            return
        if generated(values) and any(isinstance(value, StubsModule) for value in self.facts.values(node.value)):
            what = self.module.source(node)
            evidence = ("of a module that came as a value",)
            why = escapes(self.facts, self.module, node)
            yield refs.GeneratedUse(
                self.facts, self.module, node, self._units(values), evidence, what=what, value="passed", escape=why
            )
            return
        if any(isinstance(value, ServicerBase | ExperimentalApi) for value in values):
            evidence = ("of a module that came as a value",)
            what = self.module.source(node)
            yield refs.GeneratedUse(self.facts, self.module, node, self._units(values), evidence, what=what)
            return
        if self._of_api_object(node, values):
            yield from self._named(node)
            return
        rpcs = [value for value in values if isinstance(value, Rpc)] if self._is_of_a_stub(node) else []
        if not rpcs and (method := self._handler_of(node, values)):
            services = self._units(values) | self._handler_services(node.attr, values)
            yield refs.HandlerUse(self.facts, self.module, node, services, ("names a handler",), method=method)
            return
        if rpcs:
            yield self._rpc(node, rpcs, values)
            return
        members = [value for value in values if isinstance(value, Member) and not self._is_of_own(node, value)]
        for member in sorted(members, key=repr):
            reference = self._member(node, member, frozenset(members))
            if reference is not None:
                yield reference
                return
        yield from unknown_rpc(self.facts, self.module, node, values)

    def _is_of_own(self, node: ast.Attribute, member: Member) -> bool:
        """Whether an attribute that no context has is that of another object.

        What passes all its arguments on (a decorator) lets contexts seem to come where requests and the program's own
        objects do. Only a handler's context is surely one.
        """
        if not isinstance(member.owner, Context) or member.name in api.CONTEXT_METHODS:
            return False
        if any(isinstance(owner, Instance | Class | Super | Message) for owner in self.facts.values(node.value)):
            return True
        around = self.facts.function_around(self.module, node)
        return around is None or not self.facts.handlers(around)

    def _is_of_a_stub(self, node: ast.Attribute) -> bool:
        """Whether an attribute is a stub's, and not one of the program's own, that holds an RPC: `self.ask(...)`."""
        state = self.facts.state
        for owner in self.facts.values(node.value):
            if isinstance(owner, Stub) and owner.service.method(node.attr):
                return True
            cls = owner.cls if isinstance(owner, Instance | Super) else owner
            if isinstance(cls, Class) and any(
                base.service.method(node.attr) for base in classes.stub_bases(state, cls)
            ):
                return True
        return False

    def _of_api_object(self, node: ast.Attribute, values: Values) -> bool:
        """Whether this is an attribute of an object that a call of grpc gave: `services.GreeterStub`."""
        parent = self.module.parents[node]
        longest = not isinstance(parent, ast.Attribute) or not self.facts.values(parent)
        return longest and any(
            isinstance(value, Api)
            and "()" in value.path
            and not value.path.startswith(api.BRIDGED_RESULTS)
            # What a call of an unknown stub gave is a message, or has long been reported where it was called.
            and not api.is_of_an_unknown_call(value.path)
            for value in values
        )

    def _spelled(self, node: ast.Attribute) -> bool:
        """Whether `a.b.C` is spelled from an import, so that the name stands here and not in an attribute."""
        root = first_name(node)
        if root is None:
            return self._is_brought(node)
        if not self.facts.importers(self.module, root):
            return run_time_stubs.is_named(self.facts, self.module, root) or self._is_brought(node)
        owner = self.facts.values(node.value)
        return any(isinstance(value, Api | StubsModule | ProgramModule) for value in owner) or any(
            type(value).__name__ == "Package" for value in owner
        )

    def _is_brought(self, node: ast.Attribute) -> bool:
        """Whether this is grpc, or a name in it, that a module which came as a value has: `stubs.grpc.server`."""
        owners = self.facts.values(node.value)
        if not owners or not all(isinstance(value, Api) for value in self.facts.values(node)):
            return False
        if all(isinstance(value, Api) for value in owners) and isinstance(node.value, ast.Attribute):
            return self._is_brought(node.value)
        return all(
            isinstance(value, StubsModule | ProgramModule)
            or (isinstance(value, Api) and value.path.endswith(api.GENERATED))
            for value in owners
        )

    def _may_be_message(self, node: ast.Attribute) -> bool:
        return any(isinstance(value, Message) for value in self.facts.values(node.value))

    def _handler_of(self, node: ast.Attribute, values: Values) -> Method | None:
        for value in sorted(values, key=repr):
            if isinstance(value, Member) and isinstance(value.owner, ServicerBase):
                return value.owner.service.method(value.name)
            if isinstance(value, Function):
                for handler in self.facts.handlers(value.node):
                    if handler.direct and handler.method.name == node.attr:
                        return handler.method
        owners = self.facts.values(node.value)
        for owner in owners:
            if isinstance(owner, Instance | Class):
                cls = owner.cls if isinstance(owner, Instance) else owner
                for service in self.facts.state.servicers.get(cls, ()):
                    if method := service.method(node.attr):
                        return method
        return None

    def _handler_services(self, name: str, values: Values) -> frozenset[Service]:
        nodes = {value.node for value in values if isinstance(value, Function)}
        return frozenset(
            handler.service for node in nodes for handler in self.facts.handlers(node) if handler.method.name == name
        )

    def _rpc(self, node: ast.Attribute, rpcs: list[Rpc], values: Values) -> Reference:
        parent = self.module.parents[node]
        variant = ""
        target: ast.AST = node
        if isinstance(parent, ast.Attribute):
            variant, target = parent.attr, parent
            parent = self.module.parents[parent]
        call = parent if isinstance(parent, ast.Call) and parent.func is target else None
        # What is not known by itself is called as what is known here: one expression cannot be written for both.
        kinds = {rpc.aio for rpc in rpcs} - {None}
        if not kinds and not any(rpc.service in self.facts.undetermined for rpc in rpcs):
            kinds = {self.facts.colour(rpc.service) for rpc in rpcs}
        kinds = kinds or {None}
        if kinds == {None} and call is not None and not variant:
            kinds = {self._colour_of_use(call)}
        first = min(rpcs, key=repr)
        services = frozenset(rpc.service for rpc in rpcs)
        return refs.RpcUse(
            self.facts,
            self.module,
            node,
            services,
            tuple(sorted(f"{rpc.service.full_name}/{rpc.method.name} of a stub" for rpc in rpcs)),
            method=first.method,
            aio=kinds.pop() if len(kinds) == 1 else None,
            call=call,
            variant=variant,
            other=self._other(node, values, services),
            mock=role_of_mock(self.module, node),
        )

    def _colour_of_use(self, call: ast.Call) -> bool | None:
        """Whether a call is used as only one of `grpc.aio` can be (or only a sync one); None if that does not show."""
        match self.module.parents[call]:
            case ast.Await() | ast.AsyncFor():
                return True
            case ast.comprehension(iter=iterable, is_async=is_async) if iterable is call:
                return bool(is_async)
            case ast.For(iter=iterable) if iterable is call:
                return False
        return None

    def _other(self, node: ast.Attribute, values: Values, services: frozenset[Service]) -> str:
        if self.facts.derived_stubs.is_one(node.value):
            return "derived"
        functions = [value.node for value in values if isinstance(value, Function)]
        members = [value.owner for value in values if isinstance(value, Member)]
        if any(map(self.facts.handlers, functions)) or any(isinstance(owner, ServicerBase) for owner in members):
            return "servicer"
        replaced = self.facts.replaced(self.module, node.attr, services)
        return "fake" if functions or replaced or self.facts.derived_stubs.may_be(self.module, services) else ""

    def _member(self, node: ast.Attribute, member: Member, members: Values) -> Reference | None:
        owner = member.owner
        if has_moved(member):
            return None
        parent = self.module.parents[node]
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        units = self._units(members)
        evidence = (f"{type(owner).__name__.lower()}.{member.name}",)
        facts, module = self.facts, self.module
        match owner:
            case Context(aio):
                return refs.ContextUse(facts, module, node, units, evidence, name=member.name, aio=aio, call=call)
            case Server():
                return refs.ServerUse(facts, module, node, units, evidence, name=member.name)
            case Channel():
                return refs.ChannelUse(facts, module, node, units, evidence, name=member.name)
            case Call():
                if member.name not in api.CALL_METHODS and self._may_be_message(node):
                    return None
                return refs.CallUse(facts, module, node, units, evidence, name=member.name)
            case Error() | MaybeError():
                if owner == MaybeError() and (call is None or call.args or call.keywords):
                    return None
                return refs.ErrorUse(facts, module, node, units, evidence, name=member.name, call=call)
        return None
