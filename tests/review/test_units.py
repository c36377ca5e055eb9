"""`--unit`: a service by itself, what goes along, and the rest later."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from grpc2connect.cli import run
from grpc2connect.options import Choices
from grpc2connect.results import Audit, Entry, Place, RunResult, State
from grpc2connect.review.alone import alone
from grpc2connect.review.parts import moving
from tests.review.shop import OneLook, Shop, make

MIGRATE = ["migrate", "--runtime", "package", "--allow-dirty"]


def test_one_service_and_then_the_other(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*MIGRATE, "--unit", "Stock"], shop.engine) == 0
    gateway = shop.folder / "shop" / "gateway.py"
    assert "class Checkout(CheckoutServicer)" in gateway.read_text()
    assert "channel.client(StockClientSync)" in gateway.read_text()
    out = capfd.readouterr().out
    assert "shop.v1.Checkout stays" not in out
    later = OneLook()
    assert run(MIGRATE, later) == 0
    (result,) = later.known.values()
    assert not any(entry.state is State.LEFT for entry in result.ledger)
    text = gateway.read_text()
    assert "class Checkout(CheckoutSync)" in text
    assert "except ConnectError as error:" in text


@pytest.mark.parametrize("first", ["Stock", "Checkout"])
def test_in_either_order_the_end_is_that_of_one_migration(first: str, shop: Shop, tmp_path: Path) -> None:
    assert run([*MIGRATE, "--unit", first], shop.engine) == 0
    whole = make(tmp_path / "whole")
    for folder, engine in ((shop.folder, OneLook()), (whole.folder, whole.engine)):
        with contextlib.chdir(folder):
            assert run(MIGRATE, engine) == 0
    assert shop.files() == whole.files()


def test_names_of_services(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "--unit", "Stok"], shop.engine) == 2
    assert capfd.readouterr().err.startswith("error[unknown-service]: no reference belongs to a service 'Stok'; ")
    assert run(["diff", "--unit", "shop.v1.Stock", "--unit", "Checkout", "--stat"], shop.engine) == 1
    assert " 0 left " in capfd.readouterr().err


def test_what_goes_along_and_what_stays() -> None:
    place = Place(Path("a.py"), 1, 1)

    def result(**states: State) -> RunResult:
        shared = Entry(place, "x", "G2C401", State.BRIDGED, "shared", ("A", "B", "C"))
        ledger = [Entry(place, "x", "G2C501", state, name, (name,)) for name, state in states.items()]
        return RunResult(Path(), ledger=(shared, *ledger))

    def plan(choices: Choices) -> RunResult:
        """A cannot go without B; C is held."""
        left = {"C", *choices.stay}
        if left & {"A", "B"}:
            left |= {"A", "B"}
        return result(**{name: State.LEFT if name in left else State.NATIVE for name in ("A", "B", "C", "D")})

    whole = plan(Choices())
    found = alone(["A"], whole, plan)
    assert found is not None
    assert (found[1].stay, moving(found[0])) == (("D",), ["A", "B", "C"])
    assert alone(["D"], whole, plan) is not None
    assert alone(["C"], whole, plan) is None
    broken = replace(whole, audit=Audit(2, 1))
    assert alone(["C"], broken, lambda _: broken) is not None
