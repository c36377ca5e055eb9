"""Scripts that make sync code of a project's async code, by a table of names: of migrated code they do not know these.

    "__aenter__": "__enter__",

It makes `grpc.Channel` of `grpc.aio.Channel`, and nothing of `AioChannel`.

Source: unasync 0.6, and the copies of it that projects keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect import vendor
from grpc2connect.project.files import mentions
from grpc2connect.results import FileChange, Finding, Place, Severity
from grpc2connect.sources import Source, is_python, read

CODE = "G2C918"
_TABLE = re.compile(r"""["']?__aenter__["']?\s*[:,=]\s*["']__enter__["']|^[ \t]*(?:import|from)\s+unasync\b""", re.M)
_ASYNC = re.compile(rb"\b(aio_\w+|Aio[A-Z]\w*)\b")
_MARK = vendor.PACKAGE.encode()


def made_sync(changes: Iterable[FileChange], files: Iterable[Path]) -> Iterator[Finding]:
    """A finding for each such script, where async code has changed."""
    edited = (change.after for change in changes if change.before is not None and is_python(change.path))
    names = sorted({name.decode() for after in edited if _MARK in after for name in _ASYNC.findall(after)})
    for path in files if names else ():
        if not is_python(path) or not mentions(path, b"__aenter__", b"unasync"):
            continue
        if not isinstance(source := read(path), Source):
            continue
        found = _TABLE.search(source.text)
        if found is not None:
            line = source.text.count("\n", 0, found.start()) + 1
            message = (
                f"sync code is made of async code here, by names; migrated code has others: {', '.join(names[:4])}"
            )
            advice = f"have it know them ({_sync(names[0])} for {names[0]}), and the clients (XClientSync for XClient)"
            yield Finding(CODE, Place(path, line, 1), message, advice, Severity.WARNING)


def _sync(name: str) -> str:
    return name.removeprefix("aio_").removeprefix("Aio")
