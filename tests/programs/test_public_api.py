"""What a migration changes for the callers of a library is said; held, it changes nothing for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options, PublicApi, RuntimeMode
from grpc2connect.results import RunResult

STUBS = Path(__file__).parents[2] / "examples" / "rule_pack" / "fixtures" / "_stubs"
API = """import grpc
import till_pb2
import till_pb2_grpc


def connect(target):
    return grpc.insecure_channel(target)


class Client:
    def __init__(self, channel: grpc.Channel):
        self._stub = till_pb2_grpc.TillStub(channel)

    def pay(self, cents):
        return self._stub.Pay(till_pb2.Amount(cents=cents)).cents

    def try_to_pay(self, cents):
        try:
            return self._stub.Pay(till_pb2.Amount(cents=cents)).cents
        except grpc.RpcError:
            return 0

    def _private(self, channel: grpc.Channel):
        return self._stub.Pay(till_pb2.Amount())


def retry(function):
    try:
        return function()
    except grpc.RpcError:
        return function()


class Refused(grpc.RpcError):
    pass


RETRYABLE = (grpc.StatusCode.UNAVAILABLE,)


class Fake(till_pb2_grpc.TillServicer):
    def Pay(self, request, context):
        return request
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(STUBS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").write_text("")
    (tmp_path / "acme" / "api.py").write_text(API)
    return tmp_path


def result(folder: Path, public: str, kept: PublicApi = PublicApi.REPORT) -> RunResult:
    found = run(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, public=(public,), public_api=kept))
    assert found.audit.holds
    return found


def said(found: RunResult) -> list[tuple[int, str]]:
    return [(one.place.line, one.message.partition(":")[0]) for one in found.findings if one.code == "G2C023"]


@pytest.mark.parametrize("public", ["acme.api", "acme"])
def test_every_contract_is_reported(project: Path, public: str) -> None:
    assert said(result(project, public)) == [
        (6, "public `connect` returns a channel"),
        (11, "public `Client.__init__` takes a channel as `channel`"),
        (15, "public `Client.pay` lets the error of a failed call out"),
        (30, "public `retry` catches gRPC's errors of what callers hand over"),
        (34, "public class `Refused` derives from grpc.RpcError"),
        (38, "public `RETRYABLE` is a status"),
        (41, "public class `Fake` is a servicer"),
    ]


def test_held_nothing_changes_for_callers(project: Path) -> None:
    found = result(project, "acme.api", PublicApi.HOLD)
    assert not found.changes
    assert said(found) == []
    assert any("part of the public API" in one.message for one in found.findings)


def test_what_is_not_public_is_not_reported(project: Path) -> None:
    assert said(result(project, "other")) == []


def test_a_module_of_a_namespace_package(project: Path) -> None:
    (project / "acme" / "__init__.py").unlink()
    assert said(result(project, "acme.api"))
    assert not said(result(project, "other.api")) + said(result(project, "acme"))
