"""Writes docs/semantics.md: `python scripts/semantics_page.py`; a test says if it is due."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.semantics import page

if __name__ == "__main__":
    page.PAGE.write_bytes(page.page().encode())
