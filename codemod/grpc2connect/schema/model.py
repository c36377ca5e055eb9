"""What the rest of the engine knows of generated gRPC code: services, their methods, and the modules they stand in."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from grpc2connect.schema.naming import service_name


class Kind(enum.Enum):
    """The four kinds of RPC, by the name of the channel's and the handler's method for each."""

    UNARY_UNARY = "unary_unary"
    UNARY_STREAM = "unary_stream"
    STREAM_UNARY = "stream_unary"
    STREAM_STREAM = "stream_stream"


@dataclass(frozen=True)
class Pb2Import:
    """How a generated module imports a messages module.

    `module` is the dotted module as written (`pkg.v1.x_pb2`, or `x_pb2` for `from . import x_pb2`), `level` the
    number of leading dots, `alias` the name it is bound to.
    """

    module: str
    level: int
    alias: str

    @property
    def written(self) -> str:
        """The module as a `from` statement names it, with its dots."""
        return "." * self.level + self.module


@dataclass(frozen=True)
class MessagePlace:
    """Where a message class is: the proto file that defines it, and its Python name there (`Outer.Inner`).

    `source` is the import that brings it into the stubs, where there are stubs.
    """

    proto: str
    qualname: str
    source: Pb2Import | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Method:
    """An RPC.

    `name` is as in the proto, `python_name` as the Connect generator spells it. `input` and `output` are full message
    names without a leading dot; `input_place` and `output_place` say where their Python classes are. `idempotency` is
    the name of the proto option's value. `comment` is the proto's, where the proto is at hand.
    """

    name: str
    python_name: str
    client_streaming: bool
    server_streaming: bool
    input: str
    output: str
    input_place: MessagePlace | None = field(default=None, compare=False)
    output_place: MessagePlace | None = field(default=None, compare=False)
    idempotency: str = field(default="IDEMPOTENCY_UNKNOWN", compare=False)
    comment: str = field(default="", compare=False)

    @property
    def kind(self) -> Kind:
        """Which of the four kinds it is."""
        client = "stream" if self.client_streaming else "unary"
        return Kind(f"{client}_{'stream' if self.server_streaming else 'unary'}")


@dataclass(frozen=True)
class Service:
    """A service: `full_name` with its package, `name` without, the `proto` file that defines it, and its RPCs.

    `origin` is the generated module that holds it here: copies of one service in several places of a repository are
    different services to a migration, since their code moves at different times. `moved` stands for what of it an
    earlier run has moved, beside what has not.
    """

    full_name: str
    name: str
    proto: str
    methods: tuple[Method, ...] = field(compare=False, repr=False)
    comment: str = field(default="", compare=False, repr=False)
    origin: str = ""
    moved: bool = False

    @property
    def stub_class(self) -> str:
        """The gRPC client class."""
        return f"{self.name}Stub"

    @property
    def servicer_class(self) -> str:
        """The gRPC base class of implementations."""
        return f"{self.name}Servicer"

    @property
    def adder(self) -> str:
        """The gRPC function that registers an implementation."""
        return f"add_{self.name}Servicer_to_server"

    @property
    def connect_service(self) -> str:
        """The Connect protocol class of async implementations."""
        return service_name(self.name)

    @property
    def connect_service_sync(self) -> str:
        """The Connect protocol class of blocking implementations."""
        return f"{service_name(self.name)}Sync"

    @property
    def connect_client(self) -> str:
        """The async Connect client class."""
        return f"{service_name(self.name)}Client"

    @property
    def connect_client_sync(self) -> str:
        """The blocking Connect client class."""
        return f"{service_name(self.name)}ClientSync"

    @property
    def connect_app(self) -> str:
        """The ASGI application class."""
        return f"{service_name(self.name)}ASGIApplication"

    @property
    def connect_app_sync(self) -> str:
        """The WSGI application class."""
        return f"{service_name(self.name)}WSGIApplication"

    def method(self, name: str) -> Method | None:
        """The RPC called `name` in the proto."""
        return next((method for method in self.methods if method.name == name), None)


def by_name(services: Iterable[Service]) -> list[Service]:
    """Services in the order of their names; copies of one in that of where they are."""
    return sorted(services, key=lambda service: (service.full_name, service.origin))


@dataclass(frozen=True)
class GrpcModule:
    """A `*_pb2_grpc` module.

    `path` is None if it is not on disk (built elsewhere: its proto is known); `dotted` is its import name where that
    is known or can be told from the layout; `proto` is the name of the proto file as protoc was given it, or as the
    layout suggests. `installed` ones stand in the environment, not in the repository. A module that defines no
    service is known too. `made_of` is the proto of one that grpcio makes when the program runs, and that is nowhere.
    `built_of` is the file in the project, a proto or a messages module, that tells of one that is built elsewhere, and
    `twin` where its Connect module goes, once that is known. `own_codecs` are what a person has put in the place of
    (de)serializers that protoc wrote: a Connect module would not have them.
    """

    path: Path | None
    dotted: str | None = field(compare=False)
    services: tuple[Service, ...]
    proto: str
    pb2_imports: tuple[Pb2Import, ...] = ()
    installed: bool = False
    made_of: Path | None = None
    built_of: Path | None = field(default=None, compare=False)
    twin: Path | None = None
    own_codecs: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return str(self.path or self.made_of or self.dotted)

    def __post_init__(self) -> None:
        origin = str(self.path or self.made_of or self.proto)
        object.__setattr__(self, "services", tuple(replace(service, origin=origin) for service in self.services))


@dataclass(frozen=True)
class Pb2Module:
    """A `*_pb2` module, with the same meaning of the fields as in `GrpcModule`."""

    path: Path | None
    dotted: str | None = field(compare=False)
    proto: str
    installed: bool = False
