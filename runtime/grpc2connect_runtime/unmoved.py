"""What code that stays on grpcio expects of the objects it gets: grpcio's own codes, errors, metadata and types.

Such code has imported grpcio, so everything is taken from `sys.modules`; this package never imports it. Where grpcio is
not loaded, nobody can tell the difference, and the package's own kinds are used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent import futures
from functools import cache
from typing import Any

from .aio_metadata import Metadata
from .errors import AIO_FORM, AbortError, CallError, FutureTimeoutError, RpcErrorView, UsageError
from .metadata import Metadatum
from .status import StatusCode, status_code
from .streams import EOF

__all__ = [
    "CallableCode",
    "abort_error",
    "adopt",
    "aio_metadata",
    "be_abort_error",
    "end_of_stream",
    "future_cancelled_error",
    "future_timeout_error",
    "grpc_code",
    "moved_error",
    "unmoved_error",
    "usage_error",
]


def grpc_module() -> Any:
    """Return grpcio if the program has imported it, else None."""
    grpc = sys.modules.get("grpc")
    return grpc if hasattr(grpc, "StatusCode") and hasattr(grpc, "RpcError") else None


def aio_module() -> Any:
    """Return `grpc.aio` if the program has imported it, else None."""
    aio = sys.modules.get("grpc.aio")
    return aio if hasattr(aio, "AioRpcError") else None


def grpc_code(code: StatusCode) -> Any:
    """Return the `grpc.StatusCode` for a status."""
    grpc = grpc_module()
    return code if grpc is None else grpc.StatusCode[code.name]


def end_of_stream() -> Any:
    """Return `grpc.aio.EOF`."""
    aio = aio_module()
    return EOF if aio is None else aio.EOF


def aio_metadata(pairs: Iterable[Metadatum]) -> Any:
    """Return metadata as calls of `grpc.aio` give it: a `grpc.aio.Metadata`."""
    aio = aio_module()
    return Metadata(*pairs) if aio is None else aio.Metadata(*((key, value) for key, value in pairs))


def future_timeout_error() -> Exception:
    """Return what a future of grpcio raises when a wait takes too long."""
    grpc = grpc_module()
    return FutureTimeoutError() if grpc is None else _both(FutureTimeoutError, grpc.FutureTimeoutError)()


def future_cancelled_error() -> Exception:
    """Return what a cancelled future of grpcio raises."""
    grpc = grpc_module()
    return futures.CancelledError() if grpc is None else _both(futures.CancelledError, grpc.FutureCancelledError)()


def abort_error(text: str) -> AbortError:
    """Return what `abort` of `grpc.aio` raises."""
    aio = aio_module()
    return AbortError(text) if aio is None else _both(AbortError, aio.AbortError)(text)


def be_abort_error(error: BaseException) -> None:
    """Make what `abort` of `grpc.aio` has raised one of ours as well; it stays the object that grpcio looks for."""
    if not isinstance(error, AbortError):
        theirs: Any = type(error)
        error.__class__ = _both(AbortError, theirs)


def usage_error(text: str) -> UsageError:
    """Return what `grpc.aio` raises for a call that cannot be made so."""
    aio = aio_module()
    return UsageError(text) if aio is None else _both(UsageError, aio.UsageError)(text)


@cache
def _both(ours: type[Any], theirs: type[Any]) -> Any:
    return type(theirs.__name__, (ours, theirs), {"__module__": theirs.__module__, "__doc__": theirs.__doc__})


class CallableCode:
    """The code of an error for both worlds: equals Connect's `Code`; called, it is the `grpc.StatusCode`."""

    __slots__ = ("_code",)

    def __init__(self, code: Any) -> None:
        self._code = code

    def __call__(self) -> Any:
        return grpc_code(status_code(self._code))

    def __eq__(self, other: object) -> bool:
        return bool(self._code == other or status_code(self._code) == other)

    def __hash__(self) -> int:
        return hash(self._code)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_code"), name)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._code,)

    def __str__(self) -> str:
        return str(self._code)

    def __repr__(self) -> str:
        return repr(self._code)


class _Unmoved(CallError):
    """A `CallError` that is also grpcio's: `grpc.RpcError`, `grpc.Call` and `grpc.Future`, or `AioRpcError`."""

    @property
    def code(self) -> Any:
        return CallableCode(super().code)

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, (_, *others) = super().__reduce__()
        return _rebuild, (rebuild, (super().code, *others))


class _Callable:
    """Metadata that is read as a value, and by a call as in grpcio."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self) -> Any:
        return self._value

    def __iter__(self) -> Any:
        return iter(tuple(pair) for pair in self._value)

    def __len__(self) -> int:
        return len(self._value)


def _rebuild(make: Callable[..., CallError], arguments: tuple[Any, ...]) -> CallError:
    return unmoved_error(make(*arguments))


class _Initialised(Exception):
    """Ends the chain of `__init__` before grpcio's class, which in grpcio 1.60 asks for more than a message."""

    def __init__(self, *arguments: Any) -> None:
        Exception.__init__(self, *arguments)


@cache
def _error_class(theirs: type[Any], form: str) -> Any:
    names = {"__module__": __name__, "__doc__": _Unmoved.__doc__}
    return type(form, (_Unmoved, _Initialised, theirs), names)


def unmoved_error(error: CallError) -> CallError:
    """Return the error as one that unmoved code catches: `grpc.RpcError`, or `grpc.aio.AioRpcError`.

    `code()` of the result is a `grpc.StatusCode`. Where grpcio is not loaded it is the error itself.
    """
    grpc, aio = grpc_module(), aio_module()
    if grpc is None or isinstance(error, _Unmoved):
        return error
    theirs: Any = aio.AioRpcError if error.form == AIO_FORM and aio is not None else grpc.RpcError
    is_aio = theirs is not grpc.RpcError
    error_class = _error_class(theirs, error.form)
    made: CallError = error_class.__new__(error_class)
    trailers = RpcErrorView(error).trailing_metadata()
    CallError.__init__(
        made,
        error.code,
        error.message,
        list(error.details),
        initial_metadata=tuple(error.initial_metadata),
        trailing_metadata=trailers,
        form=error.form,
    )
    if is_aio:
        made.__dict__.update(
            initial_metadata=_Callable(aio_metadata(error.initial_metadata)),
            trailing_metadata=_Callable(aio_metadata(trailers)),
        )
    else:
        grpc.Call.register(type(made))
        grpc.Future.register(type(made))
    made.cancelled_here = error.cancelled_here
    made.__cause__, made.__traceback__ = error.__cause__, error.__traceback__
    made.__suppress_context__ = True
    return made


def moved_error(error: CallError) -> CallError:
    """Return the error as moved code knows it; the inverse of `unmoved_error`."""
    if not isinstance(error, _Unmoved):
        return error
    _, (make, arguments) = error.__reduce__()
    plain: CallError = make(*arguments)
    plain.cancelled_here = error.cancelled_here
    plain.__cause__, plain.__traceback__ = error.__cause__, error.__traceback__
    plain.__suppress_context__ = True
    return plain


@cache
def _adopt(ours: Any, theirs: Any) -> None:
    theirs.register(ours)


def adopt(ours: Any, name: str, *, aio: bool = False) -> None:
    """Make instances of a class pass for grpcio's abstract class of this name, in `isinstance` of unmoved code."""
    theirs: Any = getattr(aio_module() if aio else grpc_module(), name, None)
    if hasattr(theirs, "register"):
        _adopt(ours, theirs)
