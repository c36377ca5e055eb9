"""The abstract values of the inference: what an expression can be at run time, as far as gRPC is concerned."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc2connect.schema import GrpcModule, Method, Service
    from grpc2connect.syntax import Module


@dataclass(frozen=True)
class Site:
    """The place in the program where a channel, server, stub, call or error comes from."""

    path: str
    offset: int


class Value:
    """Base of all abstract values; compared by content, so that a fixpoint can be seen."""

    __slots__ = ()


Values = frozenset[Value]
NOTHING: Values = frozenset()


@dataclass(frozen=True)
class Api(Value):
    """A name of grpc or one of its add-ons: `grpc.aio.server`, `grpc.StatusCode.OK`, `grpc_status.rpc_status`."""

    path: str


@dataclass(frozen=True, eq=False, repr=False)
class _ByIdentity(Value):
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place()})"

    def _key(self) -> object:
        raise NotImplementedError

    def _place(self) -> str:
        """Where it stands, the same in every run, so that values can be put in order."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class StubsModule(_ByIdentity):
    """A generated `*_pb2_grpc` module."""

    module: GrpcModule

    def _key(self) -> object:
        return id(self.module)

    def _place(self) -> str:
        return self.module.key


@dataclass(frozen=True)
class MessagesModule(Value):
    """A generated `*_pb2` module, by the dotted name it was imported under, and its path where that is known."""

    dotted: str
    path: str = ""


@dataclass(frozen=True)
class Message(Value):
    """A class or instance of a generated message; which one does not matter here."""


@dataclass(frozen=True)
class StubClass(Value):
    """The generated class `GreeterStub`."""

    service: Service
    aio: bool | None = None


@dataclass(frozen=True)
class ServicerBase(Value):
    """The generated class `GreeterServicer`."""

    service: Service


@dataclass(frozen=True)
class Served(Value):
    """An object of which only an annotation says that it is a servicer: `wrapped: GreeterServicer`."""

    service: Service


@dataclass(frozen=True)
class Adder(Value):
    """The generated function `add_GreeterServicer_to_server`; `bound` where it is the method of an instance."""

    service: Service
    bound: Value | None = None


@dataclass(frozen=True)
class ExperimentalApi(Value):
    """The generated class of static methods `Greeter` (gRPC's experimental API)."""

    service: Service


@dataclass(frozen=True)
class Channel(Value):
    """A channel made at `site`; `site` is None where only its type is known (annotation)."""

    aio: bool
    site: Site | None


@dataclass(frozen=True)
class Stub(Value):
    """A stub made at `site` on the channels made at `channels`."""

    service: Service
    aio: bool | None
    site: Site | None


@dataclass(frozen=True)
class Rpc(Value):
    """A stub's method as a value: `stub.SayHello`."""

    service: Service
    method: Method
    aio: bool | None


@dataclass(frozen=True)
class RpcVariant(Value):
    """`stub.SayHello.with_call` or `.future`."""

    rpc: Rpc
    name: str


@dataclass(frozen=True)
class Call(Value):
    """What calling a stub's method gives where that is a call object: streams, every aio call, futures."""

    service: Service
    method: Method
    aio: bool | None
    site: Site


@dataclass(frozen=True)
class Server(Value):
    """A server made at `site`."""

    aio: bool
    site: Site | None


@dataclass(frozen=True)
class MovedChannel(Channel):
    """A channel that the runtime makes, in code that has moved; gRPC's stubs may still be made on it."""


@dataclass(frozen=True)
class MovedServer(Server):
    """A server of the runtime, in code that has moved; gRPC's servicers may still be registered on it."""


@dataclass(frozen=True)
class MovedStub(Value):
    """A client in code that has moved, which answers to the names of its RPCs; nothing of it is gRPC's any more.

    `service` is None where it cannot be told.
    """

    service: Service | None = None


@dataclass(frozen=True)
class Credentials(Value):
    """Credentials of a channel, of calls or of a server, made at `site`; None where only their type is known.

    `of` is "channel", "call" or "server".
    """

    site: Site | None
    of: str


@dataclass(frozen=True)
class Context(Value):
    """The servicer context of a handler of `service` (None where only its type is known)."""

    aio: bool
    service: Service | None


