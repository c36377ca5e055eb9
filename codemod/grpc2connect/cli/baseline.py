"""The baseline of `check`: how many references of each code remain in each file, as a file to be committed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from grpc2connect.config import ConfigError
from grpc2connect.report.paint import shown
from grpc2connect.results import Entry, FileChange, RunResult, State

VERSION = 1
CHANGED = "changed"
"""Stands for a code where a file would change though no reference in it remains, as a stale generated module."""

Key = tuple[str, str]


def remaining(result: RunResult, waiting: tuple[FileChange, ...] = ()) -> list[Entry]:
    """The references that are still gRPC: left as they are, or in a file that would change."""
    changed = {change.path for change in (*result.changes, *waiting)}
    return [entry for entry in result.ledger if entry.state is State.LEFT or entry.place.path in changed]


def count(result: RunResult, waiting: tuple[FileChange, ...] = ()) -> Counter[Key]:
    """Per file (relative to the root) and code: how much remains."""
    entries = remaining(result, waiting)
    counted = Counter((shown(entry.place.path, result.root), entry.code) for entry in entries)
    named = {path for path, _ in counted}
    for change in (*result.changes, *waiting):
        path = shown(change.path, result.root)
        if path not in named and change.units:
            counted[path, CHANGED] = 1
    return counted


def beyond(counted: Mapping[Key, int], allowed: Mapping[Key, int]) -> dict[Key, int]:
    """What remains in excess of `allowed`, by its full count."""
    return {key: number for key, number in sorted(counted.items()) if number > allowed.get(key, 0)}


def load(path: Path) -> Counter[Key]:
    """The baseline in `path`; raises `ConfigError` with one line if there is none that can be used."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or not isinstance(data.get("counts"), dict):
            raise ConfigError(f"{path}: not a baseline; write one with check --update-baseline")
        if data["version"] != VERSION:
            raise ConfigError(f"{path}: baseline version {data['version']!r} is not {VERSION}; write it anew")
        return Counter(
            {
                (str(file), str(code)): int(number)
                for file, codes in data["counts"].items()
                for code, number in codes.items()
            }
        )
    except OSError as problem:
        advice = "write one with check --update-baseline"
        raise ConfigError(f"{path}: cannot be read: {problem.strerror}; {advice}") from problem
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ConfigError(f"{path}: not a baseline; write one with check --update-baseline") from problem


def dump(counted: Mapping[Key, int]) -> bytes:
    """The file for `counted`: sorted, so that its own diff is small."""
    files: dict[str, dict[str, int]] = {}
    for (path, code), number in sorted(counted.items()):
        files.setdefault(path, {})[code] = number
    return (json.dumps({"version": VERSION, "counts": files}, indent=2) + "\n").encode()
