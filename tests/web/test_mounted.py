"""Each program of examples/web as its clients see it: pages behind CORS, Connect, gRPC-Web, and gRPC where it can."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.e2e import running
from tests.web import places
from tests.web.places import HTTP2, PLACES, Served

ORIGIN = "https://ferry.example"
DEPARTURES = ["08:10", "09:40", "15:30"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return places.migrated(tmp_path_factory.mktemp("ferries") / "project")


@pytest.fixture(scope="module")
def served(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """All programs at once: most of a start is imports."""
    folder = tmp_path_factory.mktemp("served")
    every = {**PLACES, **{f"{name}, HTTP/2": place for name, place in HTTP2.items()}}
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        contexts = [places.serving(place, project, folder / str(at), ORIGIN) for at, place in enumerate(every.values())]
        started = list(pool.map(lambda one: stack.enter_context(one), contexts))
        yield dict(zip(every, started, strict=True))


@pytest.fixture(scope="module")
def answers(served: dict[str, Served], project: Path) -> dict[str, Any]:
    """What examples/web/ask.py is answered everywhere."""
    done = subprocess.run(
        [sys.executable, "ask.py", ORIGIN, *(served[name].url for name in PLACES)],
        cwd=places.EXAMPLES,
        env=running.environment(project),
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, running.said(done)
    by_url = json.loads(done.stdout)
    return {name: by_url[served[name].url] for name in PLACES}


@pytest.mark.parametrize("name", PLACES)
def test_a_page_is_let_through_and_others_are_not(answers: dict[str, Any], name: str) -> None:
    for asked in (*answers[name]["preflight"].values(), answers[name]["preflight of GET"]):
        assert asked["status"] in (200, 204)
        assert asked["access-control-allow-origin"] == ORIGIN
        assert {"GET", "POST"} <= {one.strip() for one in asked["access-control-allow-methods"].split(",")}
    allowed = answers[name]["preflight"]
    for protocol, headers in (
        ("connect", {"content-type", "connect-protocol-version", "connect-timeout-ms", "x-passenger"}),
        ("grpc-web", {"content-type", "grpc-timeout", "x-grpc-web", "x-user-agent", "x-passenger"}),
    ):
        given = allowed[protocol]["access-control-allow-headers"].lower().split(",")
        assert headers <= {one.strip() for one in given}
    assert answers[name]["other origin"].get("access-control-allow-origin") is None


@pytest.mark.parametrize("protocol", ["connect", "grpc-web"])
@pytest.mark.parametrize("name", PLACES)
def test_calls_are_answered_as_everywhere(answers: dict[str, Any], name: str, protocol: str) -> None:
    seen = answers[name][protocol]
    assert seen["ticket"] == ["Ada", "Heron", 3]
    assert (seen["x-pier"], seen["x-seats-left"]) == ("north", "37")
    assert (seen["watched"], seen["fare"]) == (DEPARTURES, 900)
    # What has been sent is there before the next is made.
    assert seen["heard"] == DEPARTURES
    fog = {"code": "unavailable", "message": "fog until evening", "details": []}
    assert seen["fog"] == [DEPARTURES[:2], fog]
    assert seen["full"] == {"code": "resource_exhausted", "message": "the ferry is full", "details": ["15:30"]}
    assert seen["unknown ferry"] == {"code": "not_found", "message": "no ferry 'Auk'", "details": []}
    assert seen["nobody"] == {"code": "unauthenticated", "message": "who are you?", "details": []}
    # A failure behind the service is not the service's own answer, as with grpcio.
    assert seen["downstream"]["code"] == "unknown"
    assert seen["downstream"]["message"].startswith("Exception calling application: ")


@pytest.mark.parametrize("protocol", ["connect", "grpc-web"])
@pytest.mark.parametrize("name", PLACES)
def test_pages_may_read_what_comes_in_headers(answers: dict[str, Any], name: str, protocol: str) -> None:
    seen = answers[name][protocol]
    assert seen["allowed"] == seen["stream allowed"] == ORIGIN
    exposed = {one.strip() for one in seen["exposed"].lower().split(",")}
    status = {"grpc-status", "grpc-message", "grpc-status-details-bin"}
    assert exposed == status | {"x-pier", "x-seats-left", "trailer-x-seats-left"}


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.has_pages])
def test_other_routes_go_on(answers: dict[str, Any], name: str) -> None:
    assert answers[name]["about"] == {"about": "ferries"}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_made_at_the_start_is_there(answers: dict[str, Any], name: str) -> None:
    tide = {"answer": ['time: "12:25"\n']} if PLACES[name].has_lifespan else "unimplemented"
    for protocol in ("connect", "grpc-web"):
        seen = answers[name][protocol]["tide"]
        assert (seen if PLACES[name].has_lifespan else seen["code"]) == tide


@pytest.mark.parametrize("name", [*(f"{name}, HTTP/2" for name in HTTP2), "own port", "FastAPI, gRPC beside it"])
def test_old_clients_are_served(served: dict[str, Served], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(places.FERRIES))
    from ferries import ferries_pb2, ferries_pb2_grpc

    with grpc.insecure_channel(served[name].grpc) as channel:
        stub = ferries_pb2_grpc.FerriesStub(channel)
        who = (("x-passenger", "Ada"),)
        ticket, call = stub.Book.with_call(ferries_pb2.BookRequest(ferry="Heron", seats=3), metadata=who, timeout=20)
        assert ticket.passenger == "Ada"
        assert dict(call.trailing_metadata())["x-seats-left"] == "37"
        departures = stub.Watch(ferries_pb2.Harbour(name="Northport"), metadata=who, timeout=20)
        assert [one.time for one in departures] == DEPARTURES
        with pytest.raises(grpc.RpcError) as caught:
            stub.Book(ferries_pb2.BookRequest(ferry="Tern", seats=3), metadata=who, timeout=20)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "grpc-status-details-bin" in dict(caught.value.trailing_metadata())
        with pytest.raises(grpc.RpcError) as caught:
            stub.Book(ferries_pb2.BookRequest(ferry="Heron"), timeout=20)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


# Last: they end the programs.
@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.has_lifespan and name != "own port"])
def test_what_was_made_is_cleaned_up(answers: dict[str, Any], served: dict[str, Served], name: str) -> None:
    said = served[name].stop().splitlines()
    assert [line for line in said if line.startswith("tide table")] == ["tide table opened", "tide table closed"]
    assert "Exception in ASGI application" not in "".join(said)
