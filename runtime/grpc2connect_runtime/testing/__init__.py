"""For the tests of migrated code: servers for a `with` block, contexts to call handlers with, RPCs played by the test.

`pytest_plugin`, which is not imported from here, has the fixtures of pytest-grpc. See `docs/testing.md`.
"""

from __future__ import annotations

from .contexts import Aborted, FakeAioServicerContext, FakeServicerContext
from .invocations import TestServer, server_from_dictionary
from .serving import aio_running, aio_serving, running, serving

__all__ = [
    "Aborted",
    "FakeAioServicerContext",
    "FakeServicerContext",
    "TestServer",
    "aio_running",
    "aio_serving",
    "running",
    "server_from_dictionary",
    "serving",
]
