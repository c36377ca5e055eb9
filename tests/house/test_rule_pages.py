"""docs/rules is what the docstrings of the rules say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from grpc2connect.cli.engine import InstalledEngine
from grpc2connect.cli.reporting import rules_by_code
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


def test_reports_link_to_headings_of_the_pages() -> None:
    headings = {
        f"{path.name}#{re.sub('[, ]+', '-', line.removeprefix('## ').strip().lower())}"
        for path in (REPOSITORY / "docs" / "rules").glob("*.md")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    }
    rules = rules_by_code(InstalledEngine().catalogue())
    links = {rule["page"] for code, rule in rules.items() if code not in CODES}
    assert links == headings
