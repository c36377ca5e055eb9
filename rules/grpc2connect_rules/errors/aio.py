"""G2C605: the exceptions of `grpc.aio` for an abort and for a wrong use of a call are the runtime's.

    - except grpc.aio.AbortError:
    + except AbortError:

Why: what the runtime's contexts, calls and channels raise is of these classes, and of grpcio's too where grpcio is
loaded. So where some services of the program stay on gRPC, the names stay as well: grpcio's own objects raise those.

Native form: an abort is `raise ConnectError(...)`; connectrpc has no call objects that could be used wrongly.

Source: grpc.aio.AbortError, grpc.aio.UsageError (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_ERRORS = {"grpc.aio.AbortError", "grpc.aio.UsageError"}


@rule("G2C605", on=ApiUse, names=_ERRORS, attribute="path")
def aio_error(use: ApiUse) -> Iterator[Outcome]:
    """An exception of `grpc.aio` is the runtime's."""
    name = use.path.rpartition(".")[2]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why="the runtime raises it", mixed=False)
    yield Bridged(why="some services here stay on gRPC, and what the runtime raises is of this class too")
