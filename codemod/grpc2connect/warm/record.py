"""What a check of a whole project leaves for `answer`: its files, its settings, and what it found of each."""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc2connect.options import Options
from grpc2connect.results import Loud, RunResult, Severity
from grpc2connect.sources import around, find, repository_of, write_atomic
from grpc2connect.sources.files import SKIPPED
from grpc2connect.sources.required import lists
from grpc2connect.warm.answer import (
    LIMIT,
    NAMES,
    Seen,
    contents,
    digest,
    home,
    index_size,
    name_of,
    stat_of,
    tool_stamp,
)

_RECENT = 100_000_000
"""Nanoseconds: what changed so shortly before it was looked at may change again and show the same times."""
_RECENT_COARSE = 3_000_000_000
"""The same where a file system counts whole seconds, or two."""
_NONE = (0, 0, 0, 0)


@dataclass(frozen=True)
class Snapshot:
    """The project as it is before the engine reads it, but for what the engine will say."""

    folder: str
    options: Sequence[str]
    facts: dict[str, Any]


def take(options: Options, arguments: Sequence[str], settings: Iterable[Path]) -> Snapshot | None:
    """The project now; None if it is not one that can be watched.

    `arguments` are the command's options as they were given, `settings` the files that they name or that are read for
    them (a baseline).
    """
    if home() is None or options.python is not None or options.explain is not None or options.rules:
        return None
    if not options.keep:
        return None
    now = time.time_ns()
    paths, errors = find(options)
    folders = _folders(options.root)
    if errors or folders is None:
        return None
    # Below the root what is not there need not be remembered: the folder's names show when it comes.
    tables = [path for folder in folders if (path := folder / "pyproject.toml").is_file()]
    tables += [folder / "pyproject.toml" for folder in options.root.parents]
    with_table = [path for path in tables if path.is_file() and b"grpc2connect" in path.read_bytes()]
    if len(with_table) > 1:
        return None  # which one counts depends on the file
    repository = repository_of(options.root)
    git = os.path.join(repository, ".git") if repository else None
    ignores = [path for folder in folders if (path := folder / ".gitignore").is_file()]
    ignores += [folder / ".gitignore" for folder in options.root.parents]
    files = sorted({*paths, *around(options, paths)})
    return Snapshot(
        os.getcwd(),
        list(arguments),
        {
            "tool": tool_stamp(),
            "git": git if git is None or os.path.isdir(git) else None,
            "index": index_size(git),
            "settings": dict(map(_setting, (*settings, *tables, *ignores, *lists(options), *_of_git(git)))),
            "folders": {str(folder): (_trusted(str(folder), now), contents(str(folder))) for folder in folders},
            "files": {str(path): _seen(path, now) for path in files},
        },
    )


def keep(before: Snapshot, result: RunResult, failing: Iterable[Path], settled: Container[Path]) -> None:
    """Keep what was found: the files that `failing` names do not pass.

    A file that is `settled` passes whatever becomes of the references that it has.
    """
    if result.errors or not result.audit.holds or any(one.severity is Severity.ERROR for one in result.findings):
        return
    reach = result.reach
    facts = before.facts | {
        "parsed": frozenset(map(str, reach.parsed)),
        "holders": frozenset(reach.holders),
        "fixtures": frozenset(reach.fixtures),
        "rpcs": frozenset(reach.rpcs),
        "fails": frozenset(map(str, failing)),
    }
    names = _names(reach.loud, settled)
    data = marshal.dumps(facts | {"names": digest(names)})
    path = Path(home() or "") / name_of(before.folder, before.options)
    with contextlib.suppress(OSError):
        write_atomic(path.with_name(path.name + NAMES), names, mode=0o600)
        write_atomic(path, digest(data) + data, mode=0o600)


def _names(loud: Loud | None, settled: Container[Path]) -> bytes:
    """What tells of single changed files whether they have something new: in a file of its own, as few need it."""
    if loud is None:
        return marshal.dumps(None)
    # Each by itself, so that only what is of the changed file is unpacked.
    files = {
        str(path): marshal.dumps((dict(scopes), skeleton))
        for path, (scopes, skeleton) in loud.files.items()
        if path in settled
    }
    return marshal.dumps(((loud.spelled, loud.rpcs, loud.attributes, loud.watched, loud.tops), files))


def _folders(root: Path) -> list[Path] | None:
    """Every folder that a run might look into; None if there are too many."""
    found: list[Path] = []
    for place, names, files in os.walk(root):
        if "pyvenv.cfg" in files:
            names.clear()
        names[:] = [name for name in names if name not in SKIPPED]
        found.append(Path(place))
        if len(found) > LIMIT:
            return None
    return found


def _of_git(git: str | None) -> Iterator[Path]:
    """What git's answers about ignored files depend on besides the `.gitignore` files."""
    if git is not None:
        yield from (Path(git) / name for name in ("config", "info/exclude"))
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield from (Path(base) / "git" / name for name in ("config", "ignore"))
    yield Path(os.path.expanduser("~/.gitconfig"))


def _setting(path: Path) -> tuple[str, bytes | None]:
    try:
        return str(path), digest(path.read_bytes())
    except OSError:
        return str(path), None


def _seen(path: Path, now: int) -> Seen:
    seen = _trusted(str(path), now)
    return seen, digest(path.read_bytes())


def _trusted(path: str, now: int) -> tuple[int, int, int, int]:
    seen = stat_of(path) or _NONE
    latest = max(seen[1:3])
    coarse = latest % 1_000_000_000 == 0
    return _NONE if latest > now - (_RECENT_COARSE if coarse else _RECENT) else seen
