"""The sessions in docs/reviewing.md are what the tool prints."""

from __future__ import annotations

import pytest

from tests.review import page
from tests.review.shop import Shop

pytest.importorskip("pty", reason="needs pseudo-terminals")


def test_the_page_is_due(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "PAGER", "GIT_PAGER", "COLUMNS", "LINES", "TERM"):
        monkeypatch.setenv(name, "")
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.due(text, shop) == text, "run scripts/reviewing_page.py"
