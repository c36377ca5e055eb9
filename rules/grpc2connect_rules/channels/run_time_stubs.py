"""G2C410: stubs that grpcio makes of a proto when the program runs become a generated module beside the proto.

    - greeter_pb2, greeter_pb2_grpc = grpc.protos_and_services("greeter.proto")
    + greeter_pb2 = proto_messages("greeter.proto")
      ...
    - stub = greeter_pb2_grpc.GreeterStub(channel)
    + stub = channel.client(greeter_connect.GreeterClientSync)

Why: connectrpc has generated modules only. The messages are still made by grpcio-tools when the program runs, as they
were, so that nothing has to be generated that must fit the protobuf which the program has.

A module of services that goes as a value becomes an object with its names (`generated_names`).

Native form: run protoc when the program is built, and import what it made.

Left: a proto that is not named by a literal, or is not found in a folder that imports of the file start from.

Source: grpc.protos, grpc.services, grpc.protos_and_services (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import StubsAtRunTime
from grpc2connect_rules.typing.values import names_of

_MESSAGES = "proto_messages"


@rule("G2C410", on=StubsAtRunTime)
def stubs_at_run_time(use: StubsAtRunTime) -> Iterator[Outcome]:
    """Stubs that are made when the program runs become a generated module."""
    module, node, call = use.module, use.node, use.call
    why = "the native form is to run protoc when the program is built"
    statement = module.statement(call)
    if use.path == "grpc.protos":
        yield Bridged(edits.replace(module, node, runtime(_MESSAGES)), why=why)
    elif use.path == "grpc.services" and use.needless:
        yield Bridged(edits.delete_statement(module, statement), why=why)
    elif use.path == "grpc.services":
        yield Bridged(edits.replace(module, call, *names_of(use.stubs, node)), why=why)
    elif use.needless:
        assert isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple)
        target = statement.targets[0]
        changes = [edits.replace(module, target, target.elts[0]), edits.replace(module, node, runtime(_MESSAGES))]
        yield Bridged(changes, why=why)
    else:
        both = ("(", runtime(_MESSAGES), "(", call.args[0], "), ", *names_of(use.stubs, node), ")")
        yield Bridged(edits.replace(module, call, *both), why=why)
