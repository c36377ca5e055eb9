"""Taking a run back: every file as it was, to the byte and the permission bit, with git or without.

What somebody has changed since is named and nothing is touched; with `force` a copy of it is kept first. Each file is
put back in one step, so that an undo that is interrupted is finished by the next.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.journal.runs import Run, Saved, digest_of
from grpc2connect.results import FileError
from grpc2connect.sources import write_atomic
from grpc2connect.sources.writing import LEFT_OVER


@dataclass
class Undone:
    """What an undo did: files put back, files of the run removed, copies kept (of what, where), and failures."""

    restored: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    kept: list[tuple[Path, Path]] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)


def changed_since(run: Run) -> list[Path]:
    """The files of a run that are neither as it found them nor as it wrote them."""
    return [saved.path for saved in run.files() if _is_changed(saved)]


def progress_of(run: Run) -> tuple[int, int]:
    """How many of a run's files are not as it found them, and how many there are."""
    files = run.files()
    return sum(_is_other(saved) for saved in files), len(files)


def take_back(run: Run) -> Undone:
    """Put all files of a run back; it goes off the record if all could be.

    What has changed since is copied to a folder beside the record of the run before it is replaced.
    """
    undone = Undone()
    for saved in run.files():
        try:
            if _is_changed(saved) and saved.target.exists():
                undone.kept.append((saved.path, _copied(saved, run)))
            _restore(saved, run, undone)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            advice = "make room or make it writable, and undo again; the other files are back"
            undone.errors.append(FileError(saved.path, "G2C010", f"cannot be put back: {reason}", advice))
    sweep(run)
    if not undone.errors:
        _remove_folders(run.folders())
        run.forget()
    return undone


def sweep(run: Run) -> None:
    """Remove the files that an interrupted run was about to put in place."""
    for folder in {saved.target.parent for saved in run.files()}:
        for left in folder.glob(LEFT_OVER):
            with contextlib.suppress(OSError):
                left.unlink()


def _is_changed(saved: Saved) -> bool:
    try:
        now = digest_of(saved.target)
        if now not in saved.ours:
            return True
        return now is not None and saved.mode is not None and _mode(saved.target) != saved.mode
    except OSError:
        return True


def _is_other(saved: Saved) -> bool:
    try:
        return digest_of(saved.target) != saved.before
    except OSError:
        return True


def _restore(saved: Saved, run: Run, undone: Undone) -> None:
    if saved.before is None:
        if os.path.lexists(saved.target):
            saved.target.unlink()
            undone.removed.append(saved.path)
    elif digest_of(saved.target) != saved.before or _mode(saved.target) != saved.mode:
        write_atomic(saved.target, run.data(saved.before), saved.mode)
        undone.restored.append(saved.path)


def _copied(saved: Saved, run: Run) -> Path:
    inside = saved.path.relative_to(run.root) if saved.path.is_relative_to(run.root) else Path(saved.path.name)
    copy = run.home.parent.parent / "kept" / run.home.name / inside
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(saved.target, copy)
    return copy


def _remove_folders(folders: Iterable[Path]) -> None:
    """Remove the folders that the run made, as far as nothing but bytecode of what was in them is left."""
    for folder in sorted(folders, reverse=True):
        with contextlib.suppress(OSError):
            if all(one.name == "__pycache__" for one in folder.iterdir()):
                shutil.rmtree(folder / "__pycache__", ignore_errors=True)
                folder.rmdir()


def _mode(path: Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)
