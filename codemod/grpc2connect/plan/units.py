"""Units: one service and everything that touches it. Services that share a reference move together."""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.facts.references import Import, Reference, TypeUse, UnknownRpc
from grpc2connect.schema import Service
from grpc2connect.syntax import Module


class Units:
    """Groups services that cannot move apart, and keeps which groups stay on gRPC."""

    def __init__(self, references: Iterable[Reference]) -> None:
        self._leader: dict[Service, Service] = {}
        self._left: dict[Service, str] = {}
        self._causes: dict[Service, Reference] = {}
        self._by_module: dict[Module, set[Service]] = {}
        self._by_component: dict[object, set[Service]] = {}
        self.kept: set[Module] = set()
        self._kept_components: set[object] = set()
        for reference in references:
            if not isinstance(reference, Import):
                self._by_module.setdefault(reference.module, set()).update(reference.units)
                component = reference.facts.component(reference.module)
                self._by_component.setdefault(component, set()).update(reference.units)
            services = sorted(reference.units, key=lambda service: service.full_name)
            for service in services:
                self._leader.setdefault(service, service)
            # Importing or naming several services, or being spelled like one of their RPCs, binds none together.
            if not isinstance(reference, Import | TypeUse | UnknownRpc):
                for service in services[1:]:
                    self._merge(services[0], service)

    def _find(self, service: Service) -> Service:
        while self._leader[service] != service:
            service = self._leader[service]
        return service

    def _merge(self, one: Service, other: Service) -> None:
        first, second = sorted((self._find(one), self._find(other)), key=lambda service: service.full_name)
        self._leader[second] = first

    def leave(self, service: Service, why: str, cause: Reference | None = None) -> bool:
        """Keep a service, and all that moves with it, on gRPC, because of a reference if any; whether that is news."""
        leader = self._find(service)
        if leader in self._left:
            return False
        self._left[leader] = why
        if cause is not None:
            self._causes[leader] = cause
        return True

    def cause(self, service: Service) -> Reference | None:
        """The reference because of which a service stays on gRPC; None if it moves, or stays for another reason."""
        return self._causes.get(self._find(service))

    def around(self, reference: Reference) -> frozenset[Service]:
        """The services of the part of the program around a reference."""
        return frozenset(self._by_component.get(reference.facts.component(reference.module), ()))

    def why_left(self, service: Service) -> str | None:
        """Why a service stays on gRPC; None if it moves."""
        return self._left.get(self._find(service))

    def moves(self, reference: Reference) -> bool:
        """Whether a reference may move: it belongs to moving services, or to none where some service near it moves.

        Where no service is near, nothing is known of what an error comes from, or what a channel is for.
        """
        if reference.units:
            return all(self.why_left(service) is None for service in reference.units)
        near = self._near(reference)
        return reference.module not in self.kept and not all(map(self.why_left, near))

    def stays(self, reference: Reference) -> bool:
        """Whether a reference belongs to services that stay (or to none, in a file that stays)."""
        return not self.moves(reference)

    def mixed(self, reference: Reference) -> bool:
        """Whether some services of the part of the program around a reference stay on gRPC."""
        component = reference.facts.component(reference.module)
        return component in self._kept_components or any(map(self.why_left, self._by_component.get(component, ())))

    def keep(self, reference: Reference) -> None:
        """Keep a file's references to no service in particular as they are: one of them has no other outcome."""
        self.kept.add(reference.module)
        self._kept_components.add(reference.facts.component(reference.module))

    def _near(self, reference: Reference) -> frozenset[Service]:
        """The services of a reference's file; those of its part of the program if the file has none."""
        around = self._by_component.get(reference.facts.component(reference.module), set())
        return frozenset(self._by_module.get(reference.module) or around)

    def spelled(self, reference: UnknownRpc) -> frozenset[Service]:
        """The services around a reference that have an RPC of its name."""
        around = self._by_component.get(reference.facts.component(reference.module), set())
        return frozenset(service for service in around if service.method(reference.name))

    def of_file(self, reference: Reference) -> frozenset[Service]:
        """The services that a reference's file touches."""
        return frozenset(self._by_module.get(reference.module, ()))
