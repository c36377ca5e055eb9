"""Which modules share a run of the plugin: as many as can, for each run costs a tenth of a second and more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grpc2connect.schema import GrpcModule


@dataclass
class Batch:
    """Modules of one run: no two of the same proto name, no two whose files define the same name."""

    modules: dict[str, GrpcModule] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """The proto that each full name in the run belongs to."""

    def takes(self, module: GrpcModule, names: dict[str, str]) -> bool:
        """Add `module`, which brings `names`, if the run has room for it."""
        if module.proto in self.modules or any(self.owners.get(name, proto) != proto for name, proto in names.items()):
            return False
        self.modules[module.proto] = module
        self.owners.update(names)
        return True


def batches(modules: Sequence[GrpcModule]) -> list[Batch]:
    """The runs for `modules`. One import root fits in one, and so do several that do not contradict each other."""
    packages: dict[str, set[str]] = {}
    for module in modules:
        packages.setdefault(module.proto, set()).update(_packages(module))
    found: list[Batch] = []
    for module in modules:
        names = dict(_names(module, packages))
        if not any(batch.takes(module, names) for batch in found):
            found.append(Batch())
            found[-1].takes(module, names)
    return found


def likeness(module: GrpcModule) -> str:
    """Modules of equal likeness get the same text from the plugin: copies of one file in several places."""
    return repr((module.proto, module.services))


def _packages(module: GrpcModule) -> set[str]:
    return {service.full_name.rpartition(".")[0] for service in module.services}


def _names(module: GrpcModule, packages: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Full names of the services and the messages of a module, each with the proto that defines it."""
    for service in module.services:
        yield service.full_name, module.proto
        for method in service.methods:
            for place in (method.input_place, method.output_place):
                for package in packages.get(place.proto, ()) if place else ():
                    assert place is not None
                    yield f"{package}.{place.qualname.split('.')[0]}", place.proto
