"""What all tests share: nothing is kept from run to run, and nothing is drawn at random."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("same in every run", derandomize=True)
settings.load_profile("same in every run")
os.environ["G2C_CACHE_DIR"] = ""
_journals = itertools.count()


@pytest.fixture(scope="session")
def _state() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="g2c-state-") as folder:
        os.environ["G2C_STATE_DIR"] = folder
        yield folder


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, _state: str) -> None:
    monkeypatch.setenv("G2C_CACHE_DIR", "")
    monkeypatch.setenv("G2C_STATE_DIR", os.path.join(_state, str(next(_journals))))
