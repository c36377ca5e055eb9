"""Finished parts of a run that may not come to its end: each is on the disk as soon as it is there.

A run writes one log of its own, so runs that share a folder do not disturb each other, and reads those of all. A log
ends where it was cut off; a part whose bytes are not those that were written counts as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 256 << 20
"""How much one run keeps."""
MOST_RUNS = 8
"""Of how many unfinished runs parts are kept, the latest."""
_HEAD = struct.Struct("<4sQ16s16s")
_MARK = b"g2c\1"
_SUFFIX = ".parts"


class Parts:
    """What is kept by name; this one keeps nothing."""

    def get(self, name: str) -> bytes | None:
        """What is kept under a name."""
        return None

    def put(self, name: str, data: bytes) -> None:
        """Keep something under a name; where that cannot be done, nothing happens."""

    def look(self) -> None:
        """See what other runs have kept meanwhile."""

    def about(self, what: str) -> Parts:
        """The same parts, for names that mean something for `what` only."""
        return self


NOWHERE = Parts()


class Logs(Parts):
    """The logs in a folder, which belongs to one question about one state of a project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[bytes, tuple[Path, int, int, bytes]] = {}
        self._read: dict[Path, int] = {}
        self._own: int | None = None
        self._left = MOST_BYTES
        self.look()

    def get(self, name: str) -> bytes | None:
        """See `Parts.get`."""
        place = self._places.get(_digest(name.encode("utf-8", "surrogateescape")))
        if place is None:
            return None
        path, start, size, expected = place
        try:
            with open(path, "rb") as file:
                file.seek(start)
                data = file.read(size)
        except OSError:
            return None
        return data if _digest(data) == expected else None

    def put(self, name: str, data: bytes) -> None:
        """See `Parts.put`."""
        self._left -= len(data)
        if self._left < 0:
            return
        key = _digest(name.encode("utf-8", "surrogateescape"))
        try:
            if self._own is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
                self._own = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            frame = memoryview(_HEAD.pack(_MARK, len(data), key, _digest(data)) + data)
            while frame:
                frame = frame[os.write(self._own, frame) :]
        except OSError:
            self._left = -1

    def look(self) -> None:
        """See `Parts.look`."""
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
                with contextlib.suppress(OSError):
                    self._scan(path)

    def about(self, what: str) -> Parts:
        """See `Parts.about`."""
        return _About(self, what)

    def close(self) -> None:
        """Write no more."""
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def _scan(self, path: Path) -> None:
        start, size = self._read.get(path, 0), path.stat().st_size
        with open(path, "rb") as file:
            while start + _HEAD.size <= size:
                file.seek(start)
                mark, length, key, expected = _HEAD.unpack(file.read(_HEAD.size))
                if mark != _MARK or start + _HEAD.size + length > size:
                    break  # cut off, or not written to its end yet
                self._places[key] = path, start + _HEAD.size, length, expected
                start += _HEAD.size + length
        self._read[path] = start


@dataclass(frozen=True)
class _About(Parts):
    logs: Parts
    what: str

    def get(self, name: str) -> bytes | None:
        return self.logs.get(f"{self.what} {name}")

    def put(self, name: str, data: bytes) -> None:
        self.logs.put(f"{self.what} {name}", data)

    def look(self) -> None:
        self.logs.look()


def prune(home: Path) -> None:
    """Forget the parts of all but the latest runs below a folder."""
    with contextlib.suppress(OSError):
        folders = sorted((path for path in home.iterdir() if path.is_dir()), key=_changed, reverse=True)
        for folder in folders[MOST_RUNS:]:
            forget(folder)


def forget(folder: Path) -> None:
    """Forget the parts of a run that has come to its end."""
    shutil.rmtree(folder, ignore_errors=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
