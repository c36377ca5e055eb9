"""What annotations name, as type checkers know it: the classes of grpcio's type stubs where there are some.

Where there are none, they are anything, as grpcio's classes are to a checker. Nothing of this is there at run time.

Source: types-grpcio 1.85, grpc-stubs 1.53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc import Call, ClientCallDetails, Compression, Future, HandlerCallDetails, RpcMethodHandler, StatusCode

    __all__ = [
        "Call",
        "ClientCallDetails",
        "Compression",
        "Future",
        "HandlerCallDetails",
        "RpcMethodHandler",
        "StatusCode",
    ]
