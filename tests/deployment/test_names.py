"""The table of names in docs/observability.md is what the libraries emit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from connectrpc_otel import OpenTelemetryInterceptor
from grpc_health.v1 import health as grpcio_health
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.instrumentation.grpc import server_interceptor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from grpc2connect_runtime import Server, health

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
SERVICE = "grpc.health.v1.Health"


@pytest.fixture
def spans() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


def call(server: object, port: int) -> None:
    """One call that succeeds, and one that does not."""
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
            with pytest.raises(grpc.RpcError):
                stub.Check(health_pb2.HealthCheckRequest(service="else"), timeout=20)
    finally:
        server.stop(0).wait(20)


def column(number: int) -> str:
    """The cells of a column of the table, one a line."""
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return "\n".join(row[number] for row in rows if len(row) == 5)


def test_names_of_grpc(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, exporter = spans
    server = grpc.server(futures.ThreadPoolExecutor(1), interceptors=[server_interceptor(provider)])
    health_pb2_grpc.add_HealthServicer_to_server(grpcio_health.HealthServicer(), server)
    call(server, server.add_insecure_port("127.0.0.1:0"))
    good, bad = exporter.get_finished_spans()
    assert (good.name, bad.name) == (f"/{SERVICE}/Check",) * 2
    known = {"rpc.system": "grpc", "rpc.service": SERVICE, "rpc.method": "Check"}
    for span, status in ((good, 0), (bad, 5)):
        assert {**known, "rpc.grpc.status_code": status}.items() <= dict(span.attributes).items()
        assert all(f"`{name}`" in column(2) for name in span.attributes), dict(span.attributes)


@pytest.mark.parametrize("wire", ["grpcio", "connect"])
def test_names_of_connect(spans: tuple[TracerProvider, InMemorySpanExporter], wire: str) -> None:
    provider, exporter = spans
    reader = InMemoryMetricReader()
    told = OpenTelemetryInterceptor(tracer_provider=provider, meter_provider=MeterProvider([reader]))
    server = Server(futures.ThreadPoolExecutor(1), wire=wire)
    server.add_service(health.HealthASGIApplication, health.HealthServicer(), interceptors=[told])
    call(server, server.add_insecure_port("127.0.0.1:0"))
    good, bad = exporter.get_finished_spans()
    assert (good.name, bad.name) == (f"{SERVICE}/Check",) * 2
    known = {"rpc.system.name": "connectrpc", "rpc.method": f"{SERVICE}/Check"}
    assert known.items() <= dict(good.attributes).items()
    assert {**known, "rpc.response.status_code": "not_found"}.items() <= dict(bad.attributes).items()
    assert "rpc.response.status_code" not in good.attributes
    names = {name for name in bad.attributes if not name.startswith("server.")}
    assert all(f"`{name}`" in column(3) for name in names), names
    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("rpc.server.call.duration", "s")
    assert f"`{metric.name}`" in column(3)
