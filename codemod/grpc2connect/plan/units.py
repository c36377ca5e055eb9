"""Units: one service and everything that touches it. Services that share a reference move together."""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.facts.references import Import, Reference, TypeUse, UnknownRpc
from grpc2connect.schema import Service


class Units:
    """Groups services that cannot move apart, and keeps which groups stay on gRPC."""

    def __init__(self, references: Iterable[Reference]) -> None:
        self._leader: dict[Service, Service] = {}
        self._left: dict[Service, str] = {}
        for reference in references:
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

    def leave(self, service: Service, why: str) -> bool:
        """Keep a service, and all that moves with it, on gRPC; whether that is news."""
        leader = self._find(service)
        if leader in self._left:
            return False
        self._left[leader] = why
        return True

    def why_left(self, service: Service) -> str | None:
        """Why a service stays on gRPC; None if it moves."""
        return self._left.get(self._find(service))

    def moves(self, reference: Reference) -> bool:
        """Whether a reference belongs to moving services only (or to none)."""
        return all(self.why_left(service) is None for service in reference.units)

    def stays(self, reference: Reference) -> bool:
        """Whether a reference belongs to services that all stay."""
        return bool(reference.units) and all(self.why_left(service) is not None for service in reference.units)

    @property
    def mixed(self) -> bool:
        """Whether some services of the program stay on gRPC."""
        return bool(self._left)

    @property
    def none_moves(self) -> bool:
        """Whether all services of the program stay on gRPC."""
        return all(self.why_left(service) is not None for service in self._leader)
