"""docs/web.md: after each comment that names a file comes that file, as a code block."""

from __future__ import annotations

import re

from tests.e2e.projects import REPOSITORY

PAGE = REPOSITORY / "docs" / "web.md"
_BLOCK = re.compile(r"^<!-- (\S+) -->\n(?:\n```\w+\n.*?^```\n)?", re.MULTILINE | re.DOTALL)
_LANGUAGES = {".py": "python", ".ts": "ts"}


def files(text: str) -> list[str]:
    """The files that a text names."""
    return [found[1] for found in _BLOCK.finditer(text)]


def filled(text: str) -> str:
    """The text with the files as they are."""

    def block(found: re.Match[str]) -> str:
        path = REPOSITORY / found[1]
        code = path.read_text(encoding="utf-8").rstrip()
        return f"<!-- {found[1]} -->\n\n```{_LANGUAGES[path.suffix]}\n{code}\n```\n"

    return _BLOCK.sub(block, text)
