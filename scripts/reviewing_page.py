"""Runs the sessions in docs/reviewing.md again: `python scripts/reviewing_page.py`; a test says if it is due."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.review import page, shop

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(G2C_CACHE_DIR="", G2C_STATE_DIR=str(Path(folder, "state")), GIT_CONFIG_GLOBAL=os.devnull)
        due = page.due(page.PAGE.read_text(encoding="utf-8"), shop.make(Path(folder, "shop")))
    page.PAGE.write_text(due, encoding="utf-8")
