"""References that are spelled from an import: `grpc.aio.server`, `GreeterStub`, `StatusCode.OK`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grpc2connect.facts import api, compared_codes, pytest_grpc, run_time_stubs
from grpc2connect.facts import references as refs
from grpc2connect.facts.annotations import is_type, meant_type
from grpc2connect.facts.assigned import without_another
from grpc2connect.facts.classes import class_around, instance_attribute, serves_all
from grpc2connect.facts.derived_stubs import is_bare, is_base
from grpc2connect.facts.escapes import escapes, generated, modules
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Builtin,
    Call,
    Class,
    Context,
    ExperimentalApi,
    Function,
    Instance,
    Member,
    Message,
    Package,
    ProgramModule,
    ServicerBase,
    Status,
    Stub,
    StubClass,
    StubsModule,
    Value,
    Values,
    unwrapped,
)
from grpc2connect.facts.looked_at import asks_what_is_installed, class_is_asked, derives_from, only_source_read
from grpc2connect.facts.made_errors import error_role
from grpc2connect.facts.mocks import is_spec
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.servicer_types import servicer_type
from grpc2connect.schema import GrpcModule, Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import walk

_TYPES = {**api.CHANNEL_TYPES, **api.SERVER_TYPES, **api.CONTEXT_TYPES, **dict.fromkeys(api.CREDENTIALS_TYPES)}

_NEVER_GENERATED = (Function, Class, Instance, Message, Package, Api, Builtin, Status, Member)


class NamedReferences:
    """Makes a reference of a name or dotted name that an import binds."""

    def __init__(self, facts: Facts, module: Module) -> None:
        self.facts = facts
        self.module = module

    def _stubs(self, service: Service) -> GrpcModule:
        return self.facts.stubs_of[service]

    def _units(self, values: Values) -> frozenset[Service]:
        return frozenset(service for value in values for service in self.facts.services(value))

    def _named(self, node: ast.Name | ast.Attribute) -> Iterator[Reference]:
        values = self.facts.values(node)
        parent = self.module.parents[node]
        if isinstance(parent, ast.Attribute) and self._continues(parent):
            return
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        for value in sorted(values, key=repr):
            reference = without_another(self.facts, self.module, node, value) or self._of_value(node, value, call)
            if reference is not None:
                yield reference
                return

    def _continues(self, parent: ast.Attribute) -> bool:
        """Whether `parent` is a longer spelling of the same thing (`grpc` in `grpc.aio.server`)."""
        return any(
            isinstance(value, Api | Status | StubClass | ServicerBase | Adder | ExperimentalApi)
            for value in self.facts.values(parent)
        )

    def _of_value(self, node: ast.expr, value: Value, call: ast.Call | None) -> Reference | None:
        facts, module = self.facts, self.module
        match value:
            case StubClass(service, aio):
                units = frozenset({service})
                stubs = self._stubs(service)
                if call is not None:
                    made = {v.aio for v in facts.values(call) if isinstance(v, Stub) and v.service == service}
                    made = made - {None} or made
                    kind = made.pop() if len(made) == 1 else aio
                    return refs.StubConstruction(
                        facts, module, call, units, ("calls the stub class",), service=service, stubs=stubs, aio=kind,
                        replaced=service in facts.patches.services, looked_up=facts.patches.is_looked_up(module, node),
                    )  # fmt: skip
                if is_type(self.module, node):
                    return refs.TypeUse(
                        facts, module, node, units, ("names the stub class",), path=service.stub_class, stubs=stubs,
                        service=service, aio=aio if aio is not None else self._aio_of_annotation(node, service),
                    )  # fmt: skip
                return self._value(node, value)
            case ServicerBase(service):
                units = frozenset({service})
                stubs = self._stubs(service)
                parent = module.parents[node]
                if (derived := derives_from(facts, module, node)) is not None:
                    return refs.Servicer(
                        facts, module, node, units, ("base of a class",), service=service, stubs=stubs,
                        cls=derived[0], base=derived[1],
                    )  # fmt: skip
                if is_type(self.module, node):
                    return servicer_type(facts, module, node, service)
                plain = isinstance(parent, ast.Call) and parent.func is node and not (parent.args or parent.keywords)
                return refs.GeneratedUse(
                    facts, module, node, units, ("servicer as a value",), what=service.servicer_class,
                    value="made" if plain else class_is_asked(facts, module, node),
                    service=service, stubs=stubs,
                )  # fmt: skip
            case Adder(service, _):
                units = frozenset({service})
                if call is not None:
                    evidence, stubs = ("registers a servicer",), self._stubs(service)
                    return refs.Registration(facts, module, call, units, evidence, service=service, stubs=stubs)
                return self._value(node, value)
            case ExperimentalApi(service):
                parent = module.parents[node]
                if (
                    isinstance(parent, ast.ClassDef)
                    and node in parent.bases
                    and serves_all(facts.state, Class(module, parent), service)
                ):
                    units, evidence = frozenset({service}), ("base of a class, in the servicer's place",)
                    return refs.Servicer(
                        facts, module, node, units, evidence, service=service, stubs=self._stubs(service), cls=parent,
                        base=node,
                    )  # fmt: skip
                if is_type(module, node):
                    return servicer_type(facts, module, node, service)
                return refs.GeneratedUse(
                    facts, module, node, frozenset({service}), (), what=service.name, service=service,
                    stubs=self._stubs(service), value="static" if self._is_called_at(node, service) else "",
                )  # fmt: skip
            case Status(name):
                units = self._context_units(node) or compared_codes.services(facts, module, node)
                return refs.StatusMember(facts, module, node, units, ("a status code",), name=name)
            case Api(path):
                return self._api(node, path, call)
        return None

    def _is_called_at(self, node: ast.expr, service: Service) -> bool:
        """Whether a static method of gRPC's experimental API is called: `Greeter.SayHello(request, target)`."""
        method = self.module.parents[node]
        call = self.module.parents[method]
        named = isinstance(method, ast.Attribute) and service.method(method.attr) is not None
        return named and isinstance(call, ast.Call) and call.func is method

    def _value(self, node: ast.expr, value: StubClass | Adder) -> Reference:
        """A stub class or registration that is used as a value, and whether every use of it is known."""
        service, stub = value.service, isinstance(value, StubClass)
        what, evidence = (service.stub_class, "stub class") if stub else (service.adder, "registration")
        aio = value.aio if isinstance(value, StubClass) and value.aio is not None else self.facts.colour(service)
        if stub and pytest_grpc.is_stub_class(self.module, node):
            aio = False
        kind = "stub" if stub else "registration"
        if only_source_read(self.facts, self.module, node):
            kind = "source"
        kind = "base" if stub and is_base(self.module, node) else "bare" if is_bare(self.module, node) else kind
        known = kind in ("source", "base", "bare")
        return refs.GeneratedUse(
            self.facts, self.module, node, frozenset({service}), (f"{evidence} as a value",), what=what, value=kind,
            escape="" if known else escapes(self.facts, self.module, node), service=service,
            stubs=self._stubs(service), aio=aio, spec=stub and is_spec(self.module, node),
            checked=stub and self.facts.derived_stubs.is_checked(self.module, node, service),
        )  # fmt: skip

    def _escape(self, node: ast.expr) -> Iterator[Reference]:
        """A generated class or module that came here as a value, and goes where the inference does not follow."""
        values = self.facts.values(node)
        if not values or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return
        if all(isinstance(value, _NEVER_GENERATED) for value in values):
            return
        what = self.module.source(node).partition("\n")[0]
        if (held := modules(values)) and not self._is_looked_into(node):
            units = frozenset(service for module in held for service in module.module.services)
            plain = any(isinstance(value, StubsModule) for value in values)
            why = escapes(self.facts, self.module, node)
            if why or plain:
                yield refs.GeneratedUse(
                    self.facts, self.module, node, units, ("a generated module",), what=what, escape=why,
                    value="module" if self._names_generated(node) else "" if self._is_of_a_module(node) else "passed",
                    stubs=held[0].module,
                )  # fmt: skip
        elif (found := generated(values)) and (why := escapes(self.facts, self.module, node)):
            units = frozenset(value.service for value in found)
            value = "read" if only_source_read(self.facts, self.module, node) else ""
            yield refs.GeneratedUse(
                self.facts, self.module, node, units, ("a generated class",), what=what, value=value,
                escape="" if value else why,
            )  # fmt: skip

    def _is_looked_into(self, node: ast.expr) -> bool:
        """Whether only a name of a module is taken: `module.GreeterStub`, `getattr(module, "GreeterStub")`."""
        parent = self.module.parents[node]
        if self._is_of_a_module(node):
            return False
        if isinstance(parent, ast.Call):
            known = self._by_name(parent) is not None or self.facts.patches.is_owner(self.module, node)
            return known or self._is_asked_for_any_name(parent, node)
        return isinstance(parent, ast.Attribute)

    def _is_asked_for_any_name(self, call: ast.Call, node: ast.expr) -> bool:
        """Whether this is the `getattr(module, name)` of a module that has become an object with its names."""
        if not isinstance(call.func, ast.Name) or call.func.id != "getattr" or len(call.args) < 2:
            return False
        known = isinstance(call.args[1], ast.Constant) or not self._names_generated(node)
        return call.args[0] is node and known

    def _is_of_a_module(self, node: ast.expr) -> bool:
        """Whether this names an import of another module, without being spelled from an import itself."""
        if not isinstance(node, ast.Attribute) or self._names_generated(node):
            return False
        return any(isinstance(value, ProgramModule | Package) for value in self.facts.values(node.value))

    def _by_name(self, node: ast.expr) -> StubClass | Adder | None:
        """What `getattr(module, "GreeterStub")` gives: a generated class by a literal name."""
        if not isinstance(node, ast.Call) or len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
            return None
        owner = self.facts.values(node.args[0])
        found = generated(self.facts.values(node))
        return found[0] if found and any(isinstance(value, StubsModule) for value in owner) else None

    def _called(self, node: ast.Call) -> Iterator[Reference]:
        """A call of a stub class or registration that is not named here, or only by a text."""
        func, values = node.func, self.facts.values(node.func)
        if (named := self._by_name(func)) is not None:
            reference = self._of_value(func, named, node)
            if reference is not None:
                yield reference
            return
        if (named := self._by_name(node)) is not None:
            parent = self.module.parents[node]
            if not (isinstance(parent, ast.Call) and parent.func is node):
                yield self._value(node, named)
            return
        found = [value for value in values if isinstance(value, StubClass | Adder)]
        if not found or self._names_generated(func):
            return
        given = {keyword.arg for keyword in node.keywords if keyword.arg}
        if not given <= {"channel", "servicer", "server"}:
            return  # gRPC's take no such arguments: it is something else that is called
        stub = isinstance(min(found, key=repr), StubClass)
        units = frozenset(value.service for value in found)
        yield refs.CalledValue(
            self.facts, self.module, node, units, ("calls a generated class that came as a value",),
            value="stub" if stub else "registration", other=len({type(value) for value in values}) > 1,
            bound=any(isinstance(value, Adder) and value.bound is not None for value in found),
            replaced=self.facts.mocks.any_of(units),
        )  # fmt: skip

    def _names_generated(self, node: ast.expr) -> bool:
        """Whether an expression spells a generated name from an import."""
        if isinstance(node, ast.Name):
            return bool(self.facts.importers(self.module, node))
        return isinstance(node, ast.Attribute) and self._spelled(node)

    def _spelled(self, node: ast.Attribute) -> bool:
        raise NotImplementedError

    def _api(self, node: ast.expr, path: str, call: ast.Call | None) -> Reference | None:
        facts, module = self.facts, self.module
        evidence = (path,)
        if call is None and meant_type(path) != path and is_type(module, node):
            path = meant_type(path)
        if path in api.CHANNELS:
            units = self._units(facts.values(call)) if call else frozenset()
            return refs.ChannelConstruction(
                facts, module, node, units, evidence, path=path, aio=api.CHANNELS[path], call=call
            )
        if path in api.SERVERS:
            units = self._units(facts.values(call)) if call else frozenset()
            return refs.ServerConstruction(facts, module, node, units, evidence, aio=api.SERVERS[path], call=call)
        if path in api.ERRORS:
            return refs.ErrorClass(facts, module, node, frozenset(), evidence, role=self._error_role(node), path=path)
        if path in _TYPES or path == api.STATUS_CODE:
            kind = is_type(self.module, node)
            return refs.TypeUse(
                facts, module, node, self._annotated_units(node), evidence, path=path, aio=_TYPES.get(path),
                annotation=kind,
            )  # fmt: skip
        if path in ("grpc", "grpc.aio") and facts.patches.is_owner(module, node):
            return None  # the call that replaces one of its attributes is the reference
        if path in ("grpc", "grpc.aio") and not isinstance(module.parents[node], ast.Attribute):
            asked = api.VERSION if asks_what_is_installed(module, node) else path
            return refs.ApiUse(facts, module, node, frozenset(), evidence, path=asked, call=call)
        if path in run_time_stubs.FUNCTIONS and (made := run_time_stubs.reference(facts, module, node, path, call)):
            return made
        units = self._argument_units(call) if call else frozenset()
        if path.partition(".")[0] in api.ADD_ONS and path not in api.REFLECTION:
            return refs.AddOnUse(facts, module, node, units, evidence, path=path)
        if path.startswith(api.UNKNOWN_STUBS):
            # It can also be a known one: `except ImportError: from elsewhere import GreeterStub`.
            units = frozenset({_unknown_service(path)}) | self._units(facts.values(node))
        if path == api.END_OF_STREAM:
            units = self._readers(node)
        if path == api.REFLECTION_NAME:
            units = self._reflected()
        if (path in api.ALL_CREDENTIALS or path == api.TEST_CHANNEL) and call is not None:
            units = self._units(facts.values(call))
        return refs.ApiUse(facts, module, node, units, evidence, path=path, call=call)

    def _readers(self, node: ast.AST) -> frozenset[Service]:
        """The services whose contexts or calls are read from in the function around a node."""
        function = self.facts.function_around(self.module, node) or self.module.tree
        nodes = [child for child in walk(function) if isinstance(child, ast.Attribute) and child.attr == "read"]
        values = {value for child in nodes for value in self.facts.values(child)}
        owned = [value for value in values if isinstance(value, Member) and isinstance(value.owner, Context | Call)]
        return self._units(frozenset(owned))

    def _reflected(self) -> frozenset[Service]:
        """The services of the servers that reflection is enabled on in this module, whose names are listed for that."""
        enable, nodes = Api(api.ENABLE_REFLECTION), self.module.nodes
        calls = [node for node in nodes if isinstance(node, ast.Call) and enable in self.facts.values(node.func)]
        return frozenset().union(*map(self._argument_units, calls))

    def _argument_units(self, call: ast.Call) -> frozenset[Service]:
        nodes = [*call.args, *(keyword.value for keyword in call.keywords)]
        return frozenset().union(*(self._units(self.facts.values(node)) | self.facts.served(node) for node in nodes))

    def _annotated_units(self, node: ast.AST) -> frozenset[Service]:
        """The services of the parameter or variable that an annotation is for."""
        for parent in self.module.ancestors(node):
            if isinstance(parent, ast.arg):
                return self._units(self.facts.values(parent))
            if isinstance(parent, ast.stmt):
                break
        return frozenset()

    def _context_units(self, node: ast.AST) -> frozenset[Service]:
        """The services of the context call that a status code is an argument of."""
        for parent in self.module.ancestors(node):
            if isinstance(parent, ast.Call):
                members = [v for v in self.facts.values(parent.func) if isinstance(v, Member)]
                if any(isinstance(member.owner, Context) for member in members):
                    return self._units(frozenset(members))
            if isinstance(parent, ast.stmt):
                break
        return frozenset()

    def _aio_of_annotation(self, node: ast.AST, service: Service) -> bool | None:
        kinds = {
            value.aio
            for value in map(unwrapped, self._annotated_values(node))
            if isinstance(value, Stub) and value.service == service and value.aio is not None
        }
        if kinds:
            return kinds.pop() if len(kinds) == 1 else None
        return self.facts.colour(service)

    def _annotated_values(self, node: ast.AST) -> Values:
        """What flows to where an annotation stands: a parameter, a variable, an attribute, or out of a function."""
        state = self.facts.state
        for parent in self.module.ancestors(node):
            match parent:
                case ast.arg():
                    return self.facts.values(parent)
                case ast.AnnAssign(target=ast.Attribute(value=ast.Name("self"), attr=name)):
                    cls = class_around(self.module, parent)
                    return NOTHING if cls is None else instance_attribute(state, cls, name)
                case ast.AnnAssign(target=ast.Name(name)):
                    around = self.module.enclosing(parent, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
                    scope = self.module.tree if around is None else around
                    found = state.cells.read((scope, name))
                    return found | (
                        state.attributes.read((scope, name)) if isinstance(scope, ast.ClassDef) else NOTHING
                    )
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    return state.returns.read(parent) | state.yields.read(parent)
                case ast.stmt():
                    break
        return NOTHING

    def _error_role(self, node: ast.AST) -> str:
        role = error_role(self.module, node)
        return "annotation" if role == "value" and is_type(self.module, node) else role


def _unknown_service(path: str) -> Service:
    """What stands for the services of a generated module of which nothing is known: they stay, by themselves."""
    dotted = re.match(r"[\w.]*?_pb2_grpc\b|", path.removeprefix(api.UNKNOWN_STUBS))
    return Service(f"(generated {dotted.group() if dotted else ''})", "", "", ())
