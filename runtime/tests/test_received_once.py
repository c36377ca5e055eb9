"""An ASGI server that says again and again, at once, that a GET has no body (pyvoy 1.3) does not stop the loop."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode

import grpc2connect_runtime as runtime

LIMIT_S = 10


def test_a_handler_goes_on_meanwhile(gen):
    server = runtime.Server()

    class Shelf:
        def look(self, request, context):
            time.sleep(0.2)
            return gen.pb2.Answer(text=request.text)

    server.add_service(gen.connect.ShelfASGIApplication, Shelf())
    asked = 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"", "more_body": False}

    sent = []

    async def send(message):
        sent.append(message)

    query = urlencode({"connect": "v1", "encoding": "json", "message": '{"text": "a"}'})
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/tests.v1.Shelf/Look",
        "query_string": query.encode(),
        "headers": [],
        "extensions": {},
    }
    asyncio.run(asyncio.wait_for(server.app(scope, receive, send), LIMIT_S))
    assert [message.get("status") for message in sent][:1] == [200]
    assert asked < 50
