"""FastAPI, and in the same process the server's own port for gRPC clients: as fast and as exact as it was."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from harbour import CORS, ORIGINS, rpc, server


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    print("gRPC on", server.add_insecure_port(os.environ.get("GRPC_ADDRESS", "127.0.0.1:0")), flush=True)
    server.start()
    async with rpc.lifespan():
        yield
    await asyncio.to_thread(server.stop(30).wait)


app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, **CORS)


@app.get("/about")
def about() -> dict[str, str]:
    return {"about": "ferries"}


for path in rpc.paths:
    app.mount(path, rpc)
