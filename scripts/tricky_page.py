"""Writes docs/tricky.md: `python scripts/tricky_page.py`; a test says if it is due."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tricky import page, programs

if __name__ == "__main__":
    os.environ["G2C_CACHE_DIR"] = ""
    with tempfile.TemporaryDirectory() as folder:
        page.PAGE.write_bytes(page.page(programs.Programs(Path(folder)).result).encode())
