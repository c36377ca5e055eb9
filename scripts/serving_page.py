"""Writes the generated parts of docs/serving.md: `python scripts/serving_page.py`; a test says if it is due."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "codemod")]

from tests.servers import page  # noqa: E402

if __name__ == "__main__":
    page.PAGE.write_bytes(page.page().encode())
