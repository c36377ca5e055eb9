"""A headless Chromium, where there is one and `G2C_BROWSER=1` asks for it: it takes a minute, and npm's registry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.web import browser, places
from tests.web.places import PLACES


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("G2C_BROWSER") != "1":
        pytest.skip("G2C_BROWSER=1 runs it; so does scripts/browser_check.py")
    try:
        browser.chromium()
        return browser.build(tmp_path_factory.mktemp("page") / "built")
    except browser.Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.slow
@pytest.mark.parametrize("serve", ["single", "dual"])
def test_a_page_calls_across_origins(page: Path, tmp_path: Path, serve: str) -> None:
    project = places.migrated(tmp_path / "project", serve)
    with (
        browser.page_served(page) as origin,
        places.serving(PLACES["own port"], project, tmp_path / "run", origin) as program,
    ):
        seen = browser.shown(origin, program.url, tmp_path / "profile")
    assert seen == {"connect": browser.EXPECTED, "grpc-web": browser.EXPECTED}
