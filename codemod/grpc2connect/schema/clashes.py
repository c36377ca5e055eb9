"""Names that the Connect generator would give twice; found before anything is generated.

Source of the facts: `protoc-gen-connectrpc` 0.13 as tried: the last of two equal methods wins without a word, an RPC
that maps to `close` or `with_...` hides the client's own, and a message named like a generated class is shadowed.
"""

from __future__ import annotations

from collections import defaultdict

from grpc2connect.schema.model import Service

CLIENT_ATTRIBUTES = frozenset({"close"})
"""Public methods of `connectrpc.client.ConnectClient` and `ConnectClientSync` that the plugin does not escape."""
SERVICE_ATTRIBUTES = frozenset[str]()


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
    found.extend(_shadowed_messages(service))
    return found


def _shadowed_messages(service: Service) -> list[str]:
    classes = {
        service.connect_service,
        service.connect_service_sync,
        service.connect_client,
        service.connect_client_sync,
        service.connect_app,
        service.connect_app_sync,
    }
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
