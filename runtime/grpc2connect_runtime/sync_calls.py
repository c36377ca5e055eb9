"""`grpc.Call` and `grpc.Future` for sync clients: calls that begin at once, in a thread of their own."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from connectrpc.client import ResponseMetadata
from connectrpc.code import Code
from connectrpc.errors import ConnectError

from .calls_in_flight import CallsInFlight
from .channel_base import ChannelBase
from .errors import STREAM_FORM, CallError, RpcErrorView
from .faces import MOVED, Face
from .metadata import Metadatum, metadata
from .readiness import block_until_reachable
from .shown_calls import shown_call
from .status import StatusCode, status_code
from .transports import CallRecord, current_record
from .unmoved import adopt
from .wire.choice import GRPCIO

__all__ = ["SyncCall", "call_of"]

_log = logging.getLogger(__name__)
_CALL = "_grpc2connect_call"


class _Run:
    """The running call. It keeps no reference to its `SyncCall`, so that one out of scope is cancelled."""

    def __init__(
        self,
        invoke: Callable[[float | None], Any],
        timeout: float | None,
        channel: ChannelBase | None,
        face: Face,
        credentials: Any,
        cancellable: bool,
    ) -> None:
        self._invoke = invoke
        self._face = face
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self.changed = threading.Condition()
        self.record = CallRecord(self._notify, credentials, cancellable=cancellable)
        self._channel = channel
        if channel is not None and channel.wire == GRPCIO:
            self._channel, self.record.wait_for_ready = None, True
        self.response_metadata = ResponseMetadata()
        self.messages: deque[Any] = deque()
        self.wanted = False
        self.done = False
        self.error: ConnectError | None = None
        self.callbacks: list[Callable[[], Any]] = []
        self._calls: CallsInFlight | None = None

    def start(self, calls: CallsInFlight | None) -> None:
        self._calls = calls
        if calls is not None:
            self.record.give_up = self._channel_closed
            calls.add(self.record)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), name="rpc-call", daemon=True).start()

    def _notify(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def time_remaining(self) -> float | None:
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0)

    def _run(self) -> None:
        error: ConnectError | None = None
        current_record.set(self.record)
        try:
            if self._channel is not None:
                block_until_reachable(self._channel, self.time_remaining(), lambda: self.record.cancelled)
            with self.response_metadata:
                result = self._invoke(self.time_remaining())
                if isinstance(result, Iterator):
                    self._consume(result)
                else:
                    self._put(result)
        except ConnectError as raised:
            error = raised
        except Exception as raised:
            error = CallError(Code.UNKNOWN, str(raised))
            error.__cause__ = raised
        self.end(error)

    def _consume(self, responses: Iterator[Any]) -> None:
        try:
            for response in responses:
                if not self._put(response):
                    return
        finally:
            close = getattr(responses, "close", None)
            if close is not None:
                close()

    def _put(self, message: Any) -> bool:
        """Hand over a message when the one before has been taken; return False if the call has ended."""
        with self.changed:
            self.changed.wait_for(lambda: self.done or not self.messages)
            if self.done:
                return False
            self.messages.append(message)
            self.changed.notify_all()
            return True

    def end(self, error: ConnectError | None) -> bool:
        with self.changed:
            if self.done:
                return False
            self.done = True
            if isinstance(error, CallError):
                if self.record.cancellable:  # a future; one that is waited for at once fails as a plain call does
                    error.take_form(STREAM_FORM)
                error = self._face.error(error)
            self.error = error
            callbacks, self.callbacks = self.callbacks, []
            self.changed.notify_all()
        if self._calls is not None:
            self._calls.remove(self.record)
        for callback in callbacks:
            _call_logging(callback)
        return True

    def _channel_closed(self) -> None:
        initial = self.record.initial_metadata()
        self.end(CallError(Code.CANCELED, "Channel closed!", initial_metadata=initial, form=STREAM_FORM))

    def cancel(self) -> bool:
        with self.changed:
            if self.done:
                return False
            self.record.cancelled = True
        error = CallError(
            Code.CANCELED,
            "Locally cancelled by application!",
            initial_metadata=self.record.initial_metadata(),
            form=STREAM_FORM,
        )
        error.cancelled_here = True
        ended = self.end(error)
        self.record.end()
        return ended


def _call_logging(callback: Callable[[], Any]) -> None:
    try:
        callback()
    except Exception:
        _log.exception("RPC callback failed")


class SyncCall:
    """A call in progress: `grpc.Call`, `grpc.Future` and an iterator of responses in one.

    Native form: the value or the generator that the client method returns, with `ResponseMetadata` around it. Go there
    where nothing but the responses is used.

    Source: `grpc._channel._MultiThreadedRendezvous`, grpcio 1.85.
    """

    def __init__(
        self,
        invoke: Callable[[float | None], Any],
        timeout: float | None,
        channel: ChannelBase | None,
        face: Face = MOVED,
        credentials: Any = None,
        *,
        cancellable: bool = True,
        calls: CallsInFlight | None = None,
    ) -> None:
        """Begin a call; made by the multi-callables, which wait for those that are not cancellable."""
        adopt(SyncCall, "Call")
        adopt(SyncCall, "Future")
        self._face = face
        self._call = _Run(invoke, timeout, channel, face, credentials, cancellable)
        weakref.finalize(self, self._call.cancel).atexit = False
        self._call.start(calls)

    def __iter__(self) -> SyncCall:
        return self

    def __next__(self) -> Any:
        call = self._call
        with call.changed:
            call.changed.wait_for(lambda: call.messages or call.done)
            if call.messages and not (call.error is not None and call.record.cancelled):
                message = call.messages.popleft()
                call.changed.notify_all()
                return message
            if call.error is not None:
                raise self._own(call.error)
            raise StopIteration

    def _own(self, error: ConnectError) -> ConnectError:
        """Note in an error whose it is, for `call_of`; weakly, so that the call still ends when it is forgotten."""
        if isinstance(error, ConnectError):  # to unmoved code it is one of grpcio's
            vars(error)[_CALL] = weakref.ref(self)
        return error

    def next(self) -> Any:
        """Return the next response, as `next(call)`."""
        return self.__next__()

    def _wait_done(self, timeout: float | None = None) -> None:
        call = self._call
        with call.changed:
            if not call.changed.wait_for(lambda: call.done, timeout):
                raise self._face.timed_out()

    def cancel(self) -> bool:
        """End the call with CANCELLED; return False if it had ended."""
        return self._call.cancel()

    def cancelled(self) -> bool:
        """Whether `cancel` ended the call."""
        return self._call.done and self._call.record.cancelled and self._call.error is not None

    def done(self) -> bool:
        """Whether the call has ended."""
        return self._call.done

    def running(self) -> bool:
        """Whether the call has not ended."""
        return not self._call.done

    def is_active(self) -> bool:
        """Whether the call has not ended."""
        return not self._call.done

    def time_remaining(self) -> float | None:
        """Return the seconds left until the deadline, or None without one."""
        return self._call.time_remaining()

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Call `callback()` when the call ends; return False if it has ended."""
        with self._call.changed:
            if self._call.done:
                return False
            self._call.callbacks.append(callback)
            return True

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(self)` when the call ends, at once if it has."""
        if not self.add_callback(lambda: callback(self)):
            callback(self)

    def code(self) -> Any:
        """Wait for the end; return the status: a `StatusCode`, to unmoved code a `grpc.StatusCode`."""
        self._wait_done()
        error = self._call.error
        return self._face.code(StatusCode.OK if error is None else status_code(error.code))

    def details(self) -> str:
        """Wait for the end; return the message of the status."""
        self._wait_done()
        return "" if self._call.error is None else self._call.error.message

    def debug_error_string(self) -> str:
        """Wait for the end; return a line for logs."""
        self._wait_done()
        return "" if self._call.error is None else RpcErrorView(self._call.error).debug_error_string()

    def initial_metadata(self) -> tuple[Metadatum, ...]:
        """Wait for the response headers; return them as metadata."""
        call = self._call
        with call.changed:
            call.changed.wait_for(lambda: call.done or call.messages or call.record.response is not None)
        if call.record.response is not None:
            return call.record.initial_metadata()
        return metadata(call.response_metadata.headers)

    def trailing_metadata(self) -> tuple[Metadatum, ...]:
        """Wait for the end; return the response trailers as metadata."""
        self._wait_done()
        found = (
            self._call.record.trailing_metadata()
            if self._call.error is None
            else RpcErrorView(self._call.error).trailing_metadata()
        )
        # gRPC-Web trailers come in the body, and clients made elsewhere keep no record.
        return found or metadata(self._call.response_metadata.trailers)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the end; return the response.

        Args:
            timeout: at most this long, in seconds.

        Raises:
            CallError: the call failed.
            FutureTimeoutError: the time is over.
            concurrent.futures.CancelledError: the call was cancelled.
        """
        self._wait_done(timeout)
        if self.cancelled():
            raise self._face.cancelled()
        if self._call.error is not None:
            raise self._own(self._call.error)
        return self._call.messages[0] if self._call.messages else None

    def exception(self, timeout: float | None = None) -> ConnectError | None:
        """Wait for the end like `result`; return its error or None."""
        self._wait_done(timeout)
        if self.cancelled():
            raise self._face.cancelled()
        return None if self._call.error is None else self._own(self._call.error)

    def traceback(self, timeout: float | None = None) -> Any:
        """Wait for the end like `result`; return the traceback of its error or None."""
        error = self.exception(timeout)
        if error is None:
            return None
        try:
            raise error
        except type(error) as raised:
            return raised.__traceback__

    def __repr__(self) -> str:
        if not self._call.done:
            return f"<{STREAM_FORM} object>"
        debug = None if self._call.error is None else "None" if self.cancelled() else self.debug_error_string()
        return shown_call(STREAM_FORM, self.code(), self.details(), debug)


def call_of(error: Any) -> Any:
    """Return the call whose error this is, for code that compares the two; anything else as it is.

    Args:
        error: whatever a clause has caught.

    Native form: a `try` around nothing but the iteration over the responses.

    Source: a failed sync call of grpcio is its own error (`grpc._channel._MultiThreadedRendezvous`, grpcio 1.85).
    """
    call = getattr(error, "__dict__", {}).get(_CALL)
    return error if call is None else call() or error
