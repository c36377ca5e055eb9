"""A server's own life: TLS, sockets, SIGTERM."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from . import probes_connect, probes_grpc
from .outcomes import Outcome, outcome
from .probes_connect import check
from .starting import Process
from .targets import Target

_WORK_MS = 1500


def tls_connect(target: Target) -> None:
    """Connect over TLS, by whatever HTTP version is negotiated: unary, server stream."""
    probes_connect.connect_unary(target)
    probes_connect.connect_server_stream(target)


def tls_grpc(target: Target) -> None:
    """gRPC over TLS: unary, bidi."""
    probes_grpc.grpc_unary(target)
    probes_grpc.grpc_bidi(target)


def on_socket(target: Target, *, grpc: bool) -> None:
    """What reaches a server that listens on a socket it was given: Connect, and gRPC where it carries that."""
    probes_connect.connect_json(target)
    if grpc:
        probes_grpc.grpc_unary(target)


def _slow_connect(target: Target, token: str) -> None:
    with target.connect() as client:
        answer = client.say(target.ask("slow", token=token, wait_ms=_WORK_MS))
        check("answer", answer.text, "SLOW")


def _slow_grpc(target: Target, token: str) -> None:
    with target.grpc() as stub:
        check("answer", stub.Say(target.ask("slow", token=token, wait_ms=_WORK_MS), timeout=10).text, "SLOW")


def stopped(process: Process, targets: Iterable[Target], *, grpc: bool) -> dict[str, dict[str, Outcome]]:
    """Send SIGTERM while calls are under way; for each probe and service what its call got."""
    calls: dict[str, Callable[[Target, str], None]] = {"stop_connect": _slow_connect}
    if grpc:
        calls["stop_grpc"] = _slow_grpc
    found: dict[str, dict[str, Outcome]] = {name: {} for name in calls}
    waiting = []

    def one(name: str, target: Target, token: str) -> None:
        found[name][target.service] = outcome(calls[name], target, token)

    for target in targets:
        for name in calls:
            token = target.token()
            thread = threading.Thread(target=one, args=(name, target, token), daemon=True)
            thread.start()
            waiting.append((thread, target, token))
    for thread, target, token in waiting:
        if thread.is_alive():
            target.program.wait_for(token, "started")
    process.terminate()
    for thread, _, _ in waiting:
        thread.join()
    if not process.ends():
        found["stop_connect"] = {name: Outcome("does not end") for name in found["stop_connect"]}
    return found
