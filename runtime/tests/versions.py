"""Which tests say something of the versions that are installed; see `scripts/protobuf_majors.py`."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

import pytest


def _numbers(distribution: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in re.findall(r"\d+", version(distribution))[:2])
    except PackageNotFoundError:
        return (0, 0)


def needs(distribution: str, at_least: str, why: str) -> pytest.MarkDecorator:
    """Skip a test where an older version (`major.minor`) is installed."""
    wanted = tuple(int(number) for number in at_least.split("."))
    return pytest.mark.skipif(_numbers(distribution) < wanted, reason=f"{distribution} before {at_least}: {why}")


native_clients = needs("protobuf", "5.28", "it takes bytes only, and connectrpc's codec gives it a bytearray")
registered_handlers = needs("grpcio-tools", "1.65", "generated code registers generic handlers only")
channelz_of_this_grpcio = pytest.mark.skipif(
    _numbers("grpcio-channelz") < _numbers("grpcio"), reason="an older channelz does not know all that grpcio tells"
)
