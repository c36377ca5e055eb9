"""What a server does just now: has it been started, is it about to stop?"""

from __future__ import annotations

import enum
import sys
from typing import Any

from .server import Server

__all__ = ["ServerStage", "server_stage"]


class ServerStage(enum.Enum):
    """What a server does, by grpcio's names.

    Native form: none; see `server_stage`.

    Source: `grpc._server._ServerStage`, which is private (grpcio 1.85).
    """

    STOPPED = "stopped"
    STARTED = "started"
    GRACE = "grace"


def server_stage(server: Any) -> Any:
    """Return what a server does: STOPPED before its start and after its end, GRACE while its last calls end.

    Args:
        server: a `Server`; or a `grpc.Server`, of a service that has not moved.

    Returns:
        A member of grpcio's own enumeration where that is loaded, so that `is` holds; else of `ServerStage`.

    Native form: none; an ASGI server runs for as long as its process, and says so itself (a health check).

    Source: `grpc._server._ServerState.stage`, which is private (grpcio 1.85).
    """
    if not isinstance(server, Server):
        return server._state.stage
    stages = getattr(sys.modules.get("grpc._server"), "_ServerStage", ServerStage)
    return stages[server._stage]
