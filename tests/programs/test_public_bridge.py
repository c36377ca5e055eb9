"""A library moves behind its public API: a caller that stays on grpcio sees no difference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from grpc_tools import protoc

from grpc2connect.engine import run
from grpc2connect.options import Options, PublicApi, RuntimeMode
from grpc2connect.results import RunResult, Severity, State

REPOSITORY = Path(__file__).parents[2]
FIXTURE = REPOSITORY / "fixtures" / "public_api"
STUBS = REPOSITORY / "examples" / "rule_pack" / "fixtures" / "_stubs"


def options(folder: Path) -> Options:
    return Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, public=("shelf",))


def migrate(settings: Options) -> RunResult:
    result = run(settings)
    assert result.audit.holds, result.audit
    assert not result.errors
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    return result


def said(result: RunResult) -> list[str]:
    return [f"{one.place.path.name}:{one.place.line} {one.message}" for one in result.findings if one.code == "G2C023"]


class Library:
    """The fixture's library as it is, migrated, and migrated together with its caller."""

    def __init__(self, folder: Path) -> None:
        self.before, self.after, self.together = folder / "before", folder / "after", folder / "together"
        shutil.copytree(FIXTURE / "library", self.before, ignore=shutil.ignore_patterns("__pycache__"))
        places = [f"-I{self.before}", f"--python_out={self.before}", f"--grpc_python_out={self.before}"]
        assert protoc.main(["", *places, "shelf.proto"]) == 0
        shutil.copytree(self.before, self.after)
        shutil.copytree(self.before, self.together)
        shutil.copy(FIXTURE / "caller.py", self.together)
        self.result = migrate(options(self.after))
        migrate(options(self.together))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield Library(tmp_path_factory.mktemp("library"))


def test_it_becomes_what_a_person_would_write(library: Library) -> None:
    for path in sorted((FIXTURE / "library" / "shelf").glob("*.py")):
        migrated = (FIXTURE / "migrated" / "shelf" / path.name).read_text()
        assert (library.after / "shelf" / path.name).read_text() == migrated, path.name


