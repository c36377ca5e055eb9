"""New imports are looked up: what a wrong rule would have a file import keeps its services on gRPC, with the reason."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect.engine import analyse
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult, State
from grpc2connect.rules_api import Outcome, Registry, load
from grpc2connect.rules_api import names as new
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import Generated, Name, Symbol, runtime
from grpc2connect.rules_api.registry import Rule
from tests.engine.test_units import CLIENT, OTHER, after_of, changed, project

SCRIPT = Path(__file__).parents[2] / "scripts" / "connectrpc_names.py"
Break = Callable[[Generated], Name]


def with_a_broken_rule(breaking: Break) -> Registry:
    """The rules, of which each spells the client of one service (and no other) as `breaking` says."""

    def broken(rule: Rule) -> Rule:
        def function(*given: object) -> Iterator[Outcome]:
            for outcome in rule.function(*given):
                yield replace(outcome, edits=tuple(map(wrong, outcome.edits)))

        return replace(rule, function=function)

    def wrong(edit: Edit) -> Edit:
        pieces = [
            breaking(piece) if isinstance(piece, Generated) and piece.name == "ShopClientSync" else piece
            for piece in edit.pieces
        ]
        return replace(edit, pieces=tuple(pieces))

    return Registry([broken(rule) for rule in load().rules])


BY_NAME = CLIENT.replace("from shopapi import shop_pb2_grpc", "from shopapi.shop_pb2_grpc import ShopStub").replace(
    "shop_pb2_grpc.", ""
)


def migrated(
    folder: Path, breaking: Break, mode: RuntimeMode = RuntimeMode.PACKAGE, client: str = BY_NAME
) -> RunResult:
    made = project(folder, client=client, other=OTHER)
    result = analyse(Options(made.folder, (made.folder,), runtime=mode), rules=with_a_broken_rule(breaking))
    assert result.audit.holds and not result.errors
    return result


@pytest.mark.parametrize(
    ("breaking", "reason"),
    [
        (lambda piece: Generated(piece.stubs, "ShopClinet", piece.like), "there is no ShopClinet in it"),
        (lambda piece: runtime("shop_client"), "there is no shop_client in it"),
        (lambda piece: new.testing("shop_client", "shops"), "there is no module grpc2connect_runtime.testing.shops"),
        (lambda piece: Symbol("connectrpc.client", "ShopClient", "C"), "there is no ShopClient in it"),
        (lambda piece: Symbol("connectrpc.clients", "Client", "C"), "there is no module connectrpc.clients"),
        (lambda piece: Symbol("shopapi.clients", "Client", "C"), "there is no module shopapi.clients where it looks"),
        (lambda piece: Symbol("shopapi.shop_pb2", "Client", "C"), "there is no Client in it"),
        (lambda piece: Symbol(".clients", "Client", "C"), "there is no module clients where it looks"),
        (lambda piece: Symbol("api.shop_connect", "Client", "C"), "there is no module api.shop_connect"),
    ],
)
def test_what_would_not_be_found_keeps_its_service_and_no_other(tmp_path: Path, breaking: Break, reason: str) -> None:
    result = migrated(tmp_path, breaking)
    assert changed(result) == {"other.py"}
    left = {entry.why for entry in result.ledger if entry.state is State.LEFT and entry.units == ("shopapi.v1.Shop",)}
    assert any(reason in why for why in left), left


def test_what_is_asked_of_a_new_module_is_looked_up(tmp_path: Path) -> None:
    result = migrated(tmp_path, lambda piece: Generated(piece.stubs, "ShopClinet", piece.like), client=CLIENT)
    assert changed(result) == {"other.py"}
    assert any("there is no ShopClinet in it" in entry.why for entry in result.ledger)


def test_of_alternatives_one_is_enough(tmp_path: Path) -> None:
    tried = "try:\n    from .shop_pb2_grpc import ShopStub\nexcept ImportError:\n    "
    tried = BY_NAME.replace("from shopapi.", tried + "from shopapi.")
    assert changed(migrated(tmp_path, lambda piece: piece, client=tried)) == {"client.py", "other.py"}


def test_what_is_found_moves(tmp_path: Path) -> None:
    result = migrated(tmp_path, lambda piece: piece, RuntimeMode.VENDOR)
    assert changed(result) == {"client.py", "other.py"}
    assert "from shopapi.shop_connect import ShopClientSync" in after_of(result, "client.py")


def test_the_table_of_names_is_that_of_the_installed_connectrpc() -> None:
    made = runpy.run_path(str(SCRIPT))
    assert made["TABLE"].read_text(encoding="utf-8") == made["text"](), "run python scripts/connectrpc_names.py"
