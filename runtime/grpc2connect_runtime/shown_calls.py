"""How calls are shown: programs print them, and log them."""

from __future__ import annotations

from typing import Any

__all__ = ["shown_aio_call", "shown_call"]


def shown_call(name: str, code: Any, details: str, debug: str | None) -> str:
    """Return the text of a call that has ended; `debug` is None where it has ended well.

    Source: `grpc._channel._rpc_state_string`, grpcio 1.85.
    """
    line = "" if debug is None else f'\tdebug_error_string = "{debug}"\n'
    return f'<{name} of RPC that terminated with:\n\tstatus = {code}\n\tdetails = "{details}"\n{line}>'


def shown_aio_call(code: Any, details: str, debug: str) -> str:
    """Return the text of a call of `grpc.aio` that has ended: in grpcio its code and its details have changed places.

    Source: `_AioCall.__repr__` of grpc._cython, grpcio 1.85.
    """
    return shown_call("_AioCall", details, str(code), debug)
