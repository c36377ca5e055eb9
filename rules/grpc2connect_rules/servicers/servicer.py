"""G2C101: a generated servicer base becomes the generated Connect service.

Why: a Connect service derives from the protocol class of its colour, so that type checkers see its methods.

    - class Greeter(helloworld_pb2_grpc.GreeterServicer):
    + class Greeter(helloworld_connect.GreeterSync):

Bridged: the class mixes sync and async handlers; the runtime runs each kind as it is.
Left: the class has a metaclass of its own (the generated class is a `Protocol`, which has one too).

Source: protoc-gen-connectrpc 0.13, generated classes `Greeter` (async) and `GreeterSync`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Native, Outcome, edits, generated, rule
from grpc2connect.rules_api.references import Servicer


@rule("G2C101", on=Servicer)
def servicer(base: Servicer) -> Iterator[Outcome]:
    """A generated servicer base becomes the generated Connect service."""
    assert isinstance(base.node, ast.expr)
    if any(keyword.arg == "metaclass" for keyword in base.cls.keywords):
        yield Left("a metaclass cannot be combined with a Connect service", advice="drop the metaclass, then run again")
        return
    service = base.service
    colours = base.facts.handler_colours(base.module, base.cls, service)
    name = service.connect_service if True in colours else service.connect_service_sync
    edit = edits.replace(base.module, base.node, generated(base.stubs, name, base.node))
    if len(colours) == 2:
        yield Bridged(edit, why="sync and async handlers in one class")
    else:
        yield Native(edit)