def test_a_caller_on_grpcio_sees_no_difference(library: Library) -> None:
    def printed(folder: Path, caller: Path = FIXTURE) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("G2C_", "GRPC_"))}
        paths = os.pathsep.join([str(folder), str(REPOSITORY / "runtime")])
        done = subprocess.run(
            [sys.executable, str(caller / "caller.py")],
            env=inherited | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with ThreadPoolExecutor(2) as pool:
        before, after = pool.submit(printed, library.before), pool.submit(printed, library.after)
        together = pool.submit(printed, library.together, library.together)
        assert before.result().endswith("done\n")
        assert after.result() == before.result()
        assert "public_stub" in (library.together / "caller.py").read_text()
        assert together.result() == before.result()


def test_all_of_it_is_bridged_or_native_and_a_second_run_changes_nothing(library: Library) -> None:
    states = {entry.state for entry in library.result.ledger}
    assert states == {State.NATIVE, State.BRIDGED}
    again = run(options(library.after))
    assert [change.path.name for change in again.changes] == []
    assert not [one for one in again.findings if one.code == "G2C503"]
    assert {entry.state for entry in again.ledger} == {State.BRIDGED}


def test_grpcio_is_still_required(library: Library) -> None:
    assert '"grpcio>=1.60"' in (library.after / "pyproject.toml").read_text()


def test_each_contract_is_said_with_what_it_means_for_callers(library: Library) -> None:
    bridged = said(library.result)
    assert all(": bridged, " in one for one in bridged)
    assert all(one.severity is Severity.NOTE for one in library.result.findings if one.code == "G2C023")
    contracts = [one.partition(": bridged, ")[0] for one in bridged]
    for expected in (
        "_calls.py:10 public `make_stub` returns a stub",
        "_calls.py:19 public `retry` catches gRPC's errors of what callers hand over",
        "_clients.py:11 public `connect` returns a channel",
        "_clients.py:52 public `ShelfClient.get_or` lets the error of a failed call out",
        "_servers.py:16 public class `ShelfService` is a servicer",
        "_servers.py:48 public class `Guard` derives from grpc.ServerInterceptor",
        "_servers.py:64 public `register` takes a server as `server`",
        "errors.py:5 public `RETRYABLE` is a status",
        "errors.py:8 public class `Missing` derives from grpc.RpcError",
    ):
        assert expected in contracts
    # Their errors go no further.
    assert not any("noted" in one or ".find`" in one for one in contracts)


GIVEN = """
import grpc
import till_pb2
import till_pb2_grpc


def pay(stub: till_pb2_grpc.TillStub):
    return stub.Pay(till_pb2.Amount())


class Client:
    def __init__(self, channel: grpc.Channel):
        self.stub = till_pb2_grpc.TillStub(channel)
        self._typed: till_pb2_grpc.TillStub = till_pb2_grpc.TillStub(channel)
        self._given = till_pb2_grpc.TillStub(channel)

    def set(self, stub: till_pb2_grpc.TillStub):
        self._given = stub

    def pay(self):
        return self.stub.Pay(till_pb2.Amount())

    def pay_typed(self):
        return self._typed.Pay(till_pb2.Amount(), timeout=2)

    def pay_given(self):
        return self._given.Pay(till_pb2.Amount())
"""
"""Callers may hand over a stub, and assign a public attribute: what is called there stays gRPC's."""


@pytest.fixture
def till(tmp_path: Path) -> Path:
    shutil.copytree(STUBS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "__init__.py").write_text("")
    return tmp_path


def migrated(folder: Path, source: str) -> tuple[str, RunResult]:
    path = folder / "shelf" / "api.py"
    path.write_text(source)
    result = migrate(options(folder))
    return path.read_text(), result


def test_what_callers_may_hand_over_is_called_as_grpc(till: Path) -> None:
    text, _ = migrated(till, GIVEN)
    assert "return stub.Pay(till_pb2.Amount())" in text
    assert "return self.stub.Pay(till_pb2.Amount())" in text
    assert "return self._given.Pay(till_pb2.Amount())" in text
    assert "return self._typed.pay(till_pb2.Amount(), timeout_ms=2000)" in text
    assert "self.stub = public_stub(channel, till_pb2_grpc.TillStub, " in text


def test_what_no_rule_has_a_form_for_holds_the_services_of_callers_too(till: Path) -> None:
    source = GIVEN + "\n\nKEPT = []\n\n\ndef keep(channel):\n    KEPT.append(vars(till_pb2_grpc.TillStub(channel)))\n"
    text, result = migrated(till, source)
    assert text == source
    assert {entry.state for entry in result.ledger} == {State.LEFT}
    assert any(one.code == "G2C504" for one in result.findings)
    assert said(result) == []


def test_where_a_test_replaces_the_class_of_a_stub_it_stays_gRPCs(till: Path) -> None:
    (till / "test_api.py").write_text(
        "from unittest.mock import patch\n\nfrom shelf import api\n\n\n"
        'def test_pay():\n    with patch("shelf.api.till_pb2_grpc.TillStub") as stub:\n'
        "        api.Client(None).pay_typed()\n        stub.return_value.Pay.assert_called_once()\n"
    )
    text, _ = migrated(till, GIVEN)
    assert "public_stub" not in text
    assert "self._typed.Pay(till_pb2.Amount(), timeout=2)" in text


def test_when_callers_have_moved_the_bridge_is_taken_down(till: Path) -> None:
    serving = "\n\ndef register(service, server):\n    till_pb2_grpc.add_TillServicer_to_server(service, server)\n"
    kept, _ = migrated(till, GIVEN + serving)
    assert "add_servicer_to(server, till_pb2_grpc.add_TillServicer_to_server, till_connect.TillASGI" in kept
    result = migrate(replace(options(till), public_api=PublicApi.REPORT))
    text = (till / "shelf" / "api.py").read_text()
    assert "self.stub = client_on(channel, till_connect.TillClientSync)" in text
    assert "add_service_to(server, till_connect.TillASGIApplication, service)" in text
    assert "till_pb2_grpc" not in text
    assert State.LEFT not in {entry.state for entry in result.ledger}


READING = """
import grpc
import till_pb2
import till_pb2_grpc


class Client:
    def __init__(self, channel: grpc.aio.Channel):
        self._stub = till_pb2_grpc.TillStub(channel)

    async def pay_often(self):
        call = self._stub.PayOften(till_pb2.Amount(cents=1))
        while (paid := await call.read()) is not grpc.aio.EOF:
            print(paid.cents)


class Quiet:
    async def PayOften(self, request, context):
        await context.write(request)
        context.set_code(grpc.StatusCode.NOT_FOUND)


def register(server: grpc.aio.Server):
    till_pb2_grpc.add_TillServicer_to_server(Quiet(), server)
"""


def test_a_later_run_knows_the_stubs_and_servicers_of_the_bridge(till: Path) -> None:
    text, _ = migrated(till, READING)
    assert "public_stub(channel, till_pb2_grpc.TillStub, till_connect.TillClient)" in text
    again = run(options(till))
    assert again.changes == ()
    assert {entry.state for entry in again.ledger} == {State.BRIDGED}
    assert {finding.code for finding in again.findings} == {"G2C023"}
    assert {"RpcUse", "HandlerDefinition", "ContextUse"} <= {entry.kind for entry in again.ledger}
    migrate(replace(options(till), public_api=PublicApi.REPORT))
    text = (till / "shelf" / "api.py").read_text()
    assert "is not EOF:" in text
    assert "async def pay_often(self, request, context):" in text
    assert "pb2_grpc" not in text
