"""asgi-cors: it adds what it is told to answers, but for what pages may read; OPTIONS is answered by `rpc`."""

from typing import Any

from asgi_cors import asgi_cors
from harbour import CORS, ORIGINS, rpc

EXPOSED = (b"access-control-expose-headers", ", ".join(CORS["expose_headers"]).encode())


async def exposing(scope: Any, receive: Any, send: Any) -> None:
    async def send_exposing(event: Any) -> None:
        if event["type"] == "http.response.start":
            event = {**event, "headers": [*event["headers"], EXPOSED]}
        await send(event)

    await rpc(scope, receive, send_exposing)


app = asgi_cors(exposing, hosts=ORIGINS, methods=CORS["allow_methods"], headers=CORS["allow_headers"])
