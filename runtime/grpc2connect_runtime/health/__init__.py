"""Health checks: the service `grpc.health.v1.Health` without grpcio, in the form of `grpc_health.v1.health`.

    from grpc2connect_runtime import health

    checks = health.HealthServicer()
    server.add_service(health.HealthASGIApplication, checks)
    checks.set("shop.v1.Shop", health.HealthCheckResponse.SERVING)

gRPC's probes (`grpc_health_probe`, Kubernetes' `grpc:` probes, Envoy) and plain HTTP ones find it: `POST
/grpc.health.v1.Health/Check` with the JSON `{"service": "shop.v1.Shop"}` answers `{"status": "SERVING"}`.

The message classes are made at run time in a descriptor pool of their own, so that the generated code of any version of
the proto may be imported beside them.
"""

from __future__ import annotations

from . import aio
from .application import HealthASGIApplication, HealthClient, HealthClientSync
from .messages import (
    SERVICE_NAME,
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)
from .servicer import HealthServicer
from .statuses import OVERALL_HEALTH

__all__ = [
    "OVERALL_HEALTH",
    "SERVICE_NAME",
    "HealthASGIApplication",
    "HealthCheckRequest",
    "HealthCheckResponse",
    "HealthClient",
    "HealthClientSync",
    "HealthListRequest",
    "HealthListResponse",
    "HealthServicer",
    "aio",
]
