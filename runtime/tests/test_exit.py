"""Short-lived aio clients end well, wherever pyqwest's native threads are at exit."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from grpc2connect_runtime import Server

CLIENT = textwrap.dedent(
    """
    import asyncio, sys, threading, time
    from grpc2connect_runtime import aio_insecure_channel
    from connectrpc.client import ConnectClient
    from connectrpc.errors import ConnectError
    from connectrpc.compat import google_protobuf_codecs
    from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
    from google.protobuf.empty_pb2 import Empty

    METHOD = MethodInfo(name="No", service_name="not.There", input=Empty, output=Empty,
                        idempotency_level=IdempotencyLevel.UNKNOWN, stream_type=StreamType.UNARY)

    class Client(ConnectClient):
        def __init__(self, address, **settings):
            super().__init__(address, **{"codec": google_protobuf_codecs()[0], **settings})

        async def no(self):
            return await self.execute_unary(request=Empty(), method=METHOD)

    class SlowToReturn(asyncio.SelectorEventLoop):
        # Keeps native threads in here, without the GIL, after the loop has what they report.

        def call_soon_threadsafe(self, callback, *args, context=None):
            handle = super().call_soon_threadsafe(callback, *args, context=context)
            if threading.get_ident() != threading.main_thread().ident:
                time.sleep(seconds)
            return handle

    async def main():
        async with aio_insecure_channel(sys.argv[1]) as channel:
            client = channel.client(Client)
            for _ in range(3):
                try:
                    await client.no()
                except ConnectError as error:
                    print(error.code.name)

    seconds = float(sys.argv[2])
    with asyncio.Runner(loop_factory=SlowToReturn if seconds else None) as runner:
        runner.run(main())
    """
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = Server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(10)


def _exits(address: str, runs: int, seconds: float) -> list[int]:
    command = [sys.executable, "-c", CLIENT, address, str(seconds)]
    ended = [subprocess.run(command, capture_output=True, timeout=30, check=False) for _ in range(runs)]
    for done in ended:
        assert done.stdout.decode().split() == ["UNIMPLEMENTED"] * 3, done.stderr.decode()
    return [done.returncode for done in ended]


def test_aio_clients_exit_with_zero(address: str) -> None:
    assert _exits(address, 15, 0) == [0] * 15


@pytest.mark.parametrize("seconds", [0.02, 0.08])
def test_a_native_thread_that_still_reports_is_waited_for(address: str, seconds: float) -> None:
    """Without the wait these abort in nearly every run; a wait of a fixed 50 ms fails the longer one."""
    assert _exits(address, 5, seconds) == [0] * 5


def test_a_native_thread_that_never_returns_does_not_hold_up_the_exit(address: str) -> None:
    assert _exits(address, 1, 3600) == [0]


INTERRUPTED = textwrap.dedent(
    """
    import asyncio, os, signal
    from grpc2connect_runtime.lifespan import Lifespans

    async def app(scope, receive, send):
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})

    async def main():
        await Lifespans([app]).start()
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(30)

    asyncio.new_event_loop().run_until_complete(main())
    """
)


def test_a_server_that_is_interrupted_says_no_more_than_grpcio_s() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, timeout=30, check=False)
    assert ended.stderr.rstrip().endswith(b"KeyboardInterrupt")
    assert b"Lifespan" not in ended.stderr
