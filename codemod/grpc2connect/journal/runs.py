"""Runs on record: a folder each, complete on disk before the first file of the project is touched.

`run.zip` holds the old and the new bytes of every file (any unzip can read it, without this tool), `log` a line of JSON
for each thing that is done. A run whose log does not say that it has ended, and that no process holds, was interrupted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grpc2connect import __version__
from grpc2connect.errors import Failure, Title
from grpc2connect.results import FileChange

VARIABLE = "G2C_STATE_DIR"
"""Names the folder of the journal."""
KEPT = 20
"""How many runs of a project are kept, the latest."""
_KEPT_IN_ALL = 200
_STALE_SECONDS = 3600
"""After this time a record that was never completed is nobody's."""


class JournalError(Failure):
    """The journal cannot be written or read."""


@dataclass(frozen=True)
class Part:
    """Changes that are written together; `message` is that of the commit they get, "" for none."""

    changes: tuple[FileChange, ...]
    message: str = ""


@dataclass(frozen=True)
class Saved:
    """A file as a run found it.

    `before` is the digest of its bytes (None: there was no such file), `mode` its permission bits, and `ours` are the
    digests that the file has had in the course of the run, that before it included. `target` is where the bytes are:
    behind the link, if `path` is one.
    """

    path: Path
    target: Path
    before: str | None
    mode: int | None
    ours: frozenset[str | None]


@dataclass(frozen=True)
class Run:
    """One run on record."""

    home: Path
    root: Path
    command: str
    started: str
    log: tuple[dict[str, Any], ...]

    @property
    def ended(self) -> bool:
        """Whether all was done that was to be done."""
        return any("ended" in line for line in self.log)

    @property
    def parts_done(self) -> int:
        """How many of its parts are written (and committed)."""
        return sum("part" in line for line in self.log)

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits it made, oldest first."""
        return tuple(line["commit"] for line in self.log if line.get("commit"))

    @cached_property
    def _contents(self) -> dict[str, Any]:
        try:
            with zipfile.ZipFile(self.home / "run.zip") as archive:
                document: dict[str, Any] = json.loads(archive.read("run.json"))
                return document
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as problem:
            what = f"{self.home}: the record of this run cannot be read: {problem}"
            raise JournalError(Title.JOURNAL_UNUSABLE, what, "remove it") from None

    def data(self, digest: str) -> bytes:
        """The bytes that have a digest."""
        with zipfile.ZipFile(self.home / "run.zip") as archive:
            return archive.read(f"content/{digest}")

    def parts(self) -> list[Part]:
        """All that the run was to write."""
        return [
            Part(tuple(self._change(change) for change in part["changes"]), part["message"])
            for part in self._contents["parts"]
        ]

    def _change(self, change: dict[str, Any]) -> FileChange:
        before = self.data(change["before"]) if change["before"] is not None else None
        deletes = change["after"] is None
        after = b"" if deletes else self.data(change["after"])
        return FileChange(Path(change["path"]), before, after, tuple(change["units"]), deletes=deletes)

    def files(self) -> list[Saved]:
        """Every file of the run as it was before."""
        return [
            Saved(Path(one["path"]), Path(one["target"]), one["before"], one["mode"], frozenset(one["ours"]))
            for one in self._contents["files"]
        ]

    def folders(self) -> list[Path]:
        """The folders that the run had to make, outermost first."""
        return [Path(one) for one in self._contents["folders"]]

    def forget(self) -> None:
        """Take the run off the record."""
        gone = self.home.with_name(f".{self.home.name}-{os.getpid()}")
        os.rename(self.home, gone)
        shutil.rmtree(gone, ignore_errors=True)


class Writing:
    """A run at work: told what is done, and held against a second process until it ends."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._log = open(home / "log", "ab")  # noqa: SIM115 (held as long as the run goes on)
        if not _hold(self._log.fileno()):
            self._log.close()
            what = f"another process is writing this project ({home})"
            raise JournalError(Title.ANOTHER_RUN, what, "wait for it, then run again")

    def part_done(self, commit: str = "") -> None:
        """The next part is written, and committed as `commit`, if it is to be."""
        self._note({"part": True, "commit": commit})

    def end(self) -> None:
        """All that could be done is done."""
        self._note({"ended": True})

    def close(self) -> None:
        """Let go of it."""
        self._log.close()

    def _note(self, line: dict[str, Any]) -> None:
        self._log.write(json.dumps(line).encode() + b"\n")
        self._log.flush()
        os.fsync(self._log.fileno())


@contextlib.contextmanager
def writing(root: Path, command: str, parts: Sequence[Part]) -> Iterator[Writing]:
    """Put a run on record, durably, before it writes; it has ended when the block is left without an exception.

    Raises `JournalError` where that cannot be done: then nothing may be written.
    """
    try:
        at_work = _begin(root, command, parts)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        what = f"the journal in {folder()} cannot be written: {reason}"
        raise JournalError(Title.JOURNAL_UNUSABLE, what, f"name another folder in {VARIABLE}") from None
    try:
        yield at_work
        at_work.end()
    finally:
        at_work.close()


