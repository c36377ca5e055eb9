"""Which of a project's files are about building and installing it: found by name and by what their bytes mention.

A file counts if it lies below a given path, or in a folder above one (up to the project's own), or in a folder there
that is made for such files. Patterns to include choose Python sources and say nothing of these; those to exclude do.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.schema import GENERATED
from grpc2connect.sources import SKIPPED, tracked_and_new

BESIDE = frozenset(
    {".circleci", ".github", ".gitlab", "bin", "build", "build_tools", "ci", "docker", "hack", "requirements"}
    | {"script", "scripts", "tasks", "tools"}
)
"""Folders beside the given paths that hold what builds them."""
LIMIT = 2 * 1024 * 1024
"""Bytes above which no such file is read: nobody writes one so long."""
_MADE = (*GENERATED, "_pb2.pyi", ".lock")
_OWN = re.compile(rb"""# What may still be gRPC|\s*\{[^\0]{0,400}?"name":\s*"grpc2connect\"""")
"""How a baseline begins, and a report."""
_LAST_RESORT = 200_000
_NEVER = frozenset(
    {".c", ".cc", ".cpp", ".cs", ".css", ".csv", ".gif", ".go", ".h", ".html", ".ico", ".java", ".jpg", ".js"}
    | {
        ".jsx",
        ".kt",
        ".md",
        ".mdx",
        ".pb",
        ".pdf",
        ".png",
        ".po",
        ".proto",
        ".rb",
        ".rs",
        ".rst",
        ".scss",
        ".so",
        ".svg",
    }
    | {".ts", ".tsx", ".vue", ".whl", ".woff", ".woff2", ".xml", ".zip"}
)
"""Suffixes of files that neither build nor install anything, of which there are many."""
_PAGE = re.compile(
    r"(?:readme|contributing|develop\w*|hacking|install\w*|building)[\w.-]*\.(?:md|markdown)", re.IGNORECASE
)


def find(options: Options) -> list[Path]:
    """All files of the project that count, whatever they are, as sorted absolute paths; symbolic links do not."""
    return _found(options, _can_matter)


def find_with_pages(options: Options) -> tuple[list[Path], list[Path]]:
    """Those, and the pages that tell people how to build the project: git is asked once for both."""
    found = _found(options, lambda name: _can_matter(name) or _is_page(name))
    return [path for path in found if _can_matter(path.name)], [path for path in found if _is_page(path.name)]


def _found(options: Options, wanted: Callable[[str], bool]) -> list[Path]:
    top = os.path.abspath(options.project or options.root)
    given = [os.path.abspath(path) for path in options.paths]
    folders = {path if os.path.isdir(path) else os.path.dirname(path) for path in given}
    above = {str(folder) for one in folders for folder in (Path(one), *Path(one).parents)}
    prefixes = tuple(os.path.join(folder, "") for folder in folders)
    keep = _excluded(options)
    names = (name for name in _files(top, wanted) if name.startswith(prefixes) or _is_beside(name, above))
    return sorted(path for path in map(Path, names) if keep(path))


def _is_beside(name: str, above: set[str]) -> bool:
    """Whether a file is in a folder above the given ones, or in one there that is made for such files."""
    folder = os.path.dirname(name)
    if folder in above:
        return True
    return any(parent.name in BESIDE and str(parent.parent) in above for parent in Path(name).parents)


def _files(top: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    names = tracked_and_new(Path(top))
    if names is not None:
        for name in names:
            path = os.path.join(top, name)
            if wanted(name) and SKIPPED.isdisjoint(name.split("/")) and _is_plain(path):
                yield path
        return
    seen = 0
    for folder, inner, files in os.walk(top):
        inner[:] = sorted(
            name
            for name in inner
            if name not in SKIPPED and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            seen += 1
            path = os.path.join(folder, name)
            if wanted(name) and not os.path.islink(path):
                yield path
        if seen > _LAST_RESORT:
            return


def _is_plain(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _can_matter(name: str) -> bool:
    return os.path.splitext(name)[1].lower() not in _NEVER or os.path.basename(name).startswith("Dockerfile.")


def _is_page(name: str) -> bool:
    return _PAGE.fullmatch(os.path.basename(name)) is not None


def _excluded(options: Options) -> Callable[[Path], bool]:
    if not options.exclude:
        return lambda path: True
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(options.exclude)
    root = Path(os.path.abspath(options.root))
    return lambda path: not (path.is_relative_to(root) and spec.match_file(path.relative_to(root).as_posix()))


def mentions(path: Path, *words: bytes) -> bool:
    """Whether a text mentions one of the words; what is generated does not count, nor what this tool has written.

    What has NUL bytes is no text (`.coverage`).
    """
    if path.name.endswith(_MADE):
        return False
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT + 1)
    except OSError:
        return False
    return len(data) <= LIMIT and any(word in data for word in words) and not (b"\0" in data or _OWN.match(data))
