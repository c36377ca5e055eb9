"""Multi-callables of a sync channel with an interceptor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from connectrpc.method import StreamType

from .client_interceptor_kinds import METHODS, SyncClientCallDetails, changed_details
from .errors import FinishedCall
from .faces import Face
from .made_errors import RpcError
from .status import StatusCode
from .unmoved import adopt, grpc_module

__all__ = ["InterceptedStreamResponse", "InterceptedUnaryResponse"]


class _Raised(FinishedCall):
    """A call that an exception of an interceptor has ended; reading it raises that exception.

    Source: `grpc._interceptor._FailureOutcome`, grpcio 1.85.
    """

    def __init__(self, error: BaseException, face: Face) -> None:
        adopt(_Raised, "Call")
        adopt(_Raised, "Future")
        self._error = error
        self._face = face
        self._traceback = sys.exc_info()[2]

    def __iter__(self) -> _Raised:
        return self

    def __next__(self) -> Any:
        raise self._error

    next = __next__

    def initial_metadata(self) -> None:
        return None

    def trailing_metadata(self) -> None:
        return None

    def code(self) -> Any:
        return self._face.code(StatusCode.INTERNAL)

    def details(self) -> str:
        return "Exception raised while intercepting the RPC"

    def exception(self, timeout: float | None = None) -> BaseException:
        return self._error

    def traceback(self, timeout: float | None = None) -> Any:
        return self._traceback


def _is_rpc_error(error: BaseException) -> bool:
    theirs = getattr(grpc_module(), "RpcError", RpcError)
    return isinstance(error, RpcError | theirs)


class _Intercepted:
    def __init__(
        self, thunk: Callable[[str], Any], method: str, kind: StreamType, interceptor: Any, face: Face
    ) -> None:
        """Make one; `thunk(method)` returns the multi-callable behind the interceptor."""
        adopt(SyncClientCallDetails, "ClientCallDetails")
        self._thunk = thunk
        self._method = method
        self._intercept: Callable[..., Any] = getattr(interceptor, METHODS[kind])
        self._face = face

    def _run(self, proceed: Callable[[str, Any, dict[str, Any]], Any], arguments: tuple[Any, ...], request: Any) -> Any:
        details = SyncClientCallDetails(self._method, *arguments)

        def continuation(new: Any, request: Any) -> Any:
            method, changed = changed_details(new, details)
            return proceed(method, request, changed)

        return self._intercept(continuation, details, request)

    def _begun(
        self, proceed: Callable[[str, Any, dict[str, Any]], Any], arguments: tuple[Any, ...], request: Any
    ) -> Any:
        try:
            return self._run(proceed, arguments, request)
        except Exception as error:
            return _Raised(error, self._face)


class InterceptedUnaryResponse(_Intercepted):
    """A method with one response, behind an interceptor; as `multicallables.SyncUnaryResponse`."""

    def __call__(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> Any:
        """Call and return the response."""
        requests = request if request_iterator is None else request_iterator
        return self.with_call(requests, timeout, metadata, credentials, wait_for_ready, compression)[0]

    def with_call(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> tuple[Any, Any]:
        """Call and return the response with its finished call."""

        def proceed(method: str, request: Any, changed: dict[str, Any]) -> Any:
            try:
                return self._thunk(method).with_call(request, **changed)[1]
            except Exception as error:
                return error if _is_rpc_error(error) else _Raised(error, self._face)

        requests = request if request_iterator is None else request_iterator
        call = self._run(proceed, (timeout, metadata, credentials, wait_for_ready, compression), requests)
        return call.result(), call

    def future(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> Any:
        """Begin a call and return it."""

        def proceed(method: str, request: Any, changed: dict[str, Any]) -> Any:
            return self._thunk(method).future(request, **changed)

        requests = request if request_iterator is None else request_iterator
        return self._begun(proceed, (timeout, metadata, credentials, wait_for_ready, compression), requests)


class InterceptedStreamResponse(_Intercepted):
    """A method with a stream of responses, behind an interceptor; as `multicallables.SyncStreamResponse`."""

    def __call__(
        self,
        request: Any = None,
        timeout: float | None = None,
        metadata: Any = None,
        credentials: Any = None,
        wait_for_ready: bool | None = None,
        compression: Any = None,
        *,
        request_iterator: Any = None,
    ) -> Any:
        """Begin a call and return it, or what the interceptor returns instead."""

        def proceed(method: str, request: Any, changed: dict[str, Any]) -> Any:
            return self._thunk(method)(request, **changed)

        requests = request if request_iterator is None else request_iterator
        return self._begun(proceed, (timeout, metadata, credentials, wait_for_ready, compression), requests)
