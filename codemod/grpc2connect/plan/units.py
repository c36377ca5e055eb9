"""Units: one service and everything that touches it.

Services that share a reference move together, unless it is a cut: a channel, a server or a context of the runtime takes
stubs and servicers that stay on gRPC as well as those that moved.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import (
    ChannelConstruction,
    ContextUse,
    HandedOver,
    HandlerDefinition,
    HandlerUse,
    Import,
    Registration,
    ServerConstruction,
    ServerUse,
    Servicer,
    StatusMember,
    TypeUse,
    UnknownRpc,
)
from grpc2connect.schema import Service
from grpc2connect.syntax import Module

_SERVING = (
    ContextUse,
    HandlerDefinition,
    HandlerUse,
    Registration,
    ServerConstruction,
    ServerUse,
    Servicer,
    StatusMember,
)
"""References to the serving side of a service: an error never comes from there."""


class Units:
    """Groups services that cannot move apart, and keeps which groups stay on gRPC."""

    def __init__(self, references: Iterable[Reference]) -> None:
        self._moving = _Groups()
        self._carried = _Groups()
        self._left: dict[Service, str] = {}
        self._causes: dict[Service, Reference] = {}
        self._by_module: dict[Module, set[Service]] = {}
        self._by_component: dict[object, set[Service]] = {}
        self._called: dict[object, set[Service]] = {}
        self.kept: set[Module] = set()
        self._kept_components: set[object] = set()
        self._used: set[Service] = set()
        self._given_away: set[Service] = set()
        for reference in references:
            if not isinstance(reference, Import):
                self._by_module.setdefault(reference.module, set()).update(reference.units)
                component = reference.facts.component(reference.module)
                self._by_component.setdefault(component, set()).update(reference.units)
                if isinstance(reference, HandedOver):
                    self._given_away.update(reference.units)
                elif not isinstance(reference, ChannelConstruction | ServerConstruction | TypeUse):
                    self._used.update(reference.units)
                if not isinstance(reference, _SERVING):
                    self._called.setdefault(component, set()).update(reference.units)
            if self.binds(reference, wire=True):
                self._carried.join(reference.units)
            if self.binds(reference):
                self._moving.join(reference.units)

    @staticmethod
    def binds(reference: Reference, *, wire: bool = False) -> bool:
        """Whether the services of a reference move only together, or (`wire`) have their calls carried together."""
        # Importing several services, or being spelled like one of their RPCs, binds none.
        return not isinstance(reference, Import | UnknownRpc) and (wire or not reference.cut)

    def leave(self, service: Service, why: str, cause: Reference | None = None) -> bool:
        """Keep a service, and all that moves with it, on gRPC, because of a reference if any; whether that is news."""
        leader = self._moving.leader(service)
        if leader in self._left:
            return False
        self._left[leader] = why
        if cause is not None:
            self._causes[leader] = cause
        return True

    def carried_with(self, service: Service) -> frozenset[Service]:
        """The services whose calls go over the same channels and servers as those of a service, directly or not."""
        return self._carried.members(service)

    def leave_what_is_alone(self) -> None:
        """Keep channels and servers that no known service uses where they are, unless what is around them moves.

        That is some service near them. In a part of the program without a service it is all of that part, which moves
        as one: every channel and server in it is used there, and nothing of it goes where it is not seen.
        """
        for component, services in self._by_component.items():
            named = {service for service in services if service.name}
            alone = services - named
            if named:
                why = "nothing near it moves" if all(map(self.why_left, named)) else ""
            else:
                why = self._why_whole_stays(component, alone)
            for service in alone if why else ():
                self.leave(service, why)

    def _why_whole_stays(self, component: object, alone: set[Service]) -> str:
        """Why a part of the program without a service stays on gRPC; "" if it moves."""
        if component in self._kept_components or any(map(self.why_left, alone)):
            return "something of this part of the program stays on gRPC"
        if alone & self._given_away:
            return "it is handed to code of which nothing is known, and no service near it moves"
        return "" if alone <= self._used else "nothing here uses it, and no service near it moves"

    def cause(self, service: Service) -> Reference | None:
        """The reference because of which a service stays on gRPC; None if it moves, or stays for another reason."""
        return self._causes.get(self._moving.leader(service))

    def why_left(self, service: Service) -> str | None:
        """Why a service stays on gRPC; None if it moves."""
        return self._left.get(self._moving.leader(service))

    def moves(self, reference: Reference) -> bool:
        """Whether a reference may move: it belongs to moving services, or to none where some service near it moves.

        A cut moves with any of its services. Where no service is near, nothing is known of what an error comes from,
        or what a channel is for.
        """
        if reference.units:
            some = any if reference.cut else all
            return some(self.why_left(service) is None for service in reference.units)
        if isinstance(reference, UnknownRpc):
            return not all(map(self.why_left, self.spelled(reference)))
        if reference.from_anywhere:
            called = self._called.get(reference.facts.component(reference.module))
            return not all(map(self.why_left, called or self.around(reference)))
        near = self._by_module.get(reference.module) or self.around(reference)
        return reference.module not in self.kept and not all(map(self.why_left, near))

    def split(self, reference: Reference) -> bool:
        """Whether some of a reference's services move, and some stay."""
        return len({self.why_left(service) is None for service in reference.units}) == 2

    def stays(self, reference: Reference) -> bool:
        """Whether a reference belongs to services that stay (or to none, in a file that stays)."""
        return not self.moves(reference)

    def mixed(self, reference: Reference) -> bool:
        """Whether some services of the part of the program around a reference stay on gRPC."""
        component = reference.facts.component(reference.module)
        return component in self._kept_components or any(map(self.why_left, self.around(reference)))

    def keep(self, reference: Reference) -> None:
        """Keep a file's references to no service in particular as they are: one of them has no other outcome."""
        self.kept.add(reference.module)
        self._kept_components.add(reference.facts.component(reference.module))

    def around(self, reference: Reference) -> frozenset[Service]:
        """The services of a reference's part of the program."""
        return frozenset(self._by_component.get(reference.facts.component(reference.module), ()))

    def spelled(self, reference: UnknownRpc) -> frozenset[Service]:
        """The services around a reference that have an RPC of its name."""
        return frozenset(service for service in self.around(reference) if service.method(reference.name))

    def of_file(self, reference: Reference) -> frozenset[Service]:
        """The services that a reference's file touches."""
        return frozenset(self._by_module.get(reference.module, ()))


class _Groups:
    """Services in groups that only ever grow together."""

    def __init__(self) -> None:
        self._leader: dict[Service, Service] = {}

    def leader(self, service: Service) -> Service:
        """The first by name of a service's group."""
        while (above := self._leader.setdefault(service, service)) != service:
            service = above
        return service

    def join(self, services: Iterable[Service]) -> None:
        """Make one group of the groups of some services."""
        leaders = sorted({self.leader(service) for service in services}, key=lambda service: service.full_name)
        for other in leaders[1:]:
            self._leader[other] = leaders[0]

    def members(self, service: Service) -> frozenset[Service]:
        """All services of a service's group."""
        leader = self.leader(service)
        return frozenset(other for other in list(self._leader) if self.leader(other) == leader)
