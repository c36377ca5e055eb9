"""Who owns a file, by the repository's CODEOWNERS, in GitHub's form or GitLab's.

GitHub: the last line that matches decides. GitLab besides has sections (`[Name]`, `^[Name]` for an optional one,
`[Name][2]` with a number of approvals), whose headings may give owners to lines without any; each section has a say of
its own, `!pattern` takes files out of it, and patterns without a leading slash match in every folder. Which form a file
has is told by its place and by its headings. Sources: GitHub, "About code owners"; GitLab, "Code Owners syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeowners import CodeOwners

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file may be, seen from the top of the repository; the first that is there counts."""

_HEADING = re.compile(r"\^?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>(?:\s.*)?)")
_COMMENT = re.compile(r"(?<!\\)\s#.*")
_PATTERN = re.compile(r"(?:\\.|\S)+")


def find(repository: Path) -> Path | None:
    """The CODEOWNERS of a repository, given by its top folder."""
    return next((path for place in PLACES if (path := repository / place).is_file()), None)


@dataclass
class _Section:
    """Lines that are looked at together: `text` for what they own, `apart` for what is taken out."""

    owners: str = ""
    text: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)


class Owners:
    """The owners of files, by their paths from the top of the repository.

    `problems` are lines that are passed over, as `number: what is wrong`.
    """

    def __init__(self, text: str, *, gitlab: bool = False) -> None:
        self.problems: list[str] = []
        lines = text.removeprefix("\ufeff").splitlines()
        gitlab = gitlab or any(_HEADING.fullmatch(line.strip()) for line in lines)
        self._sections = [
            (_matcher(section.text), _matcher(section.apart)) for section in self._read(lines, gitlab=gitlab).values()
        ]
        self.of = cache(self._of)

    def _of(self, path: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for owned, apart in self._sections:
            if apart.matching_line(path)[1] is None:
                found.update(dict.fromkeys(name for _, name in owned.of(path)))
        return tuple(found)

    def _read(self, lines: list[str], *, gitlab: bool) -> dict[str, _Section]:
        sections = {"": _Section()}
        current = sections[""]
        for number, raw in enumerate(lines, 1):
            line = _COMMENT.sub("", raw).strip()
            if not line or line.startswith("#"):
                continue
            heading = _HEADING.fullmatch(line) if gitlab else None
            if heading is not None:
                # Sections of one name, in any case of letters, are one.
                current = sections.setdefault(heading["name"].casefold(), _Section())
                current.owners = heading["owners"].strip() or current.owners
                continue
            problem = _problem(line, gitlab=gitlab)
            if problem:
                self.problems.append(f"{number}: {problem}")
            elif line.startswith("!"):
                current.apart.append(f"{_everywhere(line[1:])} @nobody")
            else:
                current.text.append(_with_owners(line, current.owners) if gitlab else line)
        return sections


def load(path: Path) -> Owners:
    """The owners by the CODEOWNERS at `path`; raises `OSError`."""
    gitlab = path.parent.name == ".gitlab"
    return Owners(path.read_bytes().decode("utf-8", "replace"), gitlab=gitlab)


def _with_owners(line: str, default: str) -> str:
    found = _PATTERN.match(line)
    pattern = found[0] if found else line
    given = line[len(pattern) :].strip()
    return f"{_everywhere(pattern)} {given or default}"


def _everywhere(pattern: str) -> str:
    """A pattern of GitLab's as one of GitHub's: without a leading slash it holds in every folder."""
    return pattern if pattern.startswith(("/", "**/")) else f"**/{pattern}"


def _problem(line: str, *, gitlab: bool) -> str:
    if not gitlab and line.startswith(("!", "[")):
        return "GitHub knows no `!` and no `[ ]` in CODEOWNERS; the line is passed over"
    try:
        _matcher([line])
    except (ValueError, re.error) as problem:
        return f"{problem}; the line is passed over"
    return ""


def _matcher(lines: list[str]) -> CodeOwners:
    from codeowners import CodeOwners

    return CodeOwners("\n".join(lines))


def problems(path: Path, owners: Owners) -> Iterator[str]:
    """A line for each that is passed over."""
    for problem in owners.problems:
        yield f"{path}:{problem}"
