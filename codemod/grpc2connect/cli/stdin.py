"""Files as an editor has them: the run sees other contents in the place of what is on disk, and writes nothing there.

The engine reads files, so it gets a folder of links to the project's files with those put in; what comes out is told
of the project again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from grpc2connect.options import Options
from grpc2connect.results import RunResult
from grpc2connect.sources import around, find

DASH = Path("-")


def run_with(
    options: Options, contents: Mapping[Path, bytes], run: Callable[[Options], RunResult], *, whole: bool = False
) -> RunResult:
    """What `run` says of the project, were `contents` in the files (absolute, in the project or not there yet).

    With `whole` it sees the files around the code, too, which take longer to link.
    """
    folders = [path.parent for path in contents]
    top = Path(os.path.commonpath([options.root, options.project or options.root, *folders]))
    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as name:
        mirror = Path(name).resolve()
        found, _ = find(options)
        more, _ = find(Options(top, (top,)), lambda _: True) if whole else ([], [])
        for one in {*found, *around(options, found), *more} - set(contents):
            if one.is_relative_to(top):
                _link(one, mirror / one.relative_to(top))
        for path, data in contents.items():
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
