"""Puts the files of examples/web into docs/web.md: `python scripts/web_page.py`; a test says if it is due."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.web import page

if __name__ == "__main__":
    page.PAGE.write_text(page.filled(page.PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
