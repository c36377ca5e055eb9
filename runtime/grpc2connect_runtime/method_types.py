"""The type of what calls an RPC, for annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .type_parameters import Open, OpenToMessages, Request, Response

if TYPE_CHECKING:
    from .aio_calls import AioStreamCall, AioUnaryCall

__all__ = ["MultiCallable"]

R = TypeVar("R")

if TYPE_CHECKING:
    # As type checkers see the classes of grpcio, which has no types; with or without the types of its messages, as
    # those who use type stubs of gRPC's write it.
    class MultiCallable(OpenToMessages[Request, Response]):
        """Stands for `grpc.UnaryUnaryMultiCallable` and its kin in annotations."""

        def __call__(self, *arguments: Any, **keywords: Any) -> Any: ...
        def with_call(self, *arguments: Any, **keywords: Any) -> Any: ...
        def future(self, *arguments: Any, **keywords: Any) -> Any: ...

    # What `unary_unary` and its kin return knows the responses, as the method of the client does.
    class UnaryMethod(MultiCallable[Any, R]):
        """A method with one response."""

        def __call__(self, *arguments: Any, **keywords: Any) -> R: ...
        def with_call(self, *arguments: Any, **keywords: Any) -> tuple[R, Any]: ...
        def future(self, *arguments: Any, **keywords: Any) -> UnaryFuture[R]: ...

    class UnaryFuture(Generic[R], Open):
        """A call with one response."""

        def result(self, timeout: float | None = None) -> R: ...
        def add_done_callback(self, fn: Callable[[UnaryFuture[R]], Any]) -> None: ...

    class StreamMethod(MultiCallable[Any, R]):
        """A method with a stream of responses."""

        def __call__(self, *arguments: Any, **keywords: Any) -> StreamCall[R]: ...

    class StreamCall(Iterator[R], Open):
        """A call with a stream of responses."""

    class AioUnaryMethod(MultiCallable[Any, R]):
        """A method of an async client, with one response."""

        def __call__(self, *arguments: Any, **keywords: Any) -> AioUnaryCall[Any, R]: ...

    class AioStreamMethod(MultiCallable[Any, R]):
        """A method of an async client, with a stream of responses."""

        def __call__(self, *arguments: Any, **keywords: Any) -> AioStreamCall[Any, R]: ...

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
