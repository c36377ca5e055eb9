"""What code that is not here sees of gRPC through a library's public API, and is to go on seeing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc2connect.facts import api
from grpc2connect.facts.references import (
    ApiUse,
    CalledValue,
    CallUse,
    ChannelConstruction,
    ChannelUse,
    ContextUse,
    ErrorClass,
    ErrorIdentity,
    ErrorUse,
    GeneratedUse,
    HandlerDefinition,
    HandlerUse,
    Registration,
    RpcUse,
    ServerConstruction,
    ServerUse,
    Servicer,
    StatusMember,
    StubConstruction,
    StubsAtRunTime,
    TypeUse,
    UnknownRpc,
)

if TYPE_CHECKING:
    from grpc2connect.facts.kinds import Site
    from grpc2connect.facts.reference import Reference
    from grpc2connect.schema import Service

ERRORS = (ErrorClass, ErrorUse, ErrorIdentity, StatusMember)
"""What is said of an error, which can come from any call of its part of the program."""

_OF_SERVERS = (ServerConstruction, ServerUse)
_CALLING = (CallUse, ChannelUse, RpcUse, StubConstruction, StubsAtRunTime, UnknownRpc)
_SERVING = (ContextUse, HandlerDefinition, HandlerUse, Registration, Servicer)

_OF_SERVING = ("Server", "server", "Servicer", "Handler", "handler")
_OF_CLIENTS = ("channel", "client", "plugin")


def is_behind_bridge(reference: Reference) -> bool:
    """Whether a generated name is given to a bridge that an earlier run has put in."""
    return isinstance(reference, GeneratedUse) and bool(reference.bridge)


@dataclass(frozen=True)
class Shown:
    """The services, and the parts of the program, of which callers see something.

    `clients`, `servicers` and `servers` are the services whose channels and credentials, whose servicers and contexts,
    and whose servers are seen. `near` are the parts of the program (components) with any of them, `calling` and
    `serving` those where callers see what belongs to no known service, to call by or to serve by. `stubs` are the
    places of stubs that are Connect clients as well; `only` are names of private attributes that hold nothing else,
    whatever type is written there, and `attributes` those of public ones, which callers may assign.

    Errors go further than any analysis follows them. So all stubs near what is seen have errors that are gRPC's, and no
    clause there need change, whether callers see anything of the stub's service or not.
    """

    clients: frozenset[Service] = frozenset()
    servicers: frozenset[Service] = frozenset()
    servers: frozenset[Service] = frozenset()
    near: frozenset[object] = frozenset()
    calling: frozenset[object] = frozenset()
    serving: frozenset[object] = frozenset()
    stubs: frozenset[Site] = frozenset()
    only: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()

    def is_near(self, reference: Reference) -> bool:
        """Whether a reference stands in a part of the program of which callers see something."""
        return bool(self.near) and reference.facts.component(reference.module) in self.near

    def keeps(self, reference: Reference) -> bool:
        """Whether a reference is about what callers see, so that it goes on being gRPC's own."""
        if not self.is_near(reference):
            return False
        if isinstance(reference, (*ERRORS, *_CALLING)) or self._is_of_stubs(reference):
            return True
        named = frozenset(service for service in reference.units if service.name)
        if named:
            return bool(named & self._side(reference))
        if isinstance(reference, TypeUse) and reference.annotation:
            return True
        path = reference.path if isinstance(reference, TypeUse | ApiUse) else ""
        serves = isinstance(reference, (*_OF_SERVERS, *_SERVING)) or any(word in path for word in _OF_SERVING)
        if isinstance(reference, ApiUse) and not serves:
            return True  # what calls have, give and take; channels that move are in no such part of the program
        return reference.facts.component(reference.module) in (self.serving if serves else self.calling)

    @staticmethod
    def _is_of_stubs(reference: Reference) -> bool:
        if isinstance(reference, GeneratedUse | CalledValue):
            return reference.value in ("stub", "base", "static")
        return isinstance(reference, TypeUse) and any(one.stub_class == reference.path for one in reference.units)

    def _side(self, reference: Reference) -> frozenset[Service]:
        path = reference.path if isinstance(reference, TypeUse | ApiUse) else ""
        of_servers = path in ("grpc.Server", "grpc.aio.Server") or "server_credentials" in path
        if isinstance(reference, _OF_SERVERS) or of_servers:
            return self.servers
        of_servicer = any(path == service.servicer_class for service in reference.units)
        value = reference.value if isinstance(reference, GeneratedUse | CalledValue) else ""
        if value in ("registration", "servicer"):
            return self.servicers
        if isinstance(reference, _SERVING) or path in api.CONTEXT_TYPES or of_servicer:
            return self.servicers
        of_clients = isinstance(reference, ChannelConstruction | TypeUse)
        of_clients = of_clients or any(word in path.lower() for word in _OF_CLIENTS)
        return self.clients if of_clients else self.clients | self.servicers | self.servers
