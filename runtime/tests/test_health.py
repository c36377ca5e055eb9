"""Health checks by the runtime's own service, for grpcio's clients and plain HTTP, next to grpcio-health-checking."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from grpc_health.v1 import health as theirs
from grpc_health.v1 import health_pb2, health_pb2_grpc
from serving import FLAVOURS, Loop

import grpc2connect_runtime as runtime
from grpc2connect_runtime import health

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
Response = health_pb2.HealthCheckResponse


class Checks:
    """A servicer of either library and either colour, told synchronously."""

    def __init__(self, servicer, loop):
        self.servicer = servicer
        self._run = loop.run if asyncio.iscoroutinefunction(servicer.set) else lambda value: value

    def set(self, service, status):
        self._run(self.servicer.set(service, status))

    def shut_down(self):
        self._run(self.servicer.enter_graceful_shutdown())


@contextlib.contextmanager
def serving(library, flavour, reflect=False):
    """What to tell, and the port."""
    with Loop() as loop, futures.ThreadPoolExecutor(2) as pool:

        async def make():  # grpcio's aio servicer makes conditions of the running loop
            server = grpc.aio.server() if library is theirs else runtime.AioServer()
            return (*add(server), await server.start())

        def add(server):
            servicer = (library if flavour == "sync" else library.aio).HealthServicer()
            if library is theirs:
                health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
            else:
                server.add_service(health.HealthASGIApplication, servicer)
                if reflect:
                    server.enable_reflection([health.SERVICE_NAME])
            return server, Checks(servicer, loop), server.add_insecure_port("127.0.0.1:0")

        if flavour == "aio":
            server, checks, port, _ = loop.run(make())
        else:
            server, checks, port = add(grpc.server(pool) if library is theirs else runtime.Server(pool))
            server.start()
        yield checks, port
        if flavour == "aio":
            loop.run(server.stop(None))
        else:
            server.stop(None).wait(TIMEOUT_S)


def asked(stub, service):
    try:
        return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_S).status
    except grpc.RpcError as error:
        return error.code(), error.details()


def observed(library, flavour):
    """Everything that a grpcio client sees."""
    seen = []
    with serving(library, flavour) as (checks, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        seen += [asked(stub, ""), asked(stub, "a")]
        watching = stub.Watch(health_pb2.HealthCheckRequest(service="a"), timeout=TIMEOUT_S)
        seen.append(next(watching).status)
        for status in (Response.SERVING, Response.NOT_SERVING, Response.SERVING):
            checks.set("a", status)
            seen.append(next(watching).status)
        seen += [asked(stub, "a"), asked(stub, "b")]
        checks.set("b", Response.SERVING)
        checks.shut_down()
        seen.append(next(watching).status)
        checks.set("a", Response.SERVING)
        checks.set("c", Response.SERVING)
        seen += [asked(stub, name) for name in ("", "a", "b", "c")]
        watching.cancel()
    return seen


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_grpcio_client_sees_what_it_sees_of_grpcio(flavour):
    assert observed(health, flavour) == observed(theirs, flavour)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_watching_holds_no_thread(flavour):
    with serving(health, flavour) as (checks, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="a")
        watching = [stub.Watch(request, timeout=TIMEOUT_S) for _ in range(8)]
        assert [next(one).status for one in watching] == [Response.SERVICE_UNKNOWN] * 8
        checks.set("a", Response.SERVING)
        assert [next(one).status for one in watching] == [Response.SERVING] * 8
        for one in watching:
            one.cancel()
        assert asked(stub, "a") == Response.SERVING


def post(port, method, message):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/grpc.health.v1.Health/{method}",
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.connect_wire
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_plain_http_with_json(flavour):
    with serving(health, flavour) as (checks, port):
        checks.set("a", Response.NOT_SERVING)
        assert post(port, "Check", {}) == (200, {"status": "SERVING"})
        assert post(port, "Check", {"service": "a"}) == (200, {"status": "NOT_SERVING"})
        assert post(port, "Check", {"service": "b"}) == (404, {"code": "not_found", "message": ""})
        statuses = {"": {"status": "SERVING"}, "a": {"status": "NOT_SERVING"}}
        assert post(port, "List", {}) == (200, {"statuses": statuses})


@pytest.mark.parametrize("library", [health, theirs], ids=["ours", "theirs"])
def test_the_clients(library):
    with serving(library, "sync") as (checks, port):
        checks.set("a", Response.NOT_SERVING)
        with runtime.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = channel.client(health.HealthClientSync)
            request = health.HealthCheckRequest(service="a")
            assert client.check(request, timeout_ms=10_000).status == Response.NOT_SERVING
            assert next(client.watch(request, timeout_ms=10_000)).status == Response.NOT_SERVING
            with pytest.raises(ConnectError) as caught:
                client.check(health.HealthCheckRequest(service="b"), timeout_ms=10_000)
            assert caught.value.code is Code.NOT_FOUND
            if library is health:
                assert dict(client.list(health.HealthListRequest(), timeout_ms=10_000).statuses)["a"].status == 2

        async def ask():
            async with runtime.aio_insecure_channel(f"127.0.0.1:{port}") as channel:
                client = channel.client(health.HealthClient)
                assert (await client.check(request, timeout_ms=10_000)).status == Response.NOT_SERVING
                async for response in client.watch(request, timeout_ms=10_000):
                    return response.status

        assert asyncio.run(ask()) == Response.NOT_SERVING


def test_a_client_reflects_on_it():
    pytest.importorskip("connectrpc_grpcreflect")
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    with serving(health, "sync", reflect=True) as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert health.SERVICE_NAME in database.get_services()
        service = DescriptorPool(database).FindServiceByName(health.SERVICE_NAME)
        assert {"Check", "Watch"} <= {method.name for method in service.methods}


class Ends:
    """A context that ends when told."""

    def add_callback(self, callback):
        self.end = callback
        return True


def test_the_methods_can_be_called():
    checks = health.HealthServicer()
    checks.set("a", Response.SERVING)
    request, context = health.HealthCheckRequest(service="a"), Ends()
    assert checks.Check(request, None).status == Response.SERVING
    assert set(checks.List(health.HealthListRequest(), None).statuses) == {health.OVERALL_HEALTH, "a"}
    with pytest.raises(ConnectError):
        checks.Check(health.HealthCheckRequest(service="b"), None)
    watching = checks.Watch(request, context)
    assert next(watching).status == Response.SERVING
    threading.Thread(target=checks.set, args=("a", Response.NOT_SERVING)).start()
    assert next(watching).status == Response.NOT_SERVING
    context.end()
    assert list(watching) == []

    async def aio():
        checks = health.aio.HealthServicer()
        await checks.set("a", Response.SERVING)
        assert (await checks.Check(request, None)).status == Response.SERVING
        assert len((await checks.List(health.HealthListRequest(), None)).statuses) == 2
        return [response.status async for response in _first(checks.Watch(request, None))]

    assert asyncio.run(aio()) == [Response.SERVING]


async def _first(responses):
    async with contextlib.aclosing(responses):
        async for response in responses:
            yield response
            return


@pytest.mark.parametrize("order", ["ours first", "theirs first"])
def test_generated_code_of_the_same_proto_may_be_imported_too(order):
    lines = ["from grpc2connect_runtime import health", "from grpc_health.v1 import health_pb2"]
    if order == "theirs first":
        lines.reverse()
    lines += [
        "assert health.HealthCheckResponse is not health_pb2.HealthCheckResponse",
        "data = health.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING).SerializeToString()",
        "assert health_pb2.HealthCheckResponse.FromString(data).status == health.HealthCheckResponse.SERVING",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
