"""The types of messages that annotations name in brackets: `AioServicerContext[Request, Response]`.

Source: `grpc.aio` (grpcio 1.85), and what grpc-stubs 1.53 and types-grpcio 1.85 have besides; they say nothing at run
time.
"""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic

__all__ = ["OfMessages", "Open", "OpenToMessages", "Request", "Response"]

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Request = TypeVar("Request", default=Any)
    Response = TypeVar("Response", default=Any)

    class OfMessages(Generic[Request, Response]):
        """Takes the types of requests and responses in brackets, or nothing: `Any` then."""

    class Open(Any):  # type: ignore[misc]
        """As type checkers see the classes of grpcio, which has no types: it has any attribute, and is of any class."""

    class OpenToMessages(OfMessages[Request, Response], Open):
        """Both."""

else:
    Request = Response = Any

    class OfMessages:
        """Takes types in brackets, and forgets them."""

        __class_getitem__ = classmethod(GenericAlias)

    class Open:
        """Nothing."""

        __slots__ = ()

    OpenToMessages = OfMessages
