"""Writes docs/rules from the docstrings of the rules: `python scripts/rule_pages.py`; a test says if it is due.

Under each rule stands what it makes of a whole file: the shortest of the rule's golden fixtures, which the tests check.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from grpc2connect.codes import CODES
from grpc2connect.rules_api import catalogue
from grpc2connect.rules_api.registry import RuleInfo

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "rules"
FIXTURES = ROOT / "fixtures" / "rules"
_LABEL = re.compile(r"^(Why|Bridged|Left|Reported|Native form|Source): ", re.MULTILINE)
_BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
_HEADING = re.compile(r"^G2C\d{3}(, G2C\d{3})*: ")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    rules = catalogue()
    families = list(dict.fromkeys(rule.family for rule in rules))
    made = {_file(family): _page(family, [rule for rule in rules if rule.family == family]) for family in families}
    return {"README.md": _index(rules), "engine.md": _engine(), **made}


def _file(family: str) -> str:
    return family.replace(" ", "-") + ".md"


def _index(rules: list[RuleInfo]) -> str:
    rows = [f"| [{rule.code}]({_file(rule.family)}) | {rule.family} | {rule.title} |" for rule in rules]
    start = ["# Rules", "", "What each rule makes of what, and when it does not; also `grpc2connect explain CODE`.", ""]
    table = ["| code | about | title |", "|---|---|---|", *rows]
    return "\n".join([*start, *table, "", "Codes of the [engine itself](engine.md): `G2C0..`.", ""])


def _engine() -> str:
    lines = [f"- **{code}**: {text}" for code, text in CODES.items()]
    return "\n".join(["# Codes of the engine", "", *lines, ""])


def _page(family: str, rules: list[RuleInfo]) -> str:
    by_text: dict[str, list[RuleInfo]] = {}
    for rule in rules:
        by_text.setdefault(rule.documentation, []).append(rule)
    parts = [f"# Rules: {family}\n"]
    for text, together in by_text.items():
        parts.append("## " + ", ".join(rule.code for rule in together) + "\n")
        if len(together) > 1:
            parts.append("".join(f"- {rule.code}: {rule.title}\n" for rule in together))
        parts.append(_markdown(text))
        parts += [f"**With `--unsafe`** ({rule.code}): {rule.unsafe}.\n" for rule in together if rule.unsafe]
        parts += [_tested(rule.code) for rule in together]
    return "\n".join(part for part in parts if part)


def _tested(code: str) -> str:
    """The shortest golden fixture of a rule, as a diff that can be unfolded; empty if there is none."""
    diffs = [diff for folder in sorted(FIXTURES.glob(f"{code}-*")) for diff in _diffs(folder)]
    if not diffs:
        return ""
    shortest = "\n".join(min(diffs, key=lambda lines: (len(lines), lines)))
    return f"<details><summary>{code}, tested</summary>\n\n```diff\n{shortest}\n```\n\n</details>\n"


def _diffs(folder: Path) -> list[list[str]]:
    found = []
    for old in sorted((folder / "before").rglob("*.py")):
        new = folder / "after" / old.relative_to(folder / "before")
        if new.exists():
            before, after = (path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (old, new))
            found.append(list(difflib.unified_diff(before, after, n=3, lineterm=""))[2:])
    return [lines for lines in found if lines]


def _markdown(text: str) -> str:
    """A docstring as Markdown: blocks of code fenced, a paragraph for each label."""
    text = _HEADING.sub("", text.strip() + "\n")
    text = _LABEL.sub(r"\n**\1:** ", text[0].upper() + text[1:])
    return re.sub(r"\n{3,}", "\n\n", _BLOCK.sub(_fence, text))


def _fence(found: re.Match[str]) -> str:
    lines = [line[4:] for line in found[0].strip("\n").splitlines()]
    kind = "diff" if any(line.startswith(("- ", "+ ")) for line in lines) else "text"
    return f"\n```{kind}\n" + "\n".join(lines) + "\n```\n"


def main() -> None:
    """Write the pages, and drop those of families that are gone."""
    made = pages()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
