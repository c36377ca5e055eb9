"""Whose an import is: grpcio's, or of code that is generated for it."""

from __future__ import annotations

import ast

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import Adder, Api, ExperimentalApi, ServicerBase, Status, StubClass, StubsModule


def is_grpcio(facts: Facts, alias: ast.alias) -> bool:
    """Whether an import is of something of grpcio, or of an add-on."""
    return any(isinstance(value, Api | Status) for value in facts.values(alias))


def is_ours(facts: Facts, alias: ast.alias) -> bool:
    """Whether an import is gRPC's or of its generated code, so that it goes when nothing uses it any more."""
    kinds = Api | Status | StubsModule | StubClass | ServicerBase | Adder | ExperimentalApi
    return any(isinstance(value, kinds) for value in facts.values(alias))
