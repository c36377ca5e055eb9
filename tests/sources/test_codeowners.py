"""Owners of files by CODEOWNERS, in GitHub's form and in GitLab's."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.sources import codeowners
from grpc2connect.sources.codeowners import Owners

GITHUB = """\
# everything else
*       @everyone   # of @nobody
*.js    @js-owner
/build/logs/ @doctocat
docs/*  docs@example.com
apps/   @octocat @org/apps
/apps/github
/scripts/** @scripts
with\\ blank/ @blank
!*.py @never
*.py[x @broken
"""


@pytest.mark.parametrize(
    "path, owners",
    [
        ("a.py", ("@everyone",)),
        ("deep/b.js", ("@js-owner",)),
        ("build/logs/x/y.py", ("@doctocat",)),
        ("other/build/logs/x.py", ("@everyone",)),
        ("docs/a.md", ("docs@example.com",)),
        ("docs/deep/a.md", ("@everyone",)),
        ("any/apps/x.py", ("@octocat", "@org/apps")),
        ("apps/github/x.py", ()),
        ("scripts/a/b.py", ("@scripts",)),
        ("with blank/a.py", ("@blank",)),
    ],
)
def test_last_match_wins_as_on_github(path: str, owners: tuple[str, ...]) -> None:
    assert Owners(GITHUB).of(path) == owners


def test_lines_that_cannot_be_used_are_named() -> None:
    problems = Owners(GITHUB).problems
    assert [line.split(":")[0] for line in problems] == ["10", "11"]


GITLAB = """\
* @default
README.md @readme

[Docs] @docs-team
docs/
*.md @writers
!docs/private.md

^[Database][2] @dba @org/data
/model/db/
/model/db/special.py @special

[DOCS]
guide.txt
"""


@pytest.mark.parametrize(
    "path, owners",
    [
        ("x.py", ("@default",)),
        ("deep/README.md", ("@readme", "@writers")),
        ("deep/docs/a.py", ("@default", "@docs-team")),
        ("docs/private.md", ("@default",)),
        ("model/db/a.py", ("@default", "@dba", "@org/data")),
        ("model/db/special.py", ("@default", "@special")),
        ("other/model/db/a.py", ("@default",)),
        ("a/guide.txt", ("@default", "@docs-team")),
    ],
)
def test_sections_as_on_gitlab(path: str, owners: tuple[str, ...]) -> None:
    assert Owners(GITLAB).of(path) == owners
    assert Owners(GITLAB, gitlab=True).problems == []


def test_the_place_tells_the_form(tmp_path: Path) -> None:
    assert codeowners.find(tmp_path) is None
    for place, owner in ((".gitlab", "@gitlab"), ("docs", "@docs"), ("", "@top"), (".github", "@github")):
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        (folder / "CODEOWNERS").write_bytes(f"\ufeffsrc/x.py {owner}\r\n".encode())
        found = codeowners.find(tmp_path)
        assert found is not None
        owners = codeowners.load(found)
        assert owners.of("src/x.py") == (owner,)
        assert owners.of("deep/src/x.py") == ((owner,) if place == ".gitlab" else ())
