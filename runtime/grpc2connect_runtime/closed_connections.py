"""Lets go of a connection as soon as its client has closed it.

hypercorn 0.18 waits for a connection's idle timeout before it closes its own side, even when the client is gone (as
every grpcio client, curl and TCP health probe goes: without GOAWAY). With the long timeout that gRPC needs, each such
connection would keep a socket and three tasks. Nothing in hypercorn's configuration avoids it, so its TCP server gets a
read loop that ends the wait.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import hypercorn.asyncio.run as hypercorn_run


@cache
def release_closed_connections() -> None:
    """Make hypercorn's TCP server close its side when the client has closed; once per process."""
    names = vars(hypercorn_run)
    base: Any = names["TCPServer"]
    if not hasattr(base, "_read_data"):  # another hypercorn: its own affair
        return

    class TCPServer(base):  # type: ignore[misc]
        """A TCP server whose idle timeout ends with the client."""

        async def _read_data(self) -> None:
            await super()._read_data()
            await self.idle_task.stop()

    names["TCPServer"] = TCPServer
