"""{old client, new client} x {old server, new server}: all see the same, but for the reviewed differences."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

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


def test_plain_connect_call(project: Project, server: str, copies: Copies) -> None:
    new = copies.new(project)
    certs = copies.certs() if project.backend else Path()
    with running.system(project, server, new, new, certs) as (port, _):
        for call in project.connect_calls:
            status, headers, answer = post(port, call)
            assert (status, answer) == (call.status, call.answer), call.procedure
            assert {name: headers.get(name) for name in call.answer_headers} == call.answer_headers


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
