"""The services of a server inside another ASGI application: mounts, lifespan, CORS, middleware before own ports."""

from __future__ import annotations

import asyncio
import contextlib
import http.client

import grpc
import pytest
from connectrpc.protocol import ProtocolType
from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets
from servicers import Seen, SyncEcho, renamed
from serving import Loop
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import grpc2connect_runtime as runtime
from grpc2connect_runtime.binding import bind
from grpc2connect_runtime.mounted_paths import method_path

PAGE = "https://page.example"


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/a.B/C", ""),
        ("/a.B/C", "/"),
        ("/api/a.B/C", "/api"),
        ("/api/a.B/C", "/api/"),
        ("/a.B/C", "/api"),
        ("/a.B/C", "/a.B"),
        ("/C", "/a.B"),
        ("/api/a.B/C", "/api/a.B"),
        ("/C", "/api/a.B"),
        ("/a.B/C/", ""),
        ("a.B/C/", ""),
    ],
)
def test_a_method_is_found_wherever_the_application_is_mounted(path, root):
    assert method_path({"path": path, "root_path": root}) == "/a.B/C"


def test_paths_of_generic_handlers_stay_as_they_are():
    assert method_path({"path": "/a/b/c"}) == "/a/b/c"
    assert method_path({"path": "/x", "root_path": ""}) == "/x"


class Served:
    """Serves ASGI applications, with their lifespan, on free ports."""

    def __init__(self, loop):
        self.loop = loop
        self.ends = []

    def __call__(self, app):
        port, end = self.loop.run(self._start(app))
        self.ends.append(end)
        return port

    @contextlib.contextmanager
    def once(self, app):
        port, end = self.loop.run(self._start(app))
        try:
            yield port
        finally:
            self.loop.run(end())

    async def _start(self, app):
        sockets, port = bind("127.0.0.1:0", reuse_port=False)
        config, stop = Config(), asyncio.Event()
        config.accesslog = config.errorlog = None
        config.graceful_timeout = 0.2
        config.create_sockets = lambda: Sockets([], sockets, [])
        for one in sockets:
            one.listen()
        task = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))

        async def end():
            stop.set()
            await asyncio.wait_for(task, 20)

        return port, end


@pytest.fixture
def served():
    with Loop() as loop:
        served = Served(loop)
        yield served
        for end in served.ends:
            loop.run(end())


@pytest.fixture
def echo(gen):
    """A server with a sync servicer, whose application is to be mounted."""
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, renamed(SyncEcho(gen.pb2, Seen())))
    return server


