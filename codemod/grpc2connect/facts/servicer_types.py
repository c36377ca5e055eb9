"""Annotations by the class of a servicer."""

from __future__ import annotations

import ast

from grpc2connect.facts import references as refs
from grpc2connect.facts.facts import Facts
from grpc2connect.schema import Service
from grpc2connect.syntax import Module


def servicer_type(facts: Facts, module: Module, node: ast.expr, service: Service) -> refs.TypeUse:
    """An annotation by a servicer's class, or by the class of static methods that some servicers derive from."""
    units, stubs = frozenset({service}), facts.stubs_of[service]
    return refs.TypeUse(
        facts, module, node, units, ("names the servicer",), path=service.servicer_class, stubs=stubs, service=service,
        aio=_colour(facts, service),
    )  # fmt: skip


def _colour(facts: Facts, service: Service) -> bool | None:
    """Whether all servicers of a service are async; None where some are, and others are not."""
    colours = {
        colour
        for cls, services in facts.state.servicers.items()
        if service in services
        for colour in facts.handler_colours(cls.module, cls.node, service)
    }
    return None if len(colours) == 2 else True in colours
