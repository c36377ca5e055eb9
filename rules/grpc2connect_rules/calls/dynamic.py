"""G2C504, G2C505: what is named only at run time.

G2C504: an attribute of a servicer by name (`getattr(servicer, name)`), all those of a stub (`vars(stub)`), or a gRPC
name in a string (`patch("app.greeter_pb2_grpc.GreeterStub")`), keeps its service on gRPC: the name would have to change
with the code.

A literal name asked of what is surely a stub is known.

    - ask = getattr(stub, "SayHello")
    + ask = unary_unary(stub.say_hello)

    Native form: the client's bound method, `client.say_hello`, where the method is known.

Any other name is asked for when it runs: a client that the stub has become has its RPCs.

    - ask = getattr(stub, name)
    + ask = stub_attribute(stub, name)

G2C505: a stub, channel or server that is handed to code of which nothing is known is reported. The stub is a Connect
client afterwards; the runtime's channel and server take what grpcio's take (stubs, servicers, generic handlers).
Credentials handed to such code stay, with what else is made with them: grpcio takes none of the runtime's.

Source: Python's `getattr`, `unittest.mock.patch`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Native, Outcome, Severity, edits, rule, runtime
from grpc2connect.rules_api.references import HandedOver, NamedByText


@rule("G2C504", on=NamedByText)
def named(use: NamedByText) -> Iterator[Outcome]:
    """What is named by a string keeps its service on gRPC, unless it is known what that is."""
    call, method = use.node, use.method
    if method is not None and isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        module = use.module
        changes = [edits.replace(module, call.args[1], f'"{method.python_name}"')]
        if call.func.id == "hasattr":
            yield Native(changes)
            return
        kind = runtime(method.kind.name.lower())
        changes = [edits.replace(module, call, kind, "(", call.args[0], f".{method.python_name})")]
        yield Bridged(changes, why="what calls it has gRPC's arguments")
        return
    if use.of_stub and isinstance(call, ast.Call):
        change = edits.replace(use.module, call.func, runtime("stub_attribute"))
        yield Bridged(change, why="which RPC this is shows only when it runs")
        return
    yield Left(f"{use.what} names gRPC code by a string", advice="name the method in code, or move this by hand")


@rule("G2C505", on=HandedOver)
def handed_over(use: HandedOver) -> Iterator[Outcome]:
    """A stub, channel or server that is handed to unknown code is reported."""
    if use.kind_of == "credentials":
        yield Left(
            f"credentials are handed to {use.what}, of which nothing is known",
            advice="make those in a part of the program that has no gRPC services, or keep this service on gRPC",
        )
        return
    if use.kind_of == "stub":
        advice = "see that it does not call the stub by gRPC's names"
    else:
        advice = f"see that it only makes {'stubs' if use.kind_of == 'channel' else 'servicers'} on it"
    yield Bridged(
        why="the code that takes it is not known",
        finding=f"a {use.kind_of} is handed to {use.what}, of which nothing is known",
        advice=advice,
        severity=Severity.WARNING,
    )
