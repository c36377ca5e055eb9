"""Units: one service moves whole or not at all, whatever the files and their order."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.results import RunResult, State
from tests.rules.projects import UNTOUCHED, Project, golden

IMPORTS = "import grpc\nfrom shopapi import shop_pb2_grpc\n\n\n"
SERVICE = (
    "from shopapi import shop_pb2_grpc\n\n\n"
    "class Shop(shop_pb2_grpc.ShopServicer):\n    def GetItem(self, request, context):\n        return None\n"
)
MAIN = (
    IMPORTS + "from service import Shop\n\n\ndef main(pool):\n    server = grpc.server(pool{more})\n"
    "    shop_pb2_grpc.add_ShopServicer_to_server(Shop(), server)\n"
)
CLIENT = IMPORTS + (
    "def ask(target):\n    stub = shop_pb2_grpc.ShopStub(grpc.insecure_channel(target))\n"
    "    return stub.GetItem(None)\n"
)
OTHER = IMPORTS + (
    "def count(target):\n    stub = shop_pb2_grpc.StockStub(grpc.insecure_channel(target))\n"
    "    return stub.CountItem(None)\n"
)


def project(folder: Path, **files: str) -> Project:
    """The empty fixture with files of this test's own."""
    (folder / "own").mkdir()
    for name, text in files.items():
        (folder / "own" / f"{name}.py").write_text(text)
    return Project.copied(folder / "own", folder / "copy")


def changed(result: RunResult) -> set[str]:
    return {change.path.name for change in result.changes if change.before is not None}


def after_of(result: RunResult, name: str) -> str:
    return next(change.after for change in result.changes if change.path.name == name).decode()


def test_all_of_a_unit_moves(tmp_path: Path) -> None:
    made = project(tmp_path, service=SERVICE, main=MAIN.format(more=""), client=CLIENT, other=OTHER)
    result = made.run()
    assert changed(result) == {"service.py", "main.py", "client.py", "other.py"}
    assert State.LEFT not in {entry.state for entry in result.ledger}


@pytest.mark.parametrize(
    ("more", "line", "code"),
    [
        ("", "    server._cy_server.shutdown(())\n", "G2C302"),
        ("", "    vars(Shop())[NAME]\n", "G2C504"),
        ("", "    print(shop_pb2_grpc.ShopStub)\n", "G2C803"),
    ],
)
def test_one_reference_that_is_left_leaves_its_unit_and_no_other(
    tmp_path: Path, more: str, line: str, code: str
) -> None:
    made = project(tmp_path, service=SERVICE, main=MAIN.format(more=more) + line, client=CLIENT, other=OTHER)
    result = made.run()
    assert changed(result) == {"other.py"}
    assert code in {finding.code for finding in result.findings}
    for entry in result.ledger:
        if "shopapi.v1.Shop" in entry.units:
            assert entry.state is State.LEFT or "shopapi.v1.Stock" in entry.units, entry
        if entry.units == ("shopapi.v1.Stock",) and entry.behaviour:
            assert entry.state is not State.LEFT, entry


STOCK = (
    "\n\nclass Stock(shop_pb2_grpc.StockServicer):\n    def CountItem(self, request, context):\n        return None\n"
)


def states(result: RunResult, service: str) -> set[State]:
    """How the references that belong to one service alone have ended, but for imports."""
    return {entry.state for entry in result.ledger if entry.units == (service,) and entry.kind != "Import"}


def test_a_server_takes_services_that_stay_beside_those_that_move(tmp_path: Path) -> None:
    both = MAIN.format(more="") + "    shop_pb2_grpc.add_StockServicer_to_server(Stock(), server)\n" + STOCK
    both += "\n\nWATCHED = vars(Stock())[NAME]\n"
    made = project(tmp_path, service=SERVICE, main=both)
    result = made.run()
    assert changed(result) == {"service.py", "main.py"}
    after = after_of(result, "main.py")
    assert 'server = Server(pool, wire="grpcio")' in after
    assert "server.add_service(shop_connect.ShopASGIApplication, Shop())" in after
    assert "shop_pb2_grpc.add_StockServicer_to_server(Stock(), server)" in after
    assert states(result, "shopapi.v1.Stock") == {State.LEFT}
    assert State.LEFT not in states(result, "shopapi.v1.Shop")


def test_a_channel_carries_stubs_that_stay_beside_those_that_move(tmp_path: Path) -> None:
    both = IMPORTS + (
        "def ask(target):\n    channel = grpc.insecure_channel(target)\n"
        "    shop, stock = shop_pb2_grpc.ShopStub(channel), shop_pb2_grpc.StockStub(channel)\n"
        "    try:\n        return shop.GetItem(None), vars(stock)[NAME](None)\n"
        "    except grpc.RpcError as error:\n        return error.code() == grpc.StatusCode.NOT_FOUND\n"
    )
    made = project(tmp_path, client=both)
    result = made.run()
    after = after_of(result, "client.py")
    assert "channel = insecure_channel(target)" in after
    assert "channel.client(shop_connect.ShopClientSync), shop_pb2_grpc.StockStub(channel)" in after
    assert "except (grpc.RpcError, ConnectError) as error:" in after
    assert states(result, "shopapi.v1.Stock") == {State.LEFT}
    assert State.LEFT not in states(result, "shopapi.v1.Shop")


