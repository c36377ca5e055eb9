"""G2C101: a generated servicer base becomes the generated Connect service.

Why: a Connect service derives from the protocol class of its colour, so that type checkers see its methods.

    - class Greeter(helloworld_pb2_grpc.GreeterServicer):
    + class Greeter(helloworld_connect.GreeterSync):

Bridged: the class mixes sync and async handlers (the runtime runs each kind as it is); the class has a metaclass, or
other bases that may. The generated class is a `Protocol`, whose metaclass and `__init__` do not go with others: the
runtime makes an ordinary class of it.

    - class Greeter(helloworld_pb2_grpc.GreeterServicer, Base):
    + class Greeter(ServicerBase[helloworld_connect.GreeterSync], Base):

A class that asks for the `__init__` after its base names it as it is then:

    - super(helloworld_pb2_grpc.GreeterServicer, self).__init__()
    + super(helloworld_connect.GreeterSync, self).__init__()

Source: protoc-gen-connectrpc 0.13, generated classes `Greeter` (async) and `GreeterSync`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Native, Outcome, edits, generated, rule, runtime
from grpc2connect.rules_api.references import Servicer


@rule("G2C101", on=Servicer)
def servicer(base: Servicer) -> Iterator[Outcome]:
    """A generated servicer base becomes the generated Connect service."""
    assert isinstance(base.node, ast.expr)
    service = base.service
    colours = base.facts.handler_colours(base.module, base.cls, service)
    name = service.connect_service if True in colours else service.connect_service_sync
    new = generated(base.stubs, name, base.node)
    edit = edits.replace(base.module, base.node, new)
    if base.facts.needs_plain_base(base.cls, base.base):
        edit = edits.replace(base.module, base.node, runtime("ServicerBase"), "[", new, "]")
        yield Bridged(edit, why="its other bases do not go with a Protocol")
    elif len(colours) == 2:
        yield Bridged(edit, why="sync and async handlers in one class")
    else:
        yield Native(edit)
