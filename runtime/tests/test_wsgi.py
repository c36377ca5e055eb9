"""`server.wsgi_app`: what WSGI servers run. `tests/servers` runs it under real ones, with streams."""

from __future__ import annotations

import http.client
import json
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from pyqwest import SyncClient
from pyqwest.testing import WSGITransport
from servicers import AioEcho, Seen, SyncEcho, renamed

import grpc2connect_runtime as runtime

FLAVOURS = {"sync": SyncEcho, "aio": AioEcho}
TIMEOUT_S = 10


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def wsgi_app(gen, flavour, seen):
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, renamed(FLAVOURS[flavour](gen.pb2, seen)))
    assert server.wsgi_app is server.wsgi_app
    return server.wsgi_app


@pytest.fixture(params=list(FLAVOURS))
def served(gen, request):
    """A port of a WSGI server, and what its handlers saw."""
    seen = Seen()
    with make_server("127.0.0.1", 0, wsgi_app(gen, request.param, seen), Threads, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_port, seen
        seen.release.set()
        server.shutdown()
        thread.join(TIMEOUT_S)


def post(port, text, headers=None, method="Say"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    sent = {"content-type": "application/json", **(headers or {})}
    connection.request("POST", f"/tests.v1.Echo/{method}", json.dumps({"text": text}), sent)
    response = connection.getresponse()
    return response.status, json.loads(response.read() or "null")


def test_answers_and_errors(served):
    port, _ = served
    assert post(port, "fine") == (200, {"text": "fine"})
    assert post(port, "abort") == (404, {"code": "not_found", "message": "no such thing é"})
    assert post(port, "none")[0] == 500
    assert post(port, "raise")[1]["code"] == "unknown"
    assert post(port, "x", method="Nothing") == (404, None)
    assert post(port, "y" * 200_000) == (200, {"text": "y" * 200_000})


def test_a_deadline_ends_the_handler(served):
    port, seen = served
    status, answer = post(port, "hang", {"connect-timeout-ms": "200"})
    assert (status, answer["code"]) == (504, "deadline_exceeded")
    assert seen.ended.wait(TIMEOUT_S)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_streams_come_message_by_message(gen, flavour):
    seen = Seen()
    client = gen.connect.EchoClientSync(
        "http://wsgi", http_client=SyncClient(WSGITransport(wsgi_app(gen, flavour, seen))), send_compression=None
    )
    answers = client.repeat(gen.pb2.Ask(text="hang"), timeout_ms=5000)
    assert next(answers).text == "first"
    assert seen.started.wait(TIMEOUT_S)
    assert not seen.release.is_set()
    answers.close()
    assert seen.ended.wait(TIMEOUT_S)  # nobody reads any more, and the handler is told
    seen.release.set()
    assert client.join(gen.pb2.Ask(text=text) for text in "abc").text == "a+b+c"


def test_grpc_is_refused_not_answered_wrongly(gen):
    http_client = SyncClient(WSGITransport(wsgi_app(gen, "sync", Seen())))
    client = gen.connect.EchoClientSync("http://wsgi", protocol=ProtocolType.GRPC, http_client=http_client)
    with pytest.raises(ConnectError) as caught:
        client.say(gen.pb2.Ask(text="none"))
    assert caught.value.code is Code.UNKNOWN
    assert "trailers" in caught.value.message


def test_a_request_that_is_cut_is_no_request(gen):
    app = wsgi_app(gen, "sync", Seen())

    class Cut:
        def read(self, size):
            return b""

    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/tests.v1.Echo/Say", "CONTENT_LENGTH": "9", "wsgi.input": Cut()}
    with pytest.raises(ConnectionError):
        app(environ | {"CONTENT_TYPE": "application/json"}, lambda *_: pytest.fail("answered"))


def test_services_that_are_made_at_the_start(gen):
    events = []

    async def made():
        events.append("start")
        yield renamed(SyncEcho(gen.pb2, Seen()))

    server = runtime.AioServer()
    server.add_service(gen.connect.EchoASGIApplication, made())
    client = gen.connect.EchoClientSync("http://wsgi", http_client=SyncClient(WSGITransport(server.wsgi_app)))
    assert events == []
    assert [client.say(gen.pb2.Ask(text=text)).text for text in "ab"] == ["a", "b"]
    assert events == ["start"]
