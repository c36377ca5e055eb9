"""A file as an editor has it: the run sees standard input in the place of the file on disk, and writes nothing there.

The engine reads files, so it gets a folder of links to the project's files with that one put in; what comes out is told
of the project again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from grpc2connect.options import Options
from grpc2connect.results import RunResult
from grpc2connect.sources import around, find

DASH = Path("-")


def run_with(options: Options, path: Path, data: bytes, run: Callable[[Options], RunResult]) -> RunResult:
    """What `run` says of the project, were `data` in the file at `path` (absolute, in the project or not there yet)."""
    top = Path(os.path.commonpath([options.root, options.project or options.root, path.parent]))
    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as name:
        mirror = Path(name).resolve()
        found, _ = find(options)
        for one in {*found, *around(options, found)} - {path}:
            if one.is_relative_to(top):
                _link(one, mirror / one.relative_to(top))
        target = mirror / path.relative_to(top)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        there: RunResult = _moved(run(replace(_moved(options, top, mirror), keep=False)), mirror, top)
        return there


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _moved(value: Any, old: Path, new: Path) -> Any:
    """`value` with every path below `old` below `new`."""
    if isinstance(value, Path):
        return new / value.relative_to(old) if value.is_relative_to(old) else value
    if isinstance(value, tuple | frozenset):
        return type(value)(_moved(one, old, new) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _moved(getattr(value, one.name), old, new) for one in fields(value)})
    return value
