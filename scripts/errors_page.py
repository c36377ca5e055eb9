"""Writes docs/errors.md from the table of errors: `python scripts/errors_page.py`; a test says if it is due."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.errors import Title

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
_HEAD = """# Errors

Every error is one line on stderr, on a terminal and elsewhere: its title, the cause, and the next step.

```
error[uncommitted-edits]: /src/shop has edits that are not committed (a.py); commit or stash them, or pass --allow-dirty
error[cannot-read]: shop/b.py: G2C003 cannot be read: Permission denied; make it readable
```

Titles stay as they are, so that scripts and people can look for them (`grep -o '^error\\[[a-z-]*'`), and
`grpc2connect explain TITLE` says what is below. Where a file failed, its path comes first, then the code that reports
have; the other files are done, and the exit code is 3. The rows in the `errors` of JSON reports have the title too.
Other errors end the command with 2 (what was asked for, settings, git), 130 (interrupted) or 70 (an error in
grpc2connect itself).

| title | means | what to do |
|---|---|---|
"""


def text() -> str:
    """The page."""
    rows = []
    for title in Title:
        codes = f" ({', '.join(title.codes)})" if title.codes else ""
        rows.append(f"| `{title.slug}`{codes} | {title.meaning} | {title.remedy} |\n")
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_bytes(text().encode())
