"""gRPC's classes of errors, for programs that make errors themselves or derive classes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from .status import status_code

__all__ = ["AioRpcError", "RpcError", "error_text", "grpc_name"]


class _NotOfGrpc:
    """An attribute that `ConnectError` has and gRPC's error has not: looked for in the classes behind `ConnectError`.

    It gives way to what is set on an error: `error.code = lambda: StatusCode.NOT_FOUND`.
    """

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        asked: Any = owner if instance is None else instance
        behind: Any = super(ConnectError, asked)
        try:
            return getattr(behind, self._name)
        except AttributeError:
            shown = f"type object '{owner.__name__}'" if instance is None else f"'{owner.__name__}' object"
            raise AttributeError(f"{shown} has no attribute '{self._name}'", name=self._name, obj=instance) from None


if TYPE_CHECKING:
    # As type checkers see the class of grpcio, which has no types: what derives from it may have `code()` and
    # `details()`, which are no properties as ConnectError's are, and be handed to what takes one of these.
    class RpcError(Exception, Any):  # type: ignore[misc]
        """The class of gRPC's errors: takes any arguments, has no `code()` or `details()` of its own."""

        def __init__(self, *arguments: Any, **keywords: Any) -> None: ...

else:

    class RpcError(ConnectError):
        """The class of gRPC's errors: takes any arguments, has no `code()` or `details()` of its own.

        `except ConnectError` catches it, and `rpc_error(error)` is the error itself, so that code that handles failed
        calls handles errors that the program has made for it, or has given methods of its own, as well. A handler that
        lets it pass ends its call with UNKNOWN, as in grpcio. It catches every failed call of this package's channels.

        Native form: `raise ConnectError(code, message)`. Go there where nothing reads the error as gRPC's; note that a
        handler's `ConnectError` ends its call with that code.

        Source: `grpc.RpcError`, grpcio 1.85.
        """

        _grpcio_class = "grpc.RpcError"
        code: Any = _NotOfGrpc()
        message: Any = _NotOfGrpc()
        details: Any = _NotOfGrpc()

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            """Keep the arguments as `args`, as `Exception` does; with other bases, do what the next one does."""
            # Past ConnectError, whose arguments are others.
            super(ConnectError, self).__init__(*arguments, **keywords)


class AioRpcError(RpcError):
    """The class of the errors of `grpc.aio`: of failed async calls, and of those that a program makes.

    Native form: `raise ConnectError(code, message)`, as for `RpcError`.

    Source: `grpc.aio.AioRpcError`, grpcio 1.85.
    """

    _grpcio_class = "grpc.aio._call.AioRpcError"

    def __init__(
        self,
        code: Any,
        initial_metadata: Any = None,
        trailing_metadata: Any = None,
        details: Any = None,
        debug_error_string: Any = None,
    ) -> None:
        """Make one from what its methods return, each as it is; a `Code` is returned as the `StatusCode` it means."""
        super().__init__()
        status: Any = status_code(code) if isinstance(code, Code) else code
        self._code = status
        self._details = details
        self._initial_metadata = initial_metadata
        self._trailing_metadata = trailing_metadata
        self._debug_error_string = debug_error_string

    def code(self) -> Any:
        """Return the status; native form: `ConnectError.code`."""
        return self._code

    def details(self) -> Any:
        """Return the message; native form: `ConnectError.message`."""
        return self._details

    def initial_metadata(self) -> Any:
        """Return the response headers; native form: `ResponseMetadata.headers`."""
        return self._initial_metadata

    def trailing_metadata(self) -> Any:
        """Return the response trailers; native form: `ResponseMetadata.trailers`."""
        return self._trailing_metadata

    def debug_error_string(self) -> Any:
        """Return a line for logs; native form: the code and the message."""
        return self._debug_error_string

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self._code, self._initial_metadata, self._trailing_metadata, self._details, self._debug_error_string)
        return type(self), fields

    def __str__(self) -> str:
        return error_text(type(self).__name__, self._code, self._details, self._debug_error_string)

    __repr__ = __str__


def error_text(name: str, code: Any, details: Any, debug: Any) -> str:
    """Return grpcio's text of an error of the class `name`, from what its methods return."""
    return (
        f"<{name} of RPC that terminated with:\n\tstatus = {code}\n"
        f'\tdetails = "{details}"\n\tdebug_error_string = "{debug}"\n>'
    )


def grpc_name(kind: type[Any]) -> str:
    """Return a class as text; one of gRPC's as grpcio's, which clients of a failed handler are told."""
    theirs = vars(kind).get("_grpcio_class")
    return str(kind) if theirs is None else f"<class '{theirs}'>"