def folder() -> Path:
    """Where runs are kept."""
    if named := os.environ.get(VARIABLE):
        return Path(os.path.abspath(named)) / "runs"
    from platformdirs import user_state_path

    return user_state_path("grpc2connect", appauthor=False) / "runs"


def runs(at: Path) -> list[Run]:
    """The runs on record of the project that a folder belongs to, or of those below it; latest first."""
    return [run for run in _every(folder()) if at.is_relative_to(run.root) or run.root.is_relative_to(at)]


def interrupted(at: Path) -> Run | None:
    """The latest run there if it was interrupted."""
    for run in runs(at):
        if not run.ended and not _is_held(run.home):
            return run
    return None


def digest(data: bytes) -> str:
    """What tells contents apart."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def digest_of(path: Path) -> str | None:
    """The digest of a file as it is now; None if there is none. Raises `OSError`."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _begin(root: Path, command: str, parts: Sequence[Part]) -> Writing:
    home = folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _prune(home, root)
    name = f"{time.time_ns():020d}"
    draft = home / f".{name}"
    draft.mkdir(mode=0o700)
    try:
        with open(draft / "run.zip", "xb") as file:
            _archive(file, parts)
            file.flush()
            os.fsync(file.fileno())
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        header = {"root": str(root), "command": command, "started": started, "version": __version__}
        with open(draft / "log", "xb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        at_work = Writing(draft)
        os.rename(draft, home / name)
        at_work.home = home / name
        _sync_folder(home)
        return at_work
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _archive(file: Any, parts: Sequence[Part]) -> None:
    contents: dict[str, bytes] = {}

    def keep(data: bytes | None) -> str | None:
        if data is None:
            return None
        name = digest(data)
        contents.setdefault(name, data)
        return name

    document: dict[str, Any] = {
        "parts": [
            {
                "message": part.message,
                "changes": [
                    {
                        "path": str(change.path),
                        "before": keep(change.before),
                        "after": keep(None if change.deletes else change.after),
                        "units": change.units,
                    }
                    for change in part.changes
                ],
            }
            for part in parts
        ]
    }
    by_path: dict[Path, list[FileChange]] = {}
    for part in parts:
        for change in part.changes:
            by_path.setdefault(change.path, []).append(change)
    document["files"] = [_saved(path, changes, keep) for path, changes in by_path.items()]
    document["folders"] = [str(one) for one in _missing(by_path)]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("run.json", json.dumps(document, indent=1))
        for name, data in contents.items():
            archive.writestr(f"content/{name}", data)


def _saved(path: Path, changes: list[FileChange], keep: Any) -> dict[str, Any]:
    target = os.path.realpath(path)
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mode = None
    return {
        "path": str(path),
        "target": target,
        "before": keep(changes[0].before),
        "mode": mode,
        "ours": [keep(changes[0].before), *(keep(None if change.deletes else change.after) for change in changes)],
    }


def _missing(paths: Iterable[Path]) -> list[Path]:
    """The folders that are not there yet, outermost first."""
    found: set[Path] = set()
    for path in paths:
        above = Path(os.path.realpath(path)).parent
        while not above.exists():
            found.add(above)
            above = above.parent
    return sorted(found)


def _read(home: Path) -> Run | None:
    try:
        lines = (home / "log").read_bytes().splitlines()
        header = json.loads(lines[0])
        run = (Path(header["root"]), str(header["command"]), str(header["started"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    log = []
    for line in lines[1:]:
        # The last line may have been cut off: what it says did not get done.
        with contextlib.suppress(ValueError):
            log.append(json.loads(line))
    return Run(home, *run, tuple(log))


def _every(home: Path) -> list[Run]:
    """All runs on record, latest first."""
    try:
        names = sorted((one.name for one in home.iterdir() if not one.name.startswith(".")), reverse=True)
    except OSError:
        return []
    return [run for name in names if (run := _read(home / name)) is not None]


def _prune(home: Path, root: Path) -> None:
    every = _every(home)
    old = [run for run in every if run.root == root][KEPT - 1 :] + every[_KEPT_IN_ALL:]
    for run in {run.home: run for run in [*old, *(run for run in every if not run.root.exists())]}.values():
        with contextlib.suppress(OSError):
            run.forget()
    for draft in home.glob(".*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)


def _sync_folder(path: Path) -> None:
    """Make a rename durable, where folders can be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _hold(handle: int) -> bool:
    """Lock an open log until its process ends, however it ends; False if another process has it."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: a run that is at work counts as interrupted
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_held(home: Path) -> bool:
    try:
        with open(home / "log", "ab") as file:
            return not _hold(file.fileno())
    except OSError:
        return False
