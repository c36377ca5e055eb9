"""What an attribute of an abstract value is."""

from __future__ import annotations

import ast

from grpc2connect.facts import api, classes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Builtin,
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
    MessagesModule,
    Package,
    ProgramModule,
    Raises,
    Rpc,
    RpcVariant,
    Served,
    Server,
    ServicerBase,
    Status,
    Stub,
    StubClass,
    StubsModule,
    Super,
    Value,
    Values,
    Wrapped,
)
from grpc2connect.syntax.walking import walk


def get(env: Environment, owner: Value, name: str) -> Values:
    """The values of `owner.name`."""
    match owner:
        case Api(path):
            return _api(path, name)
        case StubsModule(module):
            return frozenset({Api(name)}) if name == "grpc" else _generated(module.services, name)
        case MessagesModule():
            return NOTHING if name == "DESCRIPTOR" else frozenset({Message()})
        case ProgramModule(module):
            found = env.state.cells.read((module.tree, name))
            found = found or env.program.submodule(owner, name)
            if not found:
                env.program.bring(env.module, module, name)
            return found
        case Package():
            return env.program.submodule(owner, name)
        case Builtin(path):
            return frozenset({Builtin(f"{path}.{name}")})
        case Stub(service, aio, _):
            method = service.method(name)
            return frozenset({Rpc(service, method, aio) if method else Member(owner, name)})
        case Rpc():
            return frozenset({RpcVariant(owner, name)})
        case Raises():
            return frozenset({Error(None)}) if name in ("value", "exception") else NOTHING
        case Call() if name not in api.CALL_METHODS | api.CALL_PRIVATE:
            return NOTHING  # a field of the message, where it is not known whether a call is a message at once
        case Channel() | Server() | Context():
            return frozenset({Member(owner, name)}) | env.state.own.read((type(owner), name))
        case Status() if not api.of_member(name):
            return NOTHING
        case Error() | Call() | Status():
            return frozenset({Member(owner, name)})
        case MaybeError():
            return frozenset({Member(owner, name)}) if name in api.ERROR_METHODS else NOTHING
        case Served(service):
            return frozenset({Member(ServicerBase(service), name)}) if service.method(name) else NOTHING
        case Wrapped(how, inner):
            return frozenset({inner}) if how == f"field:{name}" else NOTHING
        case Instance(cls):
            return _instance(env, owner, cls, name)
        case StubClass():
            return frozenset({Member(owner, name)}) if name == "__init__" else NOTHING
        case Class():
            found = classes.lookup(env.state, owner, name) or env.state.attributes.read((owner.node, name))
            found |= env.state.below.read((owner.node, name))
            return frozenset(_of_class(value, owner) for value in found)
        case Super(cls):
            found = classes.lookup(env.state, cls, name, skip_own=True)
            if not found and name == "__init__":
                return frozenset(Member(base, name) for base in classes.stub_bases(env.state, cls)[:1])
            return _bound(found, Instance(cls)) or _inherited(env, cls, name)
    return NOTHING


def by_any_name(owners: Values, name: ast.expr) -> Values:
    """What `getattr(module, name)` can be with a computed name: stubs, or registrations, of a generated module."""
    text = "".join(str(part.value) for part in walk(name) if isinstance(part, ast.Constant))
    found: set[Value] = set()
    for owner in owners:
        if isinstance(owner, StubsModule):
            adds = any(part in text for part in ("Servicer", "add_", "_to_server"))
            found |= {Adder(service) if adds else StubClass(service) for service in owner.module.services}
    return frozenset(found)


def _api(path: str, name: str) -> Values:
    if name == "grpc" and path.endswith(api.GENERATED):
        return frozenset({Api(name)})
    if path == api.STATUS_CODE and (name in api.CONNECT_CODES or name == "OK"):
        return frozenset({Status(name)})
    if path == api.STATUS_CODE and name in ("name", "value"):
        return NOTHING  # of a member, over which a loop went
    if api.is_of_an_unknown_call(path) and name not in api.CALL_METHODS | api.CALL_PRIVATE:
        return NOTHING  # a field of the message, as of a known call
    if path in api.MEMBERS and not api.of_member(name):
        return NOTHING  # what is asked there is another object: one that a container holds besides, say
    return frozenset({Api(api.normalise(api.longer(path, f".{name}")))})


def _generated(services: object, name: str) -> Values:
    for service in services:  # type: ignore[attr-defined]
        if name == service.stub_class:
            return frozenset({StubClass(service)})
        if name == service.stub_class.removesuffix("Stub") + "AsyncStub":
            return frozenset({StubClass(service, aio=True)})
        if name == service.servicer_class:
            return frozenset({ServicerBase(service)})
        if name == service.adder:
            return frozenset({Adder(service)})
        if name == service.name:
            return frozenset({ExperimentalApi(service)})
    return NOTHING


def _instance(env: Environment, owner: Instance, cls: Class, name: str) -> Values:
    found = classes.instance_attribute(env.state, cls, name)
    own = classes.lookup(env.state, cls, name) | env.state.below.read((cls.node, name))
    for value in own:
        if classes.is_property(value) and isinstance(value, Function):
            found |= env.state.returns.read(value.node)
    found |= _bound(frozenset(value for value in own if not classes.is_property(value)), owner)
    # What the program assigns, or defines, may be there before a stub's own, or take its place.
    for base in classes.stub_bases(env.state, cls):
        if base.service.method(name) is not None:
            return found | get(env, Stub(base.service, base.aio, None), name)
    return found or _inherited(env, cls, name)


def _inherited(env: Environment, cls: Class, name: str) -> Values:
    """The handler that a servicer has from its generated base alone."""
    for base in classes.generated_bases(env.state, cls):
        if isinstance(base, ServicerBase) and base.service.method(name):
            return frozenset({Member(base, name)})
    return NOTHING


def _of_class(value: Value, owner: Class) -> Value:
    """What a class attribute is, asked of the class itself: a class method has its first argument already."""
    match value:
        case Wrapped("static", inner):
            return inner
        case Function(module, ast.FunctionDef() | ast.AsyncFunctionDef() as node, None) if classes.decorated(
            node, "classmethod"
        ):
            return Function(module, node, owner)
    return value


def _bound(values: Values, owner: Value) -> Values:
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Function) and value.self_value is None and not isinstance(value.node, ast.Lambda):
            static = classes.decorated(value.node, "staticmethod")
            found.add(value if static else Function(value.module, value.node, owner))
        elif isinstance(value, Adder) and value.bound is None:
            found.add(Adder(value.service, owner))
        elif isinstance(value, Wrapped) and value.how == "static":
            found.add(value.value)
        else:
            found.add(value)
    return frozenset(found)


_WRAPPERS = frozenset(Api(api.longer(path, "()")) for path in api.WRAPS_CHANNELS)


def entered(values: Values, env: Environment) -> Values:
    """What `with value as x` binds."""
    found = frozenset(value.value for value in values if isinstance(value, Wrapped) and value.how == "enter")
    for value in values:
        if isinstance(value, Channel | Server | Raises) or value in _WRAPPERS:
            found |= {value}
        elif isinstance(value, Instance):
            for name in ("__enter__", "__aenter__"):
                for function in get(env, value, name):
                    if isinstance(function, Function):
                        found |= env.state.returns.read(function.node)
    return found
