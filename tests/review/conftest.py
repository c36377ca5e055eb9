"""The project of `shop`, the same for all tests, as it was at the start."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.review.shop import Shop, make


@pytest.fixture(scope="package")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make(tmp_path_factory.mktemp("review") / "shop")


@pytest.fixture
def shop(_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(_shop.folder)
    _shop.git("checkout", "-q", "-f", "-B", "work", "base")
    _shop.git("clean", "-qfdx")
    yield _shop
