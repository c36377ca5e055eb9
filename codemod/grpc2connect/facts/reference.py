"""What all gRPC references have in common."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.results import Place

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module


@dataclass(frozen=True, eq=False)
class Reference:
    """An expression or statement whose meaning depends on gRPC.

    `units` are the services it belongs to; empty where that cannot be told (an error class, a status code).
    `evidence` is how the facts know, in short.
    """

    facts: Facts = field(repr=False)
    module: Module = field(repr=False)
    node: ast.AST
    units: frozenset[Service]
    evidence: tuple[str, ...] = ()

    @property
    def behaviour(self) -> bool:
        """Whether the reference does something when the program runs (imports and annotations do not)."""
        return True

    @property
    def cut(self) -> bool:
        """Whether services that move and services that stay can share it, since the runtime's object serves both."""
        return False

    @property
    def holds(self) -> bool:
        """Whether its services cannot move where its file stays: it is about a stub, a call, a servicer of them."""
        return not self.cut

    @property
    def from_anywhere(self) -> bool:
        """Whether what it meets at run time can come from any service of its part of the program, as an error can."""
        return False

    @property
    def among_all(self) -> bool:
        """Whether it asks if services stay anywhere in its part of the program, not among its own alone."""
        return False

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.module.place(self.node)

    @property
    def where(self) -> str:
        """Where it stands, as what is said of other places names it: from the project's folder."""
        place = self.place
        path = Path(os.path.relpath(place.path, self.facts.program.top))
        return f"{path.as_posix()}:{place.line}:{place.column}"

    @property
    def text(self) -> str:
        """Its first line as the user wrote it."""
        return self.module.source(self.node).partition("\n")[0].strip()

    @property
    def kind(self) -> str:
        """Its kind, for people."""
        return type(self).__name__


@dataclass(frozen=True, eq=False)
class SharedReference(Reference):
    """A reference to what several services may use, whether they move or not: a channel, a server, a context."""

    @property
    def cut(self) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, eq=False)
class NamedReference(Reference):
    """A reference to a name of grpc or an add-on, by its full path."""

    path: str = field(kw_only=True)

    @property
    def from_anywhere(self) -> bool:
        """Whether an error may be asked here whether it is a call: `isinstance(error, grpc.Call)`."""
        parent = self.module.parents[self.node]
        derived = isinstance(parent, ast.ClassDef)
        called = isinstance(parent, ast.Call) and parent.func is self.node
        return self.path in ("grpc.Call", "grpc.Future") and not derived and not called
