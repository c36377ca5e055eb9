"""Stubs that a person has put codecs of their own into: their services stay, which is no failure."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.cli.codes import ExitCode, of
from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import State
from tests.rules.projects import STUBS, files

CLIENT = """import grpc

import till_pb2_grpc
from shopapi import shop_pb2_grpc


def main(target, amount):
    till = till_pb2_grpc.TillStub(grpc.insecure_channel(target))
    return till.Pay(amount)


def shop(target, amount):
    return shop_pb2_grpc.ShopStub(grpc.insecure_channel(target)).ping(amount)
"""


def test_services_with_codecs_of_their_own_stay_with_a_finding(tmp_path: Path) -> None:
    for name, data in files(STUBS).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    stubs = tmp_path / "till_pb2_grpc.py"
    text = stubs.read_text(encoding="utf-8")
    stubs.write_text(text.replace("till__pb2.Amount.SerializeToString", "json.dumps", 1), encoding="utf-8")
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")

    result = run(Options(tmp_path, (tmp_path,), runtime=RuntimeMode.PACKAGE))

    assert not result.errors
    assert of(result) is ExitCode.OK
    said = [finding.message for finding in result.findings if finding.code == "G2C012"]
    assert len(said) == 1
    assert "till.Till stays on gRPC: `json.dumps` has been put into it by hand" in said[0]
    states = {entry.state for entry in result.ledger if "ping" in entry.text}
    assert states and State.LEFT not in states
    assert not any(change.path.name == "till_connect.py" for change in result.changes)
