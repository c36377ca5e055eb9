"""Starlette: each service mounted at its own path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harbour import CORS, ORIGINS, rpc
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with rpc.lifespan():
        yield


async def about(request: Request) -> JSONResponse:
    return JSONResponse({"about": "ferries"})


app = Starlette(
    routes=[Route("/about", about), *(Mount(path, rpc) for path in rpc.paths)],
    middleware=[Middleware(CORSMiddleware, allow_origins=ORIGINS, **CORS)],
    lifespan=lifespan,
)