def page(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().read()


def preflight(port, origin):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-mine"}
    connection.request("OPTIONS", "/tests.v1.Echo/Say", headers={"origin": origin, **asked})
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


async def about(request):
    return PlainTextResponse("about")


@pytest.mark.parametrize("where", ["its own path", "/api", "/api and its own path", "/"])
def test_old_and_new_clients_reach_a_mounted_application(gen, echo, served, where):
    rpc = echo.app
    assert rpc.paths == ["/tests.v1.Echo"]
    mounts = {
        "its own path": [Mount(path, rpc) for path in rpc.paths],
        "/api": [Mount("/api", rpc)],
        "/api and its own path": [Mount("/api", routes=[Mount(path, rpc) for path in rpc.paths])],
        "/": [Mount("/", rpc)],
    }[where]
    port = served(Starlette(routes=[Route("/about", about), *mounts]))
    base = f"http://127.0.0.1:{port}" + ("/api" if where.startswith("/api") else "")
    for protocol in (ProtocolType.CONNECT, ProtocolType.GRPC_WEB):
        with gen.connect.EchoClientSync(base, protocol=protocol) as client:
            assert client.say(gen.pb2.Ask(text="fine")).text == "fine"
            assert [one.text for one in client.repeat(gen.pb2.Ask(text="n", count=2))] == ["n0", "n1"]
    # gRPC's clients have no prefix, and this is HTTP/2 without TLS on hypercorn.
    if not where.startswith("/api"):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert [one.text for one in stub.Repeat(gen.pb2.Ask(text="n", count=2), timeout=20)] == ["n0", "n1"]
            with pytest.raises(grpc.RpcError) as caught:
                stub.Say(gen.pb2.Ask(text="abort"), timeout=20)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert page(port, "/about") == b"about"


def test_registered_services_have_paths_too(gen):
    server = runtime.Server()
    gen.pb2_grpc.add_OtherServicer_to_server(gen.pb2_grpc.OtherServicer(), server)
    server.add_service(gen.connect.EchoASGIApplication, renamed(SyncEcho(gen.pb2, Seen())))
    assert server.app.paths == ["/tests.v1.Echo", "/tests.v1.Other"]


def test_lifespan_runs_services_that_are_made_at_the_start(gen, served):
    seen = []

    class Other(gen.connect.Other):
        async def ping(self, request, ctx):
            return gen.pb2.Answer(text=",".join(seen))

    async def made():
        seen.append("made")
        try:
            yield Other()
        finally:
            seen.append("gone")

    server = runtime.AioServer()
    server.add_service(gen.connect.OtherASGIApplication, made())

    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with server.app.lifespan():
            seen.append("open")
            yield
            seen.append("closing")

    app = Starlette(routes=[Mount("/api", server.app)], lifespan=lifespan)
    with served.once(app) as port, gen.connect.OtherClientSync(f"http://127.0.0.1:{port}/api") as client:
        assert client.ping(gen.pb2.Ask()).text == "made,open"
    assert seen == ["made", "open", "closing", "gone"]


def test_a_service_is_made_once_where_its_server_is_started_too(gen):
    seen = []

    class Other(gen.connect.Other):
        async def ping(self, request, ctx):
            return gen.pb2.Answer(text=",".join(seen))

    async def made():
        seen.append("made")
        try:
            yield Other()
        finally:
            seen.append("gone")

    server = runtime.Server()
    server.add_service(gen.connect.OtherASGIApplication, made())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    async def mount():
        async with server.app.lifespan():
            seen.append("mounted")

    asyncio.run(mount())
    with gen.connect.OtherClientSync(f"http://127.0.0.1:{port}") as client:
        assert client.ping(gen.pb2.Ask()).text == "made,mounted"
    assert server.stop(None).wait(20)
    assert seen == ["made", "mounted", "gone"]


def test_a_service_that_cannot_be_made_stops_those_before_it(gen):
    seen = []

    async def made():
        try:
            yield renamed(SyncEcho(gen.pb2, Seen()))
        finally:
            seen.append("gone")

    async def broken():
        raise ValueError("no table")
        yield

    server = runtime.AioServer()
    server.add_service(gen.connect.EchoASGIApplication, made())
    server.add_service(gen.connect.OtherASGIApplication, broken())

    async def start():
        async with server.app.lifespan():
            seen.append("open")

    with pytest.raises(RuntimeError, match=r"startup of /tests\.v1\.Other failed: no table"):
        asyncio.run(start())
    assert seen == ["gone"]


def test_cors_allows_what_the_documentation_of_connect_says_and_what_is_asked_for():
    # https://connectrpc.com/docs/cors, "Configurations by protocol": Connect's and gRPC-Web's together.
    assert runtime.connect_cors() == {
        "allow_methods": ["GET", "POST"],
        "allow_headers": [
            "content-type",
            "connect-protocol-version",
            "connect-timeout-ms",
            "grpc-timeout",
            "x-grpc-web",
            "x-user-agent",
        ],
        "expose_headers": ["grpc-status", "grpc-message", "grpc-status-details-bin"],
    }
    own = runtime.connect_cors(
        request_headers=["Authorization", "content-type"], response_headers=["X-Pier"], response_trailers=["X-Left"]
    )
    assert own["allow_headers"][-1] == "authorization"
    assert len(own["allow_headers"]) == 7
    assert own["expose_headers"][3:] == ["x-pier", "x-left", "trailer-x-left"]


def test_options_is_answered_without_allowing_anything(echo, served):
    status, headers = preflight(served(echo.app), PAGE)
    assert (status, headers["allow"]) == (204, "GET, POST, OPTIONS")
    assert not any(name.startswith("access-control-") for name in headers)


class Counting:
    """Middleware that gives what is behind it a `send` of its own."""

    def __init__(self, app, asked):
        self.app, self.asked = app, asked

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["method"])

        async def send_on(message):
            await send(message)

        await self.app(scope, receive, send_on)


def ask_through_middleware(gen, port):
    allowed, headers = preflight(port, PAGE)
    assert (allowed, headers["access-control-allow-origin"]) == (200, PAGE)
    refused, headers = preflight(port, "https://evil.example")
    assert refused == 400
    assert "access-control-allow-origin" not in headers
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        assert [one.text for one in stub.Repeat(gen.pb2.Ask(text="n", count=2), timeout=20)] == ["n0", "n1"]
        with pytest.raises(grpc.RpcError) as caught:
            stub.Say(gen.pb2.Ask(text="abort"), timeout=20)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("kind", [runtime.Server, runtime.AioServer])
def test_middleware_stands_before_the_ports_of_a_server(gen, kind):
    asked = []
    is_aio = kind is runtime.AioServer

    async def make():
        server = kind()
        server.add_service(gen.connect.EchoASGIApplication, renamed(SyncEcho(gen.pb2, Seen())))
        allowed = runtime.connect_cors(request_headers=["x-mine"])
        server.add_asgi_middleware(CORSMiddleware, allow_origins=[PAGE], **allowed)
        server.add_asgi_middleware(Counting, asked)
        port = server.add_connect_port("127.0.0.1:0")
        if is_aio:
            await server.start()
        else:
            server.start()
        return server, port

    async def stop(server):
        if is_aio:
            await server.stop(None)
        else:
            await asyncio.to_thread(server.stop(None).wait, 20)

    with Loop() as loop:
        server, port = loop.run(make())
        try:
            ask_through_middleware(gen, port)
            with pytest.raises(RuntimeError, match="before the server is started"):
                server.add_asgi_middleware(Counting, asked)
        finally:
            loop.run(stop(server))
    assert asked == ["OPTIONS", "OPTIONS", "POST", "POST"]