def test_a_helper_takes_contexts_of_services_that_stay_and_of_those_that_move(tmp_path: Path) -> None:
    helper = (
        "import grpc\n\n\ndef refuse(context: grpc.ServicerContext, text):\n"
        "    context.abort(grpc.StatusCode.NOT_FOUND, text)\n"
    )
    shop = "from helper import refuse\n" + SERVICE.replace("return None", "refuse(context, 'no')")
    stock = "from helper import refuse\nfrom shopapi import shop_pb2_grpc\n" + STOCK.replace(
        "return None", "refuse(context, 'no')"
    )
    stock += "\n\nWATCHED = vars(Stock())[NAME]\n"
    made = project(tmp_path, service=shop, stock=stock, helper=helper, main=MAIN.format(more=""))
    result = made.run()
    assert changed(result) == {"service.py", "main.py"}
    uses = {entry.state for entry in result.ledger if entry.kind == "ContextUse"}
    assert uses == {State.BRIDGED}


def test_services_on_a_server_that_stays_stay_with_it(tmp_path: Path) -> None:
    both = MAIN.format(more="") + (
        "    server._cy_server.shutdown(())\n"
        "    shop_pb2_grpc.add_StockServicer_to_server(Stock(), server)\n\n\n"
        "class Stock(shop_pb2_grpc.StockServicer):\n    def CountItem(self, request, context):\n        return None\n"
    )
    made = project(tmp_path, service=SERVICE, main=both, client=CLIENT, other=OTHER)
    assert changed(made.run()) == set()


def test_a_file_that_does_not_parse_keeps_what_it_names(tmp_path: Path) -> None:
    broken = "from shopapi.shop_pb2_grpc import ShopStub\n\n\ndef broken(:\n"
    made = project(tmp_path, client=CLIENT, other=OTHER, broken=broken)
    result = run(Options(made.folder, (made.folder,), runtime=RuntimeMode.PACKAGE))
    assert changed(result) == {"other.py"}
    assert [error.code for error in result.errors] == ["G2C002"]


def summary(result: RunResult) -> object:
    return (
        {change.path: change.after for change in result.changes},
        sorted((str(entry.place), entry.kind, entry.code, entry.state.value, entry.units) for entry in result.ledger),
        sorted((str(finding.place), finding.code, finding.message) for finding in result.findings),
    )


@pytest.mark.parametrize("name", ["G2C302-server-methods", "G2C404-credentials", "G2C503-unknown-object"])
def test_the_order_of_files_does_not_matter(tmp_path: Path, name: str) -> None:
    folder = next(folder for folder in golden() if folder.name == name)
    made = Project.copied(folder / "before", tmp_path)
    own = [tmp_path / name for name in sorted(made.own)]
    stubs = sorted(path for path in tmp_path.rglob("*.py") if path not in own)
    orders = [[*order, *stubs] for order in itertools.permutations(own)] + [[*stubs, *own], [*stubs[::-1], *own[::-1]]]
    first, *others = [summary(run(Options(tmp_path, tuple(order), runtime=RuntimeMode.PACKAGE))) for order in orders]
    for other in others:
        assert other == first


def test_all_fixtures_in_one_program_in_any_order(tmp_path: Path) -> None:
    for tree in [*(folder / "before" for folder in golden()), *UNTOUCHED.iterdir()]:
        name = (tree.parent.name if tree.name == "before" else tree.name).replace("-", "_")
        Project.copied(tree, tmp_path / name)
    folders = sorted(tmp_path.iterdir())
    first = run(Options(tmp_path, tuple(folders), runtime=RuntimeMode.PACKAGE))
    assert first.audit.holds and not first.errors
    assert len(first.ledger) > 300
    assert summary(run(Options(tmp_path, tuple(folders[::-1]), runtime=RuntimeMode.PACKAGE))) == summary(first)


def test_errors_come_from_services_that_are_called_only(tmp_path: Path) -> None:
    other = OTHER.replace("    return stub", "    try:\n        return stub").replace(
        "CountItem(None)", "CountItem(None)\n    except grpc.RpcError:\n        return None"
    )
    main = MAIN.format(more="") + "\n\nimport other\nWATCHED = vars(other.stub)[NAME]\n"
    made = project(tmp_path, service=SERVICE, main=main, other=other + "\n\nstub = shop_pb2_grpc.StockStub(CHANNEL)\n")
    result = made.run()
    assert changed(result) == {"service.py", "main.py"}


def test_a_comparison_of_the_class_of_an_error_moves_with_what_can_fail(tmp_path: Path) -> None:
    helper = "import grpc\n\nimport client\n\n\ndef ours(error):\n    return type(error) == grpc.aio.AioRpcError\n"
    made = project(tmp_path, client=CLIENT, helper=helper)
    result = made.run()
    assert changed(result) == {"client.py", "helper.py"}
