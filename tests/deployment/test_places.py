"""What is found around the code, read line by line; and what only looks like it, which is passed by."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.options import Serve
from grpc2connect.results import FileChange, Severity, State
from tests.deployment.project import FIXTURE, Project

OTHERS = ("others/", "config/ledger", "config/nobody", "front/app.py", "greeting/server.py")


def test_every_place_is_said_as_a_person_wrote_it_down(shared: Project) -> None:
    result = shared.deployed()
    assert shared.places(result) == (FIXTURE / "places.txt").read_text(encoding="utf-8").splitlines()
    assert result.changes == ()
    assert result.audit.holds
    assert result.audit.counted == len(result.ledger)


def test_what_is_of_others_is_passed_by(shared: Project) -> None:
    said = "\n".join(shared.places(shared.deployed()))
    assert not [line for line in said.splitlines() if line.startswith(OTHERS)]
    for name in ("GRPC_PORT", "GRPC_SERVER_ADDRESS", "ledger"):
        assert name not in said


def test_with_one_port_for_all_nothing_is_asked_of_ports_and_probes(shared: Project) -> None:
    result = shared.deployed(serve=Serve.SINGLE)
    assert "G2C941" not in {entry.code for entry in result.ledger} | {one.code for one in result.findings}
    probes = [entry for entry in result.ledger if entry.code == "G2C942"]
    assert len(probes) == 7
    assert {entry.state for entry in probes} == {State.BRIDGED}
    assert not [one for one in result.findings if one.code == "G2C942"]


def test_rules_that_are_not_wanted_say_nothing(shared: Project) -> None:
    assert shared.deployed(ignore=("G2C9",)).ledger == shared.analysed.ledger
    only = shared.deployed(select=("G2C942",))
    assert {entry.code for entry in only.ledger[len(shared.analysed.ledger) :]} == {"G2C942"}
    assert only.findings == ()


def test_what_is_broken_costs_one_line(shared: Project) -> None:
    broken = [one for one in shared.deployed().findings if one.code == "G2C949"]
    assert [one.place.path.name for one in broken] == ["Dockerfile", "dashboard.json", "service.yaml"]
    assert {one.severity for one in broken} == {Severity.WARNING}
    assert not any("\n" in one.message for one in broken)


def test_a_line_is_explained(shared: Project) -> None:
    path = shared.folder / "k8s" / "greeting.yaml"
    (told,) = shared.deployed(explain=(path, 26)).explained
    assert told.entry is not None
    assert (told.entry.code, told.what) == ("G2C942", "a health probe")


def test_nothing_is_said_where_nothing_moves(tmp_path: Path, own: Project) -> None:
    staying = Project(own.folder, own.analysed.__class__(own.folder))
    assert staying.deployed().findings == ()
    for name in ("greeting/server.py", "front/app.py"):  # and what has moved before is known by what it imports
        path = own.folder / name
        text = path.read_text().replace("import grpc\n", "from grpc2connect_runtime import Server, insecure_channel\n")
        path.write_text(text.replace("grpc.server(", "Server(").replace("grpc.insecure", "insecure"))
    places = "\n".join(staying.places(staying.deployed()))
    assert "greeting/Dockerfile:14 G2C941 note" in places
    assert "front/.env:3 G2C943 note" in places


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_port_for_connect_is_put_in(own: Project, newline: str) -> None:
    for path in own.folder.rglob("*"):
        if path.suffix == ".yaml" or path.name == "Dockerfile":
            path.write_bytes(path.read_bytes().replace(b"\n", newline.encode()))
    result = own.deployed(connect_port=9090)
    wanted = {path.relative_to(FIXTURE / "after"): path for path in (FIXTURE / "after").rglob("*") if path.is_file()}
    assert {change.path.relative_to(own.folder) for change in result.changes} == set(wanted)
    for change in result.changes:
        assert change.after.decode().replace(newline, "\n") == wanted[change.path.relative_to(own.folder)].read_text()
        assert change.after.count(b"\n") == change.after.count(newline.encode())
        assert change.before == change.path.read_bytes()
        change.path.write_bytes(change.after)
    assert own.deployed(connect_port=9090).changes == ()
    moved = [entry for entry in result.ledger if entry.code == "G2C941" and entry.state is State.NATIVE]
    assert len(moved) == 3


def test_a_port_that_is_taken_is_not_put_in(own: Project) -> None:
    result = own.deployed(connect_port=50051)
    assert result.changes == ()
    (said,) = [one for one in result.findings if one.code == "G2C941" and "not put in" in one.message]
    assert said.severity is Severity.WARNING


def test_lines_go_into_what_else_changes_in_the_file(own: Project) -> None:
    path = own.folder / "greeting" / "Dockerfile"
    before = path.read_bytes()
    other = before.replace(b"RUN pip install", b"RUN pip install -q\nRUN pip install")
    earlier = own.analysed.__class__(
        own.folder, changes=(FileChange(path, before, other),), ledger=own.analysed.ledger, audit=own.analysed.audit
    )
    changes = {one.path: one for one in own.after(earlier, connect_port=9090).changes}
    assert changes[path].before == before
    assert changes[path].after == other.replace(
        b"EXPOSE 50051\n", b"EXPOSE 50051\nENV G2C_CONNECT_ADDRESS=0.0.0.0:9090\nEXPOSE 9090\n"
    )


def test_a_port_for_connect_may_come_from_where_variables_do(own: Project) -> None:
    manifests = own.folder / "k8s" / "greeting.yaml"
    text = manifests.read_text().replace(
        "          env:\n", "          envFrom: [{configMapRef: {name: own}}]\n          env:\n"
    )
    settings = "---\nkind: ConfigMap\nmetadata: {name: own}\ndata: {G2C_CONNECT_ADDRESS: '0.0.0.0:8080'}\n"
    manifests.write_text(text + settings)
    compose = own.folder / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("    ports:\n", "    env_file: own.env\n    ports:\n"))
    (own.folder / "own.env").write_text("G2C_CONNECT_ADDRESS=0.0.0.0:8080\n")
    named = {
        entry.place.path.relative_to(own.folder).as_posix() for entry in own.deployed().ledger if entry.code == "G2C941"
    }
    assert "greeting/Dockerfile" in named
    assert not named & {"k8s/greeting.yaml", "docker-compose.yml"}


@pytest.mark.parametrize(
    "started",
    ["sw-python run", "newrelic-admin run-program", "ddtrace-run", "opentelemetry-instrument", "elasticapm-run"],
)
@pytest.mark.parametrize("serve", [Serve.DUAL, Serve.SINGLE])
def test_an_agent_that_a_program_is_started_with_is_named(own: Project, started: str, serve: Serve) -> None:
    (own.folder / "Procfile").write_text(f"web: {started} python greeting/server.py\n")
    said = [one for one in own.deployed(serve=serve).findings if one.code == "G2C947"]
    assert [(one.place.path.name, one.place.line) for one in said] == [("Procfile", 1)]
    assert said[0].message.startswith(started.split()[0])
    warned = said[0].severity is Severity.WARNING
    assert warned is (serve is Serve.SINGLE), "with one port for all its servers are seen no more"
    assert ("G2C_WIRE=grpcio" in said[0].advice) is warned


@pytest.mark.parametrize(
    "line",
    [
        "import newrelic.agent",
        "from skywalking import agent, config",
        "import ddtrace.auto",
        "from ddtrace import patch_all",
        "from sentry_sdk.integrations.grpc import GRPCIntegration",
        "import elasticapm",
    ],
)
def test_an_agent_that_a_program_imports_is_named(own: Project, line: str) -> None:
    path = own.folder / "greeting" / "server.py"
    path.write_text(f"{line}\n{path.read_text()}")
    said = [one for one in own.deployed().findings if one.code == "G2C947"]
    assert [(one.place.path, one.place.line) for one in said] == [(path, 1)]
    (own.folder / "others" / "site" / "watched.py").write_text(f"{line}\n")
    assert [one for one in own.deployed().findings if one.code == "G2C947"] == said, "nothing of it has moved"
