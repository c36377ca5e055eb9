"""For the tests of migrated code: servers for a `with` block, contexts to call handlers with, RPCs played by the test.

`pytest_plugin`, which is not imported from here, has the fixtures of pytest-grpc. See `docs/testing.md`.
"""

from __future__ import annotations

from .channels import ChannelRpc, TestChannel, channel
from .contexts import Aborted, FakeAioServicerContext, FakeServicerContext
from .invocations import ServerRpc, StreamServerRpc, TestServer, UnaryServerRpc, server_from_dictionary
from .serving import aio_running, aio_serving, running, serving
from .times import FakeTime, RealTime, Time, strict_fake_time, strict_real_time

__all__ = [
    "Aborted",
    "ChannelRpc",
    "FakeAioServicerContext",
    "FakeServicerContext",
    "FakeTime",
    "RealTime",
    "ServerRpc",
    "StreamServerRpc",
    "TestChannel",
    "TestServer",
    "Time",
    "UnaryServerRpc",
    "aio_running",
    "aio_serving",
    "channel",
    "running",
    "server_from_dictionary",
    "serving",
    "strict_fake_time",
    "strict_real_time",
]