@dataclass(frozen=True)
class MovedContext(Context):
    """The context of a handler that has moved; a function that it is handed to may have gRPC's contexts too."""


@dataclass(frozen=True)
class Error(Value):
    """A caught `RpcError`, or one that the program made itself."""

    aio: bool | None
    made: bool = False


@dataclass(frozen=True)
class MaybeError(Value):
    """What a broad clause caught: an `RpcError`, or anything else."""


@dataclass(frozen=True)
class Raises(Value):
    """The object that `pytest.raises(grpc.RpcError)` or `assertRaises` gives."""


@dataclass(frozen=True)
class Status(Value):
    """A `StatusCode` member; `name` is "" where any member is possible."""

    name: str = ""


@dataclass(frozen=True)
class Member(Value):
    """A bound method or attribute of one of the grpc objects above: `context.abort`, `server.start`."""

    owner: Value
    name: str


@dataclass(frozen=True, eq=False, repr=False)
class Function(_ByIdentity):
    """A function of the program; `self_value` is what its first parameter is bound to, if bound."""

    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    self_value: Value | None = None

    def _key(self) -> object:
        return (id(self.node), self.self_value)

    def _place(self) -> str:
        return f"{self.module.path}:{self.node.lineno}:{self.node.col_offset} {self.self_value!r}"


@dataclass(frozen=True, eq=False, repr=False)
class Class(_ByIdentity):
    """A class of the program."""

    module: Module
    node: ast.ClassDef

    def _key(self) -> object:
        return id(self.node)

    def _place(self) -> str:
        return f"{self.module.path}:{self.node.lineno}:{self.node.col_offset}"


@dataclass(frozen=True)
class Instance(Value):
    """An instance of a class of the program."""

    cls: Class


@dataclass(frozen=True)
class Super(Value):
    """`super()` inside a method of a class of the program."""

    cls: Class


@dataclass(frozen=True, eq=False, repr=False)
class ProgramModule(_ByIdentity):
    """A module of the program."""

    module: Module

    def _key(self) -> object:
        return id(self.module)

    def _place(self) -> str:
        return str(self.module.path)


@dataclass(frozen=True)
class Package(Value):
    """A dotted import prefix (a package, maybe without a file) whose submodules are looked up by name."""

    dotted: str
    importer: str


@dataclass(frozen=True)
class Partial(Value):
    """`functools.partial` of a function or class whose first `count` arguments are given."""

    callee: Value
    count: int


@dataclass(frozen=True)
class Wrapped(Value):
    """A value inside something.

    `how` is "item", "tuple:N" or "key:NAME" (containers), "field:NAME" (objects of which nothing else is known),
    "await" or "enter".
    """

    how: str
    value: Value


def unwrapped(value: Value) -> Value:
    """A value itself, out of all that it is in."""
    while isinstance(value, Wrapped):
        value = value.value
    return value


@dataclass(frozen=True)
class Builtin(Value):
    """A name of the standard library that the inference models, for example `contextlib.contextmanager`."""

    path: str


_OTHERS = (
    Function, Class, Instance, Super, ProgramModule, Package, Builtin, Message, MessagesModule, MaybeError,
    Partial,
)  # fmt: skip


_TELLS_NOTHING = (Package, Builtin, Message, MessagesModule, Wrapped)


def worth_following(values: Values) -> Values:
    """The values that may lead to gRPC from wherever they are kept: not what is of libraries, or lies in containers."""
    return frozenset(v for v in values if is_grpc(v) or not isinstance(v, _TELLS_NOTHING))


def without_libraries(values: Values) -> Values:
    """The values but for modules and names of libraries, of which a function that is given them learns nothing."""
    if not any(isinstance(value, Package | Builtin) for value in values):
        return values
    return frozenset(value for value in values if not isinstance(value, Package | Builtin))


def is_grpc(value: Value) -> bool:
    """Whether a value is gRPC's own (and not a function, class or module of the program)."""
    value = unwrapped(value)
    return not (isinstance(value, _OTHERS) or has_moved(value))


def has_moved(value: Value) -> bool:
    """Whether a value is one of the runtime's, or a method of one."""
    owner = value.owner if isinstance(value, Member) else value
    return isinstance(owner, MovedChannel | MovedServer | MovedContext)
