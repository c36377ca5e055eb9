"""Words for places, expressions, values and references."""

from __future__ import annotations

import ast

from grpc2connect.facts import references as refs
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
    Rpc,
    Server,
    ServicerBase,
    Stub,
    StubClass,
    Value,
    Wrapped,
)
from grpc2connect.facts.reference import Reference
from grpc2connect.schema import Kind, Method, Service
from grpc2connect.syntax import Module

WIDTH = 72
"""How many characters of an expression are shown."""
_RPC_KINDS = {
    Kind.UNARY_UNARY: "unary",
    Kind.UNARY_STREAM: "server-streaming",
    Kind.STREAM_UNARY: "client-streaming",
    Kind.STREAM_STREAM: "bidirectional",
}


def source(module: Module, node: ast.AST) -> str:
    """An expression as the user wrote it, in quotes, on one line and not too long."""
    text = " ".join(module.source(node).split())
    return f"`{text if len(text) <= WIDTH else text[: WIDTH - 4].rstrip() + ' ...'}`"


def function_name(module: Module, node: ast.AST) -> str:
    """A function with the class it stands in: `Clients.users`."""
    if isinstance(node, ast.Lambda):
        return "the lambda"
    name: str = getattr(node, "name", "")
    cls = module.parents.get(node)
    return f"{cls.name}.{name}" if isinstance(cls, ast.ClassDef) else name


def rpc(service: Service, method: Method) -> str:
    """`the unary RPC users.v1.Users/GetUser`."""
    return f"the {_RPC_KINDS[method.kind]} RPC {service.full_name}/{method.name}"


def value(of: Value) -> str:
    """A value in words; empty for one that has none."""
    match of:
        case Stub(service, aio):
            return f"{_coloured(aio, 'stub')} of {service.full_name}"
        case Channel(aio):
            return _coloured(aio, "channel")
        case Server(aio):
            return _coloured(aio, "server")
        case Credentials():
            return "credentials"
        case Context(_, service):
            return f"the context of a handler{f' of {service.full_name}' if service else ''}"
        case Error():
            return "a gRPC error"
        case Call(service, method):
            return f"a call of {rpc(service, method)}"
        case Rpc(service, method):
            return rpc(service, method)
        case StubClass(service):
            return f"the stub class of {service.full_name}"
        case ServicerBase(service):
            return f"the servicer of {service.full_name}"
        case Adder(service):
            return f"what registers a {service.full_name}"
        case Wrapped(_, inner):
            return value(inner)
        case Function(module, node):
            return f"the function {function_name(module, node)}"
        case Class(_, node):
            return f"the class {node.name}"
        case Instance(cls):
            return f"an instance of the class {cls.node.name}"
        case Api(path):
            return path
    return ""


def reference(of: Reference) -> str:
    """What a reference is, in words that follow "is"."""
    service = min((service.full_name for service in of.units), default="")
    match of:
        case refs.Import():
            return "an import of generated code" if of.stubs is not None else "an import of gRPC's"
        case refs.Servicer():
            return f"the generated servicer of {of.service.full_name}, base of the class {of.cls.name}"
        case refs.HandlerDefinition():
            return f"the handler of {rpc(of.service, of.method)}"
        case refs.HandlerUse():
            return f"the handler {of.method.name}, named outside its definition"
        case refs.Registration():
            return f"the registration of a {of.service.full_name}"
        case refs.StubConstruction():
            return f"the making of {_coloured(of.aio, 'stub')} of {of.service.full_name}"
        case refs.ChannelConstruction():
            return f"the making of {_coloured(of.aio, 'channel')}"
        case refs.ServerConstruction():
            return f"the making of {_coloured(of.aio, 'server')}"
        case refs.ServerUse(name=name):
            return f"the method {name} of a server"
        case refs.ChannelUse(name=name):
            return f"the method {name} of a channel"
        case refs.RpcUse():
            spelled = rpc(next(iter(_with(of.units, of.method)), _unknown(service)), of.method)
            if of.call is None:
                return f"{spelled}, as a value"
            return f"a call of {spelled}{f', by its {of.variant}' if of.variant else ''}"
        case refs.CallUse(name=name):
            return f"the method {name} of a call object"
        case refs.ContextUse(name=name):
            return f"the method {name} of a handler's context"
        case refs.ErrorClass(role=role):
            return f"the class of gRPC's errors ({role})"
        case refs.ErrorUse(name=name):
            return f"the method {name} of a caught gRPC error"
        case refs.ErrorIdentity():
            return "a caught gRPC error, compared with a call"
        case refs.StatusMember(name=name):
            return f"the status code {name}"
        case refs.TypeUse(path=path):
            return f"the type {path}, {'in an annotation' if of.annotation else 'named'}"
        case refs.AddOnUse(path=path):
            return f"{path} of a package with services of its own"
        case refs.ApiUse(path=path):
            return f"{path} of gRPC's API"
        case refs.GeneratedUse(what=what):
            return f"the generated {what}, as a value"
        case refs.NamedByText():
            return "gRPC code named by a string"
        case refs.HandedOver(what=what, kind_of=kind):
            return f"{'' if kind == 'credentials' else 'a '}{kind}, handed to {what}, of which nothing is known"
        case refs.UnknownRpc(name=name):
            return f"an attribute spelled like the RPC {name}, of an object of which nothing is known"
    return of.kind


def _coloured(aio: bool | None, noun: str) -> str:
    return f"an aio {noun}" if aio else f"a {noun}"


def _with(services: frozenset[Service], method: Method) -> list[Service]:
    found = [service for service in services if service.method(method.name)]
    return sorted(found, key=lambda service: service.full_name)


def _unknown(name: str) -> Service:
    return Service(name, name, "", ())
