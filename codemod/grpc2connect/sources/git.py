"""The questions asked of git. A machine without git, or a folder outside any repository, is answered for too.

Settings of the repository that make git run programs of its own (`core.fsmonitor`) are switched off, and nothing is
written, not even a refreshed index.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TIMEOUT = 120.0
"""Seconds that one question may take."""
_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")


def ask(folder: Path, *arguments: str) -> bytes | None:
    """What `git ARGUMENTS` prints in `folder`, or None if it fails or there is no git."""
    import subprocess

    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            env={**environment(), "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def environment() -> dict[str, str]:
    """The environment without what a hook is told: its variables name the outer repository by relative paths."""
    return {name: value for name, value in os.environ.items() if name not in _VARIABLES}


def top(path: Path) -> Path | None:
    """The top folder of the repository that holds `path`, spelled the way `path` is, or None."""
    folder = path if path.is_dir() else path.parent
    answer = ask(folder, "rev-parse", "--is-inside-work-tree", "--show-cdup")
    if answer is None or not answer.startswith(b"true\n"):
        return None
    up = os.fsdecode(answer.removeprefix(b"true\n").rstrip(b"\n"))
    return Path(os.path.normpath(os.path.join(os.path.abspath(folder), up)))


def tracked_and_new(folder: Path) -> list[str] | None:
    """Files below `folder` that git tracks or would add, relative to it; None outside a repository.

    A submodule, or another repository inside, is one entry: its folder. A folder that git ignores as a whole, and a
    submodule that is not checked out, are answered with None too, for then git has nothing to say about what is in it.
    """
    answer = ask(folder, "ls-files", "-co", "--exclude-standard", "-z")
    if answer is None:
        return None
    names = sorted({os.fsdecode(name).rstrip("/") for name in answer.split(b"\0") if name})
    if names == ["."]:  # how git 2.39 names a submodule that is not checked out, from within
        return None
    if not names and ask(folder, "check-ignore", "-q", ".") is not None:
        return None
    return names


def ignored(folder: Path, patterns: Iterable[str]) -> list[str]:
    """Files below `folder` that git ignores and one of the patterns (as of git's pathspecs) matches, relative to it."""
    answer = ask(folder, "ls-files", "-oi", "--exclude-standard", "-z", "--", *patterns)
    return sorted(os.fsdecode(name) for name in (answer or b"").split(b"\0") if name)


def revision(folder: Path) -> str:
    """The commit that is checked out, shortened, with `+` when tracked files differ from it; empty outside git."""
    name = ask(folder, "rev-parse", "--short=12", "--verify", "--quiet", "HEAD")
    if name is None:
        return ""
    changed = ask(folder, "status", "--porcelain=v1", "-z", "--untracked-files=no")
    return name.decode().strip() + ("+" if changed else "")


def changed_since(folder: Path, revision: str) -> list[str] | None:
    """Files of the repository of `folder` that differ from where `revision` and HEAD parted, relative to its top.

    What is not committed counts, and so do files that git does not know yet. None if there is no such revision.
    """
    commit = ask(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    repository = top(folder)
    if commit is None or repository is None:
        return None
    name = commit.decode().strip()
    parted = ask(repository, "merge-base", name, "HEAD")
    start = parted.decode().strip() if parted else name
    differ = ask(repository, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", start, "--")
    new = ask(repository, "ls-files", "-o", "--exclude-standard", "-z")
    if differ is None or new is None:
        return None
    return sorted({os.fsdecode(path) for path in (differ + new).split(b"\0") if path})


def dirty_files(paths: Iterable[Path], *, staged_is_fine: bool = False) -> list[Path]:
    """Those of `paths` (files, or folders for all that is below them) that git could not give back, as absolute paths.

    That is what is edited, staged or untracked. With `staged_is_fine`, as in a pre-commit hook, only what has edits
    that are not staged, or is untracked. Files outside any repository are not judged: ask `top`.
    """
    by_top: dict[Path, list[Path]] = {}
    tops: dict[Path, Path | None] = {}
    for path in paths:
        full = Path(os.path.abspath(path))
        folder = _nearest_folder(full)
        if folder not in tops:
            tops[folder] = top(folder)
        repository = tops[folder]
        if repository is not None:
            by_top.setdefault(repository, []).append(full)
    found: set[Path] = set()
    for repository, wanted in by_top.items():
        answer = ask(repository, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
        if answer is None:
            found.update(wanted)
            continue
        for record in answer.split(b"\0"):
            path = repository / os.fsdecode(record[3:])
            accepted = staged_is_fine and record[1:2] == b" "
            if record and not accepted and any(path == one or one in path.parents for one in wanted):
                found.add(path)
    return sorted(found)


def _nearest_folder(path: Path) -> Path:
    """The nearest folder at or above `path` that exists: a file that is yet to be written may be in a new one."""
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path
