"""Which of a project's files are about building and installing it: found by name and by what their bytes mention.

A file counts if it lies below a given path, or in a folder above one (up to the project's own), or in a folder there
that is made for such files. Patterns to include choose Python sources and say nothing of these; those to exclude do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.sources import SKIPPED, tracked_and_new

BESIDE = frozenset(
    {".circleci", ".github", ".gitlab", "bin", "build", "build_tools", "ci", "docker", "hack", "requirements"}
    | {"script", "scripts", "tasks", "tools"}
)
"""Folders beside the given paths that hold what builds them."""
LIMIT = 2 * 1024 * 1024
"""Bytes above which no such file is read: nobody writes one so long."""
_MADE = ("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", "_connect.py", ".lock")
_LAST_RESORT = 200_000


def find(options: Options) -> list[Path]:
    """All files of the project that count, whatever they are, as sorted absolute paths; symbolic links do not."""
    top = Path(os.path.abspath(options.project or options.root))
    given = [Path(os.path.abspath(path)) for path in options.paths]
    folders = {path if path.is_dir() else path.parent for path in given}
    above = {folder for one in folders for folder in (one, *one.parents) if folder.is_relative_to(top)}
    keep = _excluded(options)
    return sorted(path for path in _files(top) if _counts(path, folders, above) and keep(path))


def _counts(path: Path, folders: set[Path], above: set[Path]) -> bool:
    if path.parent in above or any(path.is_relative_to(folder) for folder in folders):
        return True
    return any(parent.name in BESIDE and parent.parent in above for parent in path.parents)


def _files(top: Path) -> Iterator[Path]:
    names = tracked_and_new(top)
    if names is not None:
        for name in names:
            path = top / name
            if SKIPPED.isdisjoint(name.split("/")) and path.is_file() and not path.is_symlink():
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
            path = Path(folder, name)
            if not path.is_symlink():
                yield path
        if seen > _LAST_RESORT:
            return


def _excluded(options: Options) -> Callable[[Path], bool]:
    if not options.exclude:
        return lambda path: True
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(options.exclude)
    root = Path(os.path.abspath(options.root))
    return lambda path: not (path.is_relative_to(root) and spec.match_file(path.relative_to(root).as_posix()))


def mentions(path: Path, *words: bytes) -> bool:
    """Whether a file that is no generated one mentions one of the words."""
    if path.name.endswith(_MADE):
        return False
    try:
        if path.stat().st_size > LIMIT:
            return False
        data = path.read_bytes()
    except OSError:
        return False
    return any(word in data for word in words)
