"""The exceptions of this package, and the gRPC view of a Connect error."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail

from .aio_metadata import Metadata
from .made_errors import AioRpcError, RpcError
from .metadata import Metadatum
from .plain_errors import AbortError, FutureCancelledError, FutureTimeoutError, UsageError
from .rich_status import DETAILS_KEY, pack_status, status_details
from .rpc_state import RpcState
from .shown_calls import shown_call
from .status import StatusCode, connect_code, status_code
from .type_parameters import Open

if TYPE_CHECKING:
    from .shown_types import StatusCode as Shown

__all__ = [
    "OF_FORM",
    "AbortError",
    "CallError",
    "FutureCancelledError",
    "FutureTimeoutError",
    "RpcErrorView",
    "StreamCallError",
    "UnaryCallError",
    "UsageError",
    "class_of_error",
    "rpc_error",
]


UNARY_FORM, STREAM_FORM, AIO_FORM = "_InactiveRpcError", "_MultiThreadedRendezvous", "AioRpcError"
"""grpcio's classes of errors: of a call that answers with one message, of one that streams, of `grpc.aio`."""


class _Details(list[ErrorDetail]):
    """The details of an error; called, as gRPC's `details()`, its message."""

    def __init__(self, details: Iterable[ErrorDetail], message: str) -> None:
        super().__init__(details)
        self._message = message

    def __call__(self) -> str:
        return self._message


