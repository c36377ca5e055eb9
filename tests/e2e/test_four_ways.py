"""{old client, new client} x {old server, new server}: all see the same, but for the reviewed differences."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import differences, running
from tests.e2e.conftest import Copies, Observations
from tests.e2e.projects import PROJECTS, ConnectCall, Project


def test_all_combinations_see_the_same(project: Project, server: str, observations: Observations) -> None:
    unlisted, _ = differences.compare(project.name, server, observations.of(project, server), differences.load())
    assert not unlisted, "\n".join(unlisted)


def test_no_known_difference_is_stale(observations: Observations) -> None:
    table = differences.load()
    used: set[differences.Use] = set()
    for project in PROJECTS:
        for server in project.servers:
            used |= differences.compare(project.name, server, observations.of(project, server), table)[1]
    assert not (stale := differences.unused(table, used)), "\n".join(stale)


@pytest.mark.parametrize("serve", ["dual", "single"])
def test_plain_connect_call(project: Project, server: str, serve: str, copies: Copies) -> None:
    new = copies.new(project)
    certs = copies.certs() if project.backend else Path()
    connect = free_port()
    dual = serve == "dual"  # which is what the migrated code says
    # The address is for the server in front: the one behind it serves gRPC alone.
    wire = {"G2C_CONNECT_ADDRESS": f"127.0.0.1:{connect}"} if dual else {"G2C_WIRE": "connect"}
    with running.system(project, server, new, new, certs, wire, front_only=dual) as (port, _):
        for call in project.connect_calls:
            status, headers, answer = post(connect if dual else port, call)
            assert (status, answer) == (call.status, call.answer), call.procedure
            assert {name: headers.get(name) for name in call.answer_headers} == call.answer_headers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post(port: int, call: ConnectCall) -> tuple[int, dict[str, str], Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/{call.procedure}",
        data=json.dumps(call.request).encode(),
        headers={"Content-Type": "application/json", **call.headers},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            status, headers, body = response.status, response.headers, response.read()
    except urllib.error.HTTPError as problem:
        with problem:
            status, headers, body = problem.code, problem.headers, problem.read()
    return status, {name.lower(): value for name, value in headers.items()}, json.loads(body)
