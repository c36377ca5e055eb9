"""What classes derive from that derived from a stub's class of gRPC."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from connectrpc.client import ConnectClient

from .foreign_channels import is_aio_channel
from .stand_ins import rpc_names, stub_on
from .stub_classes import is_client_class

__all__ = ["StubOf", "stub_types"]

C = TypeVar("C")

if TYPE_CHECKING:
    # As a type checker sees a class that is not known: it has any attribute, takes the place of any client, and what
    # derives from it may have methods of any name.
    class StubOf(Generic[C], Any):  # type: ignore[misc]
        """Stands for gRPC's `XStub` among the bases of a class: `class Greeting(StubOf[GreeterClientSync])`."""

        def __init__(self, channel: Any) -> None: ...

else:

    class StubOf:
        """Stands for gRPC's `XStub` among the bases of a class: `class Greeting(StubOf[GreeterClientSync])`.

        In brackets is the generated client, or both where channels may be async: `StubOf[XClientSync | XClient]`.

        What comes of it is one and the same ordinary class for a service. Its `__init__` takes a channel, as that of
        `XStub` does: one of this package, one of grpcio, or what stands in for one. It gives the object attributes
        with the names of the RPCs, which have gRPC's call signature and can be replaced; it does not have the client's
        own methods, so that a class may have some of these names: `def say_hello(self, name)`.

        Native form: a class that keeps a client in an attribute, and calls that.

        Source: generated stubs (grpcio-tools 1.85).
        """

        def __class_getitem__(cls, clients: Any) -> type[Any]:
            """Return the base class for a generated client, or for the sync and the async one."""
            return _base(*(get_args(clients) or (clients,)))


def stub_types(client_class: type[C], *others: type[Any]) -> tuple[type[C], ...]:
    """Return the classes that objects in a stub's place are of: `isinstance(it, stub_types(GreeterClientSync))`.

    Args:
        client_class: a generated client.
        others: the async one of the service as well, where it is not known which of them it is.

    Returns:
        They, and the class that `StubOf` makes of them. Type checkers take an object for the first one, as they take
        that of gRPC's class for a sync stub.

    Native form: the client's class.

    Source: generated stubs (grpcio-tools 1.85).
    """
    found: Any = (client_class, *others)
    return (*found, _base(*found))


@cache
def _base(client_class: Any, other: Any = None) -> type[Any]:
    if not all(is_client_class(one) for one in (client_class, other) if one is not None):
        raise TypeError(f"not a generated Connect client: {client_class!r}")
    found = {issubclass(one, ConnectClient): one for one in (client_class, other) if one is not None}

    def __init__(self: Any, channel: Any) -> None:
        chosen = found.get(is_aio_channel(channel), client_class)
        made = vars(stub_on(chosen, channel))
        for name in rpc_names(chosen):
            setattr(self, name, made[name])

    name = f"{client_class.__name__.removesuffix('Sync').removesuffix('Client')}Stub"
    __init__.__qualname__ = f"{name}.__init__"
    names = {"__module__": client_class.__module__, "__doc__": client_class.__doc__, "__init__": __init__}
    return type(name, (), names)
