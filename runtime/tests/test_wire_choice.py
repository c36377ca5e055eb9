"""`G2C_WIRE` chooses what carries calls."""

from __future__ import annotations

import pytest

from grpc2connect_runtime.wire.choice import CONNECT, GRPCIO, chosen_wire


@pytest.mark.parametrize("default", [CONNECT, GRPCIO])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_the_variable_it_is_the_default(
    monkeypatch: pytest.MonkeyPatch, value: str | None, default: str
) -> None:
    monkeypatch.delenv("G2C_WIRE", raising=False)
    if value is not None:
        monkeypatch.setenv("G2C_WIRE", value)
    assert chosen_wire(default) == default


@pytest.mark.parametrize(("value", "wire"), [("grpcio", GRPCIO), (" GRPCIO ", GRPCIO), ("connect", CONNECT)])
def test_the_variable_goes_before_the_default(monkeypatch: pytest.MonkeyPatch, value: str, wire: str) -> None:
    monkeypatch.setenv("G2C_WIRE", value)
    assert chosen_wire(CONNECT) == chosen_wire(GRPCIO) == wire


def test_another_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("G2C_WIRE", "http")
    with pytest.raises(ValueError, match="G2C_WIRE must be connect or grpcio, not 'http'"):
        chosen_wire(CONNECT)
