"""The few questions asked of git. A machine without git, or a folder outside any repository, answers None."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def top(folder: Path) -> Path | None:
    """The top folder of the repository that holds `folder`, spelled the way `folder` is, or None."""
    answer = _ask(folder, "rev-parse", "--show-cdup")
    if answer is None:
        return None
    # Relative, so that a symbolic link on the way (macOS: /tmp) does not give the same file two names.
    return Path(os.path.normpath(folder / os.fsdecode(answer.rstrip(b"\n"))))


def dirty(repository: Path, paths: Sequence[Path], *, unstaged_only: bool = False) -> list[Path]:
    """The files below `paths` that git could not give back: edited, staged or untracked (ignored ones are not asked).

    `unstaged_only` accepts what is staged, as a pre-commit hook must.
    """
    answer = _ask(repository, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    if answer is None:
        return list(paths)
    found = []
    for record in answer.split(b"\0"):
        path = repository / os.fsdecode(record[3:])
        accepted = unstaged_only and record[1:2] == b" "
        if record and not accepted and any(path.is_relative_to(one) for one in paths):
            found.append(path)
    return found


def _ask(folder: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
