"""Processes that fork: pyqwest cannot be used in the child of one that has used it, and no call hangs for that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from servicers import Seen
from serving import grpcio_server

PROGRAM = """
import asyncio, os, signal, sys
import echopkg.echo_pb2 as pb2
from echopkg.echo_connect import EchoClient, EchoClientSync
import grpc2connect_runtime as runtime

target, way, colour = sys.argv[1:]
signal.alarm(40)

def make():
    return (runtime.aio_insecure_channel if colour == "aio" else runtime.insecure_channel)(target)

def call(channel):
    ask = pb2.Ask(text="x")
    if colour == "sync":
        return channel.client(EchoClientSync).say(ask, timeout_ms=20000).text
    async def main():
        return (await channel.client(EchoClient).say(ask, timeout_ms=20000)).text
    return asyncio.run(main())

channel = make()
if way != "unused":
    assert call(channel) == "x"
child = os.fork()
if child == 0:
    signal.alarm(30)
    try:
        answer = call(make() if way == "new" else channel)
    except runtime.CallError as error:
        answer = f"{error.code.name}: {error.message}"
    print(answer, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert way == "unused" or call(channel) == "x"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("colour", ["sync", "aio"])
@pytest.mark.parametrize(
    ("way", "answer"), [("unused", "x"), ("new", "x"), ("same", "UNAVAILABLE: this process was forked after calls")]
)
def test_a_forked_process_is_told_or_goes_another_way(gen, colour, way, answer):
    folders = [str(Path(gen.pb2.__file__).parents[1]), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "G2C_WIRE": ""}
    with grpcio_server(gen, "sync", Seen()) as port:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, f"127.0.0.1:{port}", way, colour],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(answer), done.stdout
