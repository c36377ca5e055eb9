"""Flask: on an ASGI server, beside the services."""

from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from harbour import CORS, ORIGINS, rpc
from starlette.middleware.cors import CORSMiddleware

flask = Flask(__name__)


@flask.get("/about")
def about() -> dict[str, str]:
    return {"about": "ferries"}


pages: Any = WSGIMiddleware(flask)
services = CORSMiddleware(rpc, allow_origins=ORIGINS, **CORS)


async def app(scope: Any, receive: Any, send: Any) -> None:
    is_rpc = scope["type"] == "lifespan" or scope["path"].rpartition("/")[0] in rpc.paths
    await (services if is_rpc else pages)(scope, receive, send)
