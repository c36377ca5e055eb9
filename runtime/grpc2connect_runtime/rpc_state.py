"""The state of a call with one response, as errors of it carry it."""

from __future__ import annotations

from typing import Any

__all__ = ["RpcState"]


class RpcState:
    """What an error of a call with one response is made of: `error.args[0]`, and the argument of `InactiveRpcError`.

    Native form: the arguments of `ConnectError`.

    Source: `grpc._channel._RPCState`, which is private, grpcio 1.85.
    """

    def __init__(self, due: Any, initial_metadata: Any, trailing_metadata: Any, code: Any, details: Any) -> None:
        """Make one from what the methods of the error return; `due` is not used."""
        self.due = set(due)
        self.initial_metadata = initial_metadata
        self.trailing_metadata = trailing_metadata
        self.code = code
        self.details = details
        self.debug_error_string: Any = None
