"""Names that the Connect generator would give twice; found before anything is generated.

Source of the facts: `protoc-gen-connectrpc` 0.13 as tried: the last of two equal methods wins without a word, an RPC
that maps to `close` or `with_...` hides the client's own, and a message named like a generated class is shadowed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from grpc2connect.schema.model import Service

CLIENT_ATTRIBUTES = frozenset({"close"})
"""Public methods of `connectrpc.client.ConnectClient` and `ConnectClientSync` that the plugin does not escape."""
IMPORTED = frozenset(
    {
        "Code",
        "ConnectASGIApplication",
        "ConnectClient",
        "ConnectClientSync",
        "ConnectError",
        "ConnectWSGIApplication",
        "DEFAULT_READ_MAX_BYTES",
        "Endpoint",
        "EndpointSync",
        "GzipCompression",
        "IdempotencyLevel",
        "MethodInfo",
        "Protocol",
        "ProtocolType",
        "StreamType",
    }
)
"""Names that a generated module imports and uses when it runs; the plugin lets its own classes hide them."""


def clashes(service: Service) -> list[str]:
    """One line for each clash in `service`, in the order of its methods; empty if there is none."""
    found = []
    by_name = defaultdict(list)
    for method in service.methods:
        by_name[method.python_name].append(method.name)
    for name, rpcs in by_name.items():
        if len(rpcs) > 1:
            found.append(f"the RPCs {' and '.join(rpcs)} of {service.full_name} would both be called {name}")
        if name in CLIENT_ATTRIBUTES:
            found.append(f"the RPC {rpcs[0]} of {service.full_name} would hide {name}() of the generated client")
    found.extend(_hidden_imports(service))
    found.extend(_shadowed_messages(service))
    return found


def module_clashes(services: Sequence[Service]) -> list[str]:
    """The clashes of each of `services`, which share a module, and those between them."""
    found = [line for service in services for line in clashes(service)]
    owners: dict[str, Service] = {}
    for service in services:
        for name in generated_classes(service):
            other = owners.setdefault(name, service)
            if other is not service:
                found.append(f"the services {other.full_name} and {service.full_name} would both have a class {name}")
    return found


def generated_classes(service: Service) -> tuple[str, ...]:
    """The classes that the plugin makes of a service."""
    return (
        service.connect_service,
        service.connect_app,
        service.connect_client,
        service.connect_service_sync,
        service.connect_app_sync,
        service.connect_client_sync,
    )


def _hidden_imports(service: Service) -> list[str]:
    return [
        f"the class {name} of {service.full_name} would hide what the generated module imports by that name"
        for name in generated_classes(service)
        if name in IMPORTED
    ]


def _shadowed_messages(service: Service) -> list[str]:
    classes = set(generated_classes(service))
    messages = {}
    for method in service.methods:
        for full_name, place in ((method.input, method.input_place), (method.output, method.output_place)):
            top = place.qualname.split(".")[0] if place else full_name.rpartition(".")[2]
            if top in classes:
                messages[full_name] = top
    return [
        f"the message {full_name} would be hidden by the generated class {top} of {service.full_name}"
        for full_name, top in messages.items()
    ]
