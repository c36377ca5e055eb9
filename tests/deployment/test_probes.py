"""Probes of gRPC's health service find a migrated server, whichever core serves its port; and by HTTP, on Connect's."""

from __future__ import annotations

import json
import urllib.request
from concurrent import futures

import grpc
import pytest
from grpc_health.v1 import health as grpcio_health
from grpc_health.v1 import health_pb2, health_pb2_grpc

from grpc2connect_runtime import Server, health

CHECK = "/grpc.health.v1.Health/Check"


def probed(port: int, service: str) -> str:
    """What Kubernetes' `grpc:` probe and `grpc_health_probe` ask, and what they are told."""
    with grpc.insecure_channel(
        f"127.0.0.1:{port}", options=[("grpc.primary_user_agent", "kube-probe/1.30")]
    ) as channel:
        ask = channel.unary_unary(
            CHECK, health_pb2.HealthCheckRequest.SerializeToString, health_pb2.HealthCheckResponse.FromString
        )
        try:
            answer = ask(health_pb2.HealthCheckRequest(service=service), timeout=20)
        except grpc.RpcError as error:
            return error.code().name
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


@pytest.mark.parametrize("kept", [True, False], ids=["grpcio's servicer", "the runtime's"])
@pytest.mark.parametrize("wire", ["grpcio", "connect"], ids=["dual", "single"])
def test_probes_go_on(wire: str, kept: bool) -> None:
    server = Server(futures.ThreadPoolExecutor(2), wire=wire)
    if kept:
        checks = grpcio_health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    else:
        checks = health.HealthServicer()
        server.add_service(health.HealthASGIApplication, checks)
    port = server.add_insecure_port("127.0.0.1:0")
    connect = server.add_connect_port("127.0.0.1:0")
    server.start()
    try:
        checks.set("shop.v1.Shop", health_pb2.HealthCheckResponse.NOT_SERVING)
        for each in (port, connect):
            assert [probed(each, name) for name in ("", "shop.v1.Shop", "else")] == [
                "SERVING",
                "NOT_SERVING",
                "NOT_FOUND",
            ]
        if not kept:
            asked = urllib.request.Request(
                f"http://127.0.0.1:{connect}{CHECK}", b"{}", {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(asked, timeout=20) as answer:
                assert json.load(answer) == {"status": "SERVING"}
    finally:
        server.stop(0).wait(20)
