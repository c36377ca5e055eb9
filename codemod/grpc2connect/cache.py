"""Results of earlier runs, kept in the user's cache folder under all that they depend on.

A result depends on the bytes of the project's Python and proto files, on the libraries required that have a name of one
of its modules, on the options, and on the tool itself. So the key is a digest of these, and nothing is ever out of
date; what is in the way of a change on disk is compared again.
Runs that read an environment (`--python`) or rule packs are not kept: their files are not looked at each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

from grpc2connect import __version__
from grpc2connect.kept import forget, prune
from grpc2connect.options import Options
from grpc2connect.results import RunResult
from grpc2connect.sources import around, find, write_atomic
from grpc2connect.sources.required import about_modules

VARIABLE = "G2C_CACHE_DIR"
"""Names the folder; empty: nothing is kept."""
KEPT = 50
"""How many results are kept, the latest."""
PARTS = "unfinished"
"""The folder, in that of the results, for what runs have finished that have not come to their end."""
_DIGEST = 20


def folder() -> Path | None:
    """Where results are kept; None if nowhere."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    from platformdirs import user_cache_path

    return user_cache_path("grpc2connect", appauthor=False)


def key(options: Options) -> str | None:
    """The digest of what a result for `options` depends on; None if that cannot be looked at cheaply, or read."""
    if options.python is not None or options.rules or not options.keep:
        return None
    digest = hashlib.blake2b(digest_size=20)
    options = replace(options, jobs=None)  # which makes no difference
    for field in fields(options):
        digest.update(f"{field.name}={getattr(options, field.name)!r}\0".encode(errors="surrogateescape"))
    digest.update(_tool().encode())
    paths, errors = find(options)
    if errors:
        return None
    surroundings = around(options, paths)
    digest.update(about_modules(options, (*paths, *surroundings)).encode(errors="surrogateescape"))
    try:
        for part in (paths, surroundings):
            digest.update(b"\1")
            for path in part:
                digest.update(os.fsencode(path) + b"\0" + hashlib.blake2b(path.read_bytes(), digest_size=20).digest())
    except OSError:
        return None
    return digest.hexdigest()


@cache
def _tool() -> str:
    """What of the tool a result depends on: its version, its files, and the Python that reads the project."""
    home = Path(__file__).parent
    homes = [home, home.parents[1] / "rules", home.parents[1] / "runtime"]
    digest = hashlib.blake2b(digest_size=20)
    # Contents, not times: what one machine has computed serves another with the same tool.
    for folder in homes:
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return "\n".join([__version__, sys.version, digest.hexdigest()])


def load(name: str) -> RunResult | None:
    """The result under a key, if what its changes replace is still there."""
    home = folder()
    if home is None:
        return None
    try:
        with open(home / name, "rb") as file:
            data = file.read()
        if hashlib.blake2b(data[_DIGEST:], digest_size=_DIGEST).digest() != data[:_DIGEST]:
            return None
        found = pickle.loads(data[_DIGEST:])
    except Exception:
        return None  # none there, or not one of ours
    if not isinstance(found, RunResult) or any(_now(change.path) != change.before for change in found.changes):
        return None
    with contextlib.suppress(OSError):
        os.utime(home / name)
    return found


def store(name: str, result: RunResult) -> None:
    """Keep a result; where that cannot be done, nothing happens."""
    home = folder()
    if home is None:
        return
    with contextlib.suppress(OSError):
        data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        write_atomic(home / name, hashlib.blake2b(data, digest_size=_DIGEST).digest() + data, mode=0o600)
        _prune(path for path in home.iterdir() if path.is_file())
    forget(home / PARTS / name)


def parts(name: str) -> Path | None:
    """The folder for the finished parts of a run that has not come to its end; None if nothing is kept."""
    home = folder()
    if home is None:
        return None
    prune(home / PARTS)
    return home / PARTS / name


def _prune(paths: Iterable[Path]) -> None:
    for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)


def _now(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
