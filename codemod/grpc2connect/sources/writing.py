"""Writing files so that each is either as it was or as it shall be, whatever fails in between."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.results import FileChange, FileError

_PREFIX, _SUFFIX = ".grpc2connect-", ".tmp"
LEFT_OVER = f"{_PREFIX}*{_SUFFIX}"
"""What a process that is killed while it writes leaves beside the files it was about to replace."""


@dataclass
class _Staged:
    """New content on disk beside its target, not yet in its place."""

    temporary: str
    target: str
    made: list[str]
    """Folders that were made for it, outermost first."""

    deletes: bool = False

    def commit(self) -> None:
        if self.deletes:
            os.unlink(self.target)
        else:
            os.replace(self.temporary, self.target)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.temporary)
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def write_atomic(path: Path, data: bytes, mode: int | None = None) -> None:
    """Put `data` into the file at `path` in one step, making its folder if need be.

    Where `path` is a symbolic link, its target is written and the link stays. `mode` is the permission bits; without
    it, those of the file that is replaced, or what a new file gets. Raises `OSError` (disk full, no permission) and
    leaves all as it was.
    """
    staged = _stage(path, data, mode)
    try:
        staged.commit()
    except BaseException:
        staged.discard()
        raise


def write_all(changes: Sequence[FileChange]) -> list[FileError]:
    """Write all of `changes` or none of them; the errors say which could not be written and why.

    A file that is no longer as `FileChange.before` says is an error too: somebody edited it meanwhile. One that is
    already as it shall be is left alone.
    """
    errors: list[FileError] = []
    staged: list[tuple[FileChange, _Staged]] = []
    try:
        for change in changes:
            try:
                now = _now(change.path)
                if now == (None if change.deletes else change.after):
                    continue
                if now != change.before:
                    errors.append(FileError(change.path, "G2C010", "has changed since it was read", "run again"))
                    continue
                staged.append((change, _staged(change)))
            except OSError as problem:
                errors.append(_error(change, problem))
        staged.sort(key=lambda one: one[1].deletes)  # nothing goes before all that comes is there
        if not errors:
            error = _commit(staged)
            if error is not None:
                errors.append(error)
    finally:
        for _, one in staged:
            if not one.deletes and os.path.lexists(one.temporary):
                one.discard()
    return errors


def _commit(staged: Sequence[tuple[FileChange, _Staged]]) -> FileError | None:
    """Put all in place; if one fails, put back those before it."""
    for index, (change, one) in enumerate(staged):
        try:
            one.commit()
        except OSError as problem:
            for undone, place in reversed(staged[:index]):
                with contextlib.suppress(OSError):
                    if undone.before is None:
                        os.unlink(place.target)
                        place.discard()
                    else:
                        write_atomic(undone.path, undone.before)
            return _error(change, problem)
    return None


def _now(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _error(change: FileChange, problem: OSError) -> FileError:
    reason = problem.strerror or str(problem)
    advice = "make room or make it writable, and run again; all of its service stays as it was"
    return FileError(change.path, "G2C010", f"cannot be written: {reason}", advice)


def _staged(change: FileChange) -> _Staged:
    """What is to be put in place, or taken away: files that go are not staged."""
    if change.deletes:
        return _Staged("", os.path.abspath(change.path), [], deletes=True)
    return _stage(change.path, change.after, None)


def _stage(path: Path, data: bytes, mode: int | None) -> _Staged:
    """Write `data` to a temporary file beside the file that `path` leads to."""
    import tempfile

    target = os.path.realpath(path)
    made = _make_folder(os.path.dirname(target))
    staged = _Staged("", target, made)
    try:
        if mode is None:
            mode = _mode_of(target)
        handle, staged.temporary = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=os.path.dirname(target))
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(staged.temporary, mode)
    except BaseException:
        staged.discard()
        raise
    return staged


def _make_folder(folder: str) -> list[str]:
    missing: list[str] = []
    while folder and not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    for one in missing:
        os.mkdir(one)
    return missing


def _mode_of(target: str) -> int:
    """The permission bits of a file, or those that a new one would get."""
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
