"""Connections that clients close leave nothing behind."""

from __future__ import annotations

import os
import socket
import sys
import time

import pytest

from grpc2connect_runtime import Server

FDS = "/proc/self/fd"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts file descriptors in /proc")
def test_closed_connections_are_let_go() -> None:
    server = Server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        before = len(os.listdir(FDS))
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        for _ in range(600):
            if len(os.listdir(FDS)) <= before + 2:
                break
            time.sleep(0.05)
        assert len(os.listdir(FDS)) <= before + 2
    finally:
        server.stop(None).wait(10)
