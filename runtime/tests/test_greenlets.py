"""Processes in which gevent's greenlets take the place of threads: a call lets the others run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

MEET = """
import sys
from gevent import monkey
monkey.patch_all()
import gevent
import grpc.experimental.gevent
grpc.experimental.gevent.init_gevent()
import grpc2connect_runtime as runtime

with runtime.insecure_channel(sys.argv[1]) as channel:
    meet = channel.unary_unary("/meeting.Place/Meet")
    calls = [gevent.spawn(meet, b"", timeout=20) for _ in range(2)]
    gevent.joinall(calls, timeout=40)
    print([call.value for call in calls])
"""
WIRES = """
import sys
import grpc.experimental.gevent
import grpc2connect_runtime as runtime

print(runtime.insecure_channel(sys.argv[1]).wire, runtime.aio_insecure_channel(sys.argv[1]).wire)
"""


def printed(program: str, target: str, wire: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "G2C_WIRE": wire}
    done = subprocess.run(
        [sys.executable, "-c", program, target],
        capture_output=True, text=True, env=environment, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Place(grpc.GenericRpcHandler):
    """Its calls end when two of them are there."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=10)

    def service(self, handler_call_details):
        def meet(request, context):
            self._both.wait()
            return b"met"

        return grpc.unary_unary_rpc_method_handler(meet)


def test_greenlets_call_at_the_same_time():
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Place()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert printed(MEET, f"127.0.0.1:{port}") == "[b'met', b'met']"
    finally:
        server.stop(None).wait(10)


def test_sync_channels_of_a_program_that_prepares_grpcio_for_gevent_are_grpcio_s():
    assert printed(WIRES, "127.0.0.1:1") == "grpcio connect"


def test_what_the_environment_says_goes_first():
    assert printed(WIRES, "127.0.0.1:1", "connect") == "connect connect"
