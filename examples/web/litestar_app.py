"""Litestar: all services under a prefix."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harbour import CORS, ORIGINS, rpc
from litestar import Litestar, asgi, get
from litestar.config.cors import CORSConfig


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    async with rpc.lifespan():
        yield


@get("/about")
async def about() -> dict[str, str]:
    return {"about": "ferries"}


services = asgi("/api", is_mount=True, copy_scope=True)(rpc)
app = Litestar([about, services], lifespan=[lifespan], cors_config=CORSConfig(allow_origins=ORIGINS, **CORS))
