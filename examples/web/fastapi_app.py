"""FastAPI: all services under a prefix; the base URL of Connect clients ends with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from harbour import CORS, ORIGINS, rpc


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with rpc.lifespan():
        yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, **CORS)


@app.get("/about")
def about() -> dict[str, str]:
    return {"about": "ferries"}


app.mount("/api", rpc)
