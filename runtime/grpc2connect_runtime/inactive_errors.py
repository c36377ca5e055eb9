"""grpcio's private class of errors of calls with one response, for programs (tests, mostly) that make such errors."""

from __future__ import annotations

import copy
from typing import Any

from .call_kinds import Call, Future
from .errors import UNARY_FORM, FinishedCall
from .made_errors import RpcError, error_text
from .rpc_state import RpcState
from .status import StatusCode

__all__ = ["InactiveRpcError", "RpcState"]


def _decoded(text: Any) -> Any:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


class InactiveRpcError(FinishedCall, RpcError, Call, Future):  # pyright: ignore[reportIncompatibleMethodOverride]
    """An error of a call with one response that a program makes; what a call raises is a `CallError`.

    Native form: `ConnectError(code, message)`.

    Source: `grpc._channel._InactiveRpcError`, which is private, grpcio 1.85.
    """

    _grpcio_class = "grpc._channel._InactiveRpcError"

    def __init__(self, state: Any) -> None:
        """Make one from an `RpcState`; of anything else it is INTERNAL and says so, as in grpcio."""
        if not isinstance(state, RpcState):
            text = "Inactive RPC Error: Invalid RPC state type."
            text = f"{text} Details: {state}" if isinstance(state, str) else text
            state = RpcState((), (), (), StatusCode.INTERNAL, text)
        initial, trailing = copy.deepcopy(state.initial_metadata), copy.deepcopy(state.trailing_metadata)
        self._state = RpcState((), initial, trailing, state.code, copy.deepcopy(state.details))
        self._state.debug_error_string = state.debug_error_string

    def code(self) -> Any:
        """Return the status; native form: `ConnectError.code`."""
        return self._state.code

    def details(self) -> Any:
        """Return the message; native form: `ConnectError.message`."""
        return _decoded(self._state.details)

    def initial_metadata(self) -> Any:
        """Return the response headers; native form: `ResponseMetadata.headers`."""
        return self._state.initial_metadata

    def trailing_metadata(self) -> Any:
        """Return the response trailers; native form: `ResponseMetadata.trailers`."""
        return self._state.trailing_metadata

    def debug_error_string(self) -> Any:
        """Return a line for logs; native form: the code and the message."""
        return _decoded(self._state.debug_error_string)

    def __str__(self) -> str:
        code, details = self._state.code, self._state.details
        name = UNARY_FORM if type(self) is InactiveRpcError else type(self).__name__
        if code is None:
            return f"<{name} object>"
        if code is StatusCode.OK:
            return f'<{name} of RPC that terminated with:\n\tstatus = {code}\n\tdetails = "{details}"\n>'
        return error_text(name, code, details, self._state.debug_error_string)

    __repr__ = __str__
