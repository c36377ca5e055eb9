"""docs/rules is what the docstrings of the rules say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from grpc2connect.codes import CODES
from grpc2connect.rules_api import catalogue

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "rule_pages.py"


def test_pages_are_up_to_date() -> None:
    made = runpy.run_path(str(SCRIPT))["pages"]()
    there = {path.name: path.read_bytes().decode() for path in (REPOSITORY / "docs" / "rules").glob("*.md")}
    assert there == made, "run python scripts/rule_pages.py"


def test_every_code_in_the_source_has_a_page() -> None:
    used = {
        code
        for folder in ("codemod/grpc2connect", "rules/grpc2connect_rules")
        for path in (REPOSITORY / folder).rglob("*.py")
        for code in re.findall(r'"(G2C\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used <= {*CODES, *(rule.code for rule in catalogue())}