class _Metadata(tuple[Metadatum, ...]):
    """The metadata of a call; called, as gRPC's `trailing_metadata()`, a tuple.

    It is true, with nothing in it as well: so is a method, of which code asks before it calls it.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __call__(self) -> Any:
        return tuple(self)


class _AioMetadata(_Metadata):
    """That of a call of `grpc.aio`: called, a `Metadata`."""

    __slots__ = ()

    def __call__(self) -> Any:
        return Metadata(*self)


def _as_status(code: Code) -> StatusCode:
    return status_code(code)


# An error travels further than any analysis follows it: through queues, futures, `except Exception`. Where it is then
# asked `error.code()`, it must answer. `Code` has no members that could be called, so nothing is replaced here.
Code.__call__ = _as_status  # type: ignore[assignment, method-assign]


class FinishedCall:
    """What a failed call shows of `grpc.Call` and `grpc.Future`: interceptors get an error where they expect a call."""

    def is_active(self) -> bool:
        """Return False: it has ended."""
        return False

    def time_remaining(self) -> None:
        """Return None: there is no time to wait for."""

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Return False: `callback` is not called."""
        return False

    def cancel(self) -> bool:
        """Return False: there is nothing to cancel."""
        return False

    cancelled_here = False

    def cancelled(self) -> bool:
        """Whether the program has cancelled it, where it is a sync stream."""
        return self.cancelled_here

    def running(self) -> bool:
        """Return False: it has ended."""
        return False

    def done(self) -> bool:
        """Return True."""
        return True

    def result(self, timeout: float | None = None) -> Any:
        """Raise the error."""
        raise self.exception()

    def exception(self, timeout: float | None = None) -> BaseException:
        """Return the error."""
        assert isinstance(self, BaseException)
        return self

    def traceback(self, timeout: float | None = None) -> Any:
        """Return the traceback of the error."""
        return self.exception().__traceback__

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` at once."""
        callback(self)


class CallError(RpcError, FinishedCall):
    """A failed client call: a `ConnectError` that knows it came from a call, and the metadata that came with it.

    It also answers like gRPC's error: `code()`, `details()`, `trailing_metadata()`, `debug_error_string()`.

    A handler that lets it pass has had a downstream failure, which its own caller sees as UNKNOWN, as from grpcio.

    As text it is what grpcio's error is, for logs, messages made of it and tests that look into them; only the debug
    string inside is this package's own.

    Attributes:
        initial_metadata: the response headers as gRPC metadata.
        trailing_metadata: the response trailers as gRPC metadata.
        form: the name of grpcio's class for such an error, with which the text begins.
        debug: grpcio's own debug string, where grpcio made the error and code that stays on it may look at that.
        cancelled_here: whether this is a sync stream that the program has cancelled.

    Native form: `ConnectError`, with `connectrpc.client.ResponseMetadata` around the call for the metadata.

    Source: `grpc.RpcError`, grpcio 1.85.
    """

    debug: str | None = None
    _args: tuple[Any, ...] | None = None
    code = ConnectError.code
    message = ConnectError.message
    _native_details = ConnectError.details

    def __new__(cls, *arguments: Any, form: str = UNARY_FORM, **_: Any) -> CallError:
        """Make one of the class for its form: `except AioRpcError` catches those of `grpc.aio` as well."""
        kind: Any = OF_FORM[form] if cls is CallError else cls
        made: CallError = super().__new__(kind, *arguments)
        return made

    def __init__(
        self,
        code: Code,
        message: str,
        details: Iterable[Any] = (),
        *,
        initial_metadata: tuple[Metadatum, ...] = (),
        trailing_metadata: tuple[Metadatum, ...] = (),
        form: str = UNARY_FORM,
    ) -> None:
        """Make one from its parts; `code`, `message` and `details` are those of `ConnectError`."""
        ConnectError.__init__(self, code, message, details)
        kind = _AioMetadata if form == AIO_FORM else _Metadata
        self.initial_metadata = kind(initial_metadata)
        self.trailing_metadata = kind(trailing_metadata)
        self.form = form

    @property
    def details(self) -> _Details:
        """The details of the error; called, its message."""
        return _Details(self._native_details, self.message)

    @property
    def args(self) -> tuple[Any, ...]:
        """What grpcio's error has there, or what the program has put there."""
        return RpcErrorView(self).args if self._args is None else self._args

    @args.setter
    def args(self, given: Iterable[Any]) -> None:
        self._args = tuple(given)

    def debug_error_string(self) -> str:
        """Return a line for logs; native form: the code and the message."""
        return RpcErrorView(self).debug_error_string()

    def take_form(self, form: str) -> None:
        """Be shown as another of grpcio's classes; what is no plain error of a call stays what it is."""
        if type(self) in OF_FORM.values():
            self.form, self.__class__ = form, OF_FORM[form]

    def __reduce__(self) -> tuple[Any, ...]:
        packed = pack_status(0, "", self.details)
        initial, trailing = tuple(self.initial_metadata), tuple(self.trailing_metadata)
        return _unpickle, (self.code, self.message, packed, initial, trailing, self.form)

    def __str__(self) -> str:
        return str(RpcErrorView(self))

    __repr__ = __str__


class UnaryCallError(CallError):
    """A failed sync call that answers with one message.

    Native form: `ConnectError`, where no other calls fail in the same `try`.

    Source: `grpc._channel._InactiveRpcError`, which is private, grpcio 1.85.
    """


class StreamCallError(CallError):
    """A failed sync call that streams, or that is a future.

    Native form: `ConnectError`, where no other calls fail in the same `try`.

    Source: `grpc._channel._MultiThreadedRendezvous`, which is private, grpcio 1.85.
    """


class AioCallError(CallError, AioRpcError):  # type: ignore[misc]
    """A failed call of `grpc.aio`."""


OF_FORM: dict[str, type[Any]] = {UNARY_FORM: UnaryCallError, STREAM_FORM: StreamCallError, AIO_FORM: AioCallError}
"""The classes of failed calls. Each has the name of grpcio's own: programs show it, in logs and in texts they make."""
for _form, _kind in OF_FORM.items():
    _kind.__name__ = _kind.__qualname__ = _form


def class_of_error(error: Any) -> type[Any]:
    """Return the class that an error has in grpcio: `AioRpcError` for a failed call of `grpc.aio`, else `type(error)`.

    Native form: `isinstance(error, ConnectError)`.

    Source: `grpc.aio.AioRpcError`, grpcio 1.85.
    """
    return AioRpcError if isinstance(error, AioCallError) else type(error)


def is_made(error: Any) -> bool:
    """Whether an error is one of gRPC's classes that a program made, not a failed call: it has methods of its own."""
    return isinstance(error, RpcError) and not isinstance(error, CallError)


def _unpickle(code: Code, message: str, packed: bytes, initial: Any, trailing: Any, form: str) -> CallError:
    details = status_details(packed)
    return CallError(code, message, details, initial_metadata=initial, trailing_metadata=trailing, form=form)


class RpcErrorView(FinishedCall, Open):
    """A caught Connect error with the methods of `grpc.RpcError` and `grpc.Call`; made by `rpc_error`."""

    def __init__(self, error: ConnectError, codes: type[enum.Enum] = StatusCode) -> None:
        """Wrap a caught error; `codes` has the members that `code` returns."""
        self.error = error
        self.cancelled_here = getattr(error, "cancelled_here", False)
        self._codes = codes

    def code(self) -> Shown | Any:
        """Return the status; native form: `error.code`."""
        return self._codes[status_code(self.error.code).name]

    def details(self) -> str | Any:
        """Return the message; native form: `error.message`."""
        return self.error.message

    def initial_metadata(self) -> Any:
        """Return the response headers; native form: `ResponseMetadata.headers`."""
        return self._as_given(getattr(self.error, "initial_metadata", ()))

    def _as_given(self, pairs: Iterable[Metadatum]) -> Any:
        """The metadata as grpcio gives it: a tuple, or a `Metadata` if the call was one of `grpc.aio`."""
        return Metadata(*pairs) if getattr(self.error, "form", None) == AIO_FORM else tuple(pairs)

    def trailing_metadata(self) -> Any:
        """Return the response trailers, with `grpc-status-details-bin` if the error has details.

        Native form: `ResponseMetadata.trailers`, and `error.details` for the details.
        """
        given: Any = getattr(self.error, "trailing_metadata", ())
        trailers: tuple[Metadatum, ...] = tuple(given)
        if self.error.details and all(key != DETAILS_KEY for key, _ in trailers):
            number: int = self.code().value[0]
            packed = pack_status(number, self.error.message, self.error.details)
            trailers = (*trailers, Metadatum(DETAILS_KEY, packed))
        return self._as_given(trailers)

    @property
    def args(self) -> tuple[Any, ...]:
        """What grpcio makes its error of: the state of a sync call with one response, else nothing.

        Source: `grpc._channel._InactiveRpcError`, `_MultiThreadedRendezvous`, `grpc.aio.AioRpcError`, grpcio 1.85.
        """
        given = self.error._args if isinstance(self.error, CallError) else self.error.args
        if given not in (None, (self.error.message,)):
            return tuple(given)
        if getattr(self.error, "form", UNARY_FORM) != UNARY_FORM:
            return ()
        state = RpcState((), self.initial_metadata(), self.trailing_metadata(), self.code(), self.details())
        state.debug_error_string = self.debug_error_string()
        return (state,)

    def debug_error_string(self) -> str:
        """Return a line for logs; native form: the code and the message."""
        if (known := getattr(self.error, "debug", None)) is not None:
            return str(known)
        return f"{self.code().name}:{self.error.message}"

    def exception(self, timeout: float | None = None) -> ConnectError:
        """Return the error itself; native form: the error."""
        return self.error

    def __str__(self) -> str:
        form = getattr(self.error, "form", UNARY_FORM)
        return shown_call(form, self.code(), self.details(), self.debug_error_string())

    __repr__ = __str__


def rpc_error(error: Any, codes: type[enum.Enum] = StatusCode) -> RpcErrorView:
    """Return the gRPC-shaped view of a caught error, for code that reads more than its code and message.

    Args:
        error: a `ConnectError`; its metadata is known if the client came from a `Channel` of this package. Anything
            else is returned as it is: an error of another kind that was caught by the same clause, or one that the
            program made or derived, which answers by its own methods.
        codes: the enumeration that `code()` answers from. A program of which some services stay on gRPC passes
            `grpc.StatusCode`: `is`, the keys of a dict, `isinstance` and grpcio itself tell other members from its own.

    Native form: `error.code`, `error.message`, `error.details`. Go there where only these are read.

    Source: `grpc.RpcError`, `grpc.Call`; `grpc_status.rpc_status.from_call` works on the result (grpcio 1.85).
    """
    return RpcErrorView(error, codes) if isinstance(error, ConnectError) and not is_made(error) else error


def error_from_status(code: Any, details: Any, rich: bytes | None = None) -> ConnectError:
    """Return the `ConnectError` for a gRPC status.

    Args:
        code: whatever `status_code` takes; what it does not, and OK, become UNKNOWN, as in grpcio.
        details: the message, str, bytes or None.
        rich: a serialized `google.rpc.Status` whose details are taken over.
    """
    try:
        native = connect_code(code)
    except ValueError:
        native = Code.UNKNOWN
    message = details.decode("utf-8", "replace") if isinstance(details, bytes) else str(details or "")
    packed: list[ErrorDetail] = []
    if rich is not None:
        with contextlib.suppress(ValueError):
            packed = status_details(rich)
    return ConnectError(native, message, packed)
