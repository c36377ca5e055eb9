"""What the package does where nothing but its dependencies is installed; run by itself, not by pytest.

    python tests/alone.py

Imports every module but those for grpcio and pytest, serves and calls health checks, sync and aio, and JSON by HTTP.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pkgutil
import sys
import urllib.request

ABSENT = ("click", "connectrpc_grpcreflect", "grpc", "grpc_health", "libcst", "pytest")


def main() -> None:
    there = [name for name in ABSENT if importlib.util.find_spec(name) is not None]
    assert not there, f"this environment has {there}: it shows nothing"
    import grpc2connect_runtime as runtime
    from grpc2connect_runtime import health, testing

    for module in pkgutil.walk_packages(runtime.__path__, f"{runtime.__name__}."):
        if ".wire." not in module.name and not module.name.endswith("pytest_plugin"):
            importlib.import_module(module.name)
    serving = health.HealthCheckResponse.SERVING
    server = runtime.Server()
    server.add_service(health.HealthASGIApplication, health.HealthServicer())
    with testing.running(server) as channel:
        assert channel.client(health.HealthClientSync).check(health.HealthCheckRequest()).status == serving
        request = urllib.request.Request(
            f"{channel.url}/grpc.health.v1.Health/Check", data=b"{}", headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert b"SERVING" in response.read()

    async def aio() -> None:
        async with testing.aio_serving(health.HealthASGIApplication, health.aio.HealthServicer()) as channel:
            response = await channel.client(health.HealthClient).check(health.HealthCheckRequest())
            assert response.status == serving

    asyncio.run(aio())
    assert "grpc" not in sys.modules
    print("it needs nothing else")


if __name__ == "__main__":
    main()
