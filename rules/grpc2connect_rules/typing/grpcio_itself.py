"""G2C806: what asks for grpcio itself goes on asking it.

    if Version(grpc.__version__) < Version("1.60"):
        raise RuntimeError("too old")
    grpc.aio.init_grpc_aio()
    has_aio = hasattr(grpc, "aio")

Why: it is about the installed grpcio, which stays for as long as this stands; nothing that moves depends on it. The
native form is none: delete it. The thread pool that grpcio brings (`grpc.framework.foundation.logging_pool.pool`) runs
any functions: its native form is `concurrent.futures.ThreadPoolExecutor`, which logs no exceptions. What a server can
be doing (`grpc._server._ServerStage`) is what `server_stage` answers with where grpcio is loaded (G2C302).

Source: grpc.__version__, grpc.aio.init_grpc_aio, grpc.aio.shutdown_grpc_aio, grpc.framework, grpc._server
(grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, api, rule
from grpc2connect.rules_api.references import ApiUse

_NAMES = {
    api.VERSION,
    "grpc._grpcio_metadata.__version__",
    "grpc.aio.init_grpc_aio",
    "grpc.aio.shutdown_grpc_aio",
    "grpc._server._ServerStage",
    *(f"grpc._server._ServerStage.{stage}" for stage in ("STOPPED", "STARTED", "GRACE")),
}
_POOL = "grpc.framework.foundation.logging_pool.pool"


@rule("G2C806", on=ApiUse, names=_NAMES | {_POOL}, attribute="path")
def grpcio_itself(use: ApiUse) -> Iterator[Outcome]:
    """What asks for grpcio itself goes on asking it."""
    advice = (
        "use concurrent.futures.ThreadPoolExecutor"
        if use.path == _POOL
        else "delete it, and grpcio if no other finding keeps it"
    )
    yield Bridged(why="it is about the installed grpcio", finding="this needs grpcio itself", advice=advice)
