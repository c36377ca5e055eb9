"""What all tests share: nothing is kept from run to run, and nothing is drawn at random."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("same in every run", derandomize=True)
settings.load_profile("same in every run")
os.environ["G2C_CACHE_DIR"] = ""


@pytest.fixture(autouse=True)
def _no_user_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("G2C_CACHE_DIR", "")
