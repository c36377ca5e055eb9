"""An ordinary base class from a generated Connect service."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .type_parameters import Open

__all__ = ["ServicerBase", "servicer_base"]

S = TypeVar("S")

if TYPE_CHECKING:

    class ServicerBase(Generic[S], Open):
        """An ordinary base class, as `servicer_base` makes it: `class Greeter(ServicerBase[GreeterSync], Base)`."""

else:

    class ServicerBase:
        """An ordinary base class, as `servicer_base` makes it: `class Greeter(ServicerBase[GreeterSync], Base)`.

        In this form type checkers know that it is a class.

        Native form, and source: as of `servicer_base`.
        """

        def __class_getitem__(cls, service: Any) -> type[Any]:
            """Return the base class for a generated service class."""
            return servicer_base(service)


@cache
def servicer_base(service: type[Any]) -> type[Any]:
    """Return a plain class with the methods of a generated service class, for servicers that have other bases.

    Generated services are `Protocol` classes: their metaclass conflicts with others, and their `__init__` ends a chain
    of `super().__init__(...)` that gRPC's plain servicers let through.

    Args:
        service: the generated class, `Greeter` or `GreeterSync`.

    Native form: the generated class itself, as the last base, in a class without a metaclass of its own.

    Source: protoc-gen-connectrpc 0.13; `typing.Protocol`, Python 3.11 to 3.13.
    """
    methods = {
        name: member
        for cls in reversed(service.__mro__)
        if cls is not Protocol and Protocol in cls.__mro__
        for name, member in vars(cls).items()
        if callable(member) and not name.startswith("_")
    }
    names = {"__module__": service.__module__, "__doc__": service.__doc__, "__servicer_base_of__": service}
    return type(service.__name__, (), {**methods, **names})
