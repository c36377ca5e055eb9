"""Short-lived processes end well: no native thread outlives the interpreter."""

from __future__ import annotations

import subprocess
import sys
import textwrap

CLIENT = textwrap.dedent(
    """
    import asyncio, sys
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

    async def main():
        async with aio_insecure_channel(sys.argv[1]) as channel:
            client = channel.client(Client)
            for _ in range(3):
                try:
                    await client.no()
                except ConnectError as error:
                    print(error.code.name)

    asyncio.run(main())
    """
)
RUNS = 15


def test_aio_clients_exit_with_zero() -> None:
    from grpc2connect_runtime import Server

    server = Server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        command = [sys.executable, "-c", CLIENT, f"127.0.0.1:{port}"]
        ended = [subprocess.run(command, capture_output=True, timeout=30, check=False) for _ in range(RUNS)]
    finally:
        server.stop(None).wait(10)
    assert [done.returncode for done in ended] == [0] * RUNS, ended[0].stderr.decode()
    assert ended[0].stdout.decode().split() == ["UNIMPLEMENTED"] * 3
