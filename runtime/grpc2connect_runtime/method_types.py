"""The type of what calls an RPC, for annotations."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic

__all__ = ["MultiCallable"]

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Request = TypeVar("Request", default=Any)
    Response = TypeVar("Response", default=Any)

    # As type checkers see the classes of grpcio, which has no types; with or without the types of its messages, as
    # those who use type stubs of gRPC's write it.
    class MultiCallable(Generic[Request, Response], Any):  # type: ignore[misc]
        """Stands for `grpc.UnaryUnaryMultiCallable` and its kin in annotations."""

        def __call__(self, *arguments: Any, **keywords: Any) -> Any: ...
        def with_call(self, *arguments: Any, **keywords: Any) -> Any: ...
        def future(self, *arguments: Any, **keywords: Any) -> Any: ...

else:

    class MultiCallable:
        """Stands for `grpc.UnaryUnaryMultiCallable` and its kin in annotations, in `NewType`, as the spec of a mock.

        Native form: `Callable[[Request], Response]`, or the class of the client.

        Source: `grpc.UnaryUnaryMultiCallable`, `grpc.aio.UnaryUnaryMultiCallable` and their kin, grpcio 1.85.
        """

        __class_getitem__ = classmethod(GenericAlias)

        def __call__(self, *arguments: Any, **keywords: Any) -> Any:
            """Call the RPC; not of this class itself."""
            raise NotImplementedError

        def with_call(self, *arguments: Any, **keywords: Any) -> Any:
            """Call the RPC and return the response and the call; not of this class itself."""
            raise NotImplementedError

        def future(self, *arguments: Any, **keywords: Any) -> Any:
            """Begin a call of the RPC; not of this class itself."""
            raise NotImplementedError
