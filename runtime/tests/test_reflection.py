from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from serving import Loop

import grpc2connect_runtime as runtime

pytest.importorskip("connectrpc_grpcreflect")

pytestmark = pytest.mark.usefixtures("each_wire")


def look_up(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "tests.v1.Echo" in database.get_services()
        service = DescriptorPool(database).FindServiceByName("tests.v1.Echo")
        assert sorted(method.name for method in service.methods) == ["Chat", "Join", "Repeat", "Say"]


def look_up_by_v1(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        # The messages of v1 are those of v1alpha.
        ask = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        (answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10)
        services = {service.name for service in answer.list_services_response.service}
        assert services >= {"tests.v1.Echo"}


NAMES = ("tests.v1.Echo", "grpc.reflection.v1alpha.ServerReflection")


def test_a_grpcio_client_reflects_on_a_sync_server(gen):
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, type("Service", (gen.connect.EchoSync,), {})())
    server.enable_reflection(NAMES)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        look_up(port)
        look_up_by_v1(port)
    finally:
        assert server.stop(None).wait(10)


def test_a_grpcio_client_reflects_on_an_aio_server(gen):
    async def start():
        server = runtime.AioServer()
        server.enable_reflection(NAMES)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    with Loop() as loop:
        server, port = loop.run(start())
        try:
            look_up(port)
            look_up_by_v1(port)
        finally:
            loop.run(server.stop(None))


def test_a_server_starts_with_the_name_of_an_unknown_service(gen, caplog):
    server = runtime.Server()
    server.enable_reflection([*NAMES, "tests.v1.Nope"])
    assert "tests.v1.Nope" in caplog.text
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        look_up(port)
    finally:
        assert server.stop(None).wait(10)


REQUESTS = [
    {"list_services": ""},
    {"host": "here", "file_containing_symbol": "tests.v1.Nope"},
    {"file_by_filename": "nope.proto"},
    {},
    {"all_extension_numbers_of_type": "tests.v1.Nope"},
    {"host": "here", "all_extension_numbers_of_type": "tests.v1.Ask"},
    {"list_services": ""},
]


def answers(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        requests = [reflection_pb2.ServerReflectionRequest(**request) for request in REQUESTS]
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        return list(stub.ServerReflectionInfo(iter(requests), timeout=10))


def files(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        requests = [reflection_pb2.ServerReflectionRequest(file_containing_symbol="tests.v1.Echo")] * 2
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        return [
            len(answer.file_descriptor_response.file_descriptor_proto)
            for answer in stub.ServerReflectionInfo(iter(requests), timeout=10)
        ]


@pytest.mark.parametrize("names", [["tests.v1.Echo"], [*NAMES, "tests.v1.Nope"]])
def test_answers_are_those_of_grpcio(gen, names):
    old = grpc.server(ThreadPoolExecutor(2))
    reflection.enable_server_reflection(names, old)
    new = runtime.Server()
    new.enable_reflection(names)
    ports = [server.add_insecure_port("127.0.0.1:0") for server in (old, new)]
    for server in (old, new):
        server.start()
    try:
        expected, seen = (answers(port) for port in ports)
        assert seen == expected
        assert files(ports[1]) == files(ports[0])
    finally:
        for server in (old, new):
            assert server.stop(None).wait(10)
