"""The migrated services as one ASGI application, and what pages of another origin may do with it."""

import os
from collections.abc import AsyncGenerator

from connectrpc.request import RequestContext
from ferries.ferries_connect import Tides, TidesASGIApplication
from ferries.ferries_pb2 import Harbour, Tide
from ferries.server import make_server

from grpc2connect_runtime import connect_cors


class TideTable(Tides):
    """Written after the migration; beside the migrated services, and behind the same interceptors."""

    async def next(self, request: Harbour, ctx: RequestContext) -> Tide:
        return Tide(time="12:25")


async def tide_table() -> AsyncGenerator[TideTable]:
    """Made when the server starts, and cleaned up when it stops."""
    print("tide table opened", flush=True)
    try:
        yield TideTable()
    finally:
        print("tide table closed", flush=True)


server = make_server()
server.add_service(TidesASGIApplication, tide_table())
rpc = server.app

ORIGINS = [os.environ.get("PAGE_ORIGIN", "https://ferry.example")]
CORS = connect_cors(request_headers=["x-passenger"], response_headers=["x-pier"], response_trailers=["x-seats-left"])
