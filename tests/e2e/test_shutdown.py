"""Signals end a server as they did before: at once, or after the calls that are under way."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from tests.e2e import running
from tests.e2e.conftest import Copies
from tests.e2e.projects import PROJECTS

GATEWAY = next(project for project in PROJECTS if project.name == "gateway_downstream")
SLOW_ITEM = b"\n\x06tarpit"  # shop.v1.Item(sku="tarpit"): 0.6 s in the handler

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process that a shell started with `&` ignores SIGINT, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("side", ["old", "new"])
def test_sigterm_lets_a_call_end(side: str, copies: Copies) -> None:
    folder, certs = getattr(copies, side)(GATEWAY), str(copies.certs())
    assert GATEWAY.backend is not None
    answers: list[tuple[grpc.StatusCode, str]] = []
    with (
        running.serving(GATEWAY.backend, folder, GATEWAY.source, certs=certs) as stock,
        running.started(GATEWAY.servers["sync"], folder, GATEWAY.source, backend=f"localhost:{stock}", certs=certs) as (
            process,
            port,
        ),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        grpc.channel_ready_future(channel).result(timeout=20)

        def call() -> None:
            try:
                channel.unary_unary("/shop.v1.Checkout/Look")(SLOW_ITEM, timeout=20)
            except grpc.RpcError as error:
                answers.append((error.code(), error.details()))

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        caller.join(20)
        assert process.wait(20) == 0
    assert answers == [(grpc.StatusCode.UNAVAILABLE, "the stock does not answer")]


@pytest.mark.parametrize("side", ["old", "new"])
def test_sigint_ends_the_sleeping_loop(side: str, copies: Copies, interruptible: None) -> None:
    assert GATEWAY.backend is not None
    folder, certs = getattr(copies, side)(GATEWAY), str(copies.certs())
    with running.started(GATEWAY.backend, folder, GATEWAY.source, certs=certs) as (process, _):
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
