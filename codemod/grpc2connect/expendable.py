"""One file must not cost the run: what goes wrong with it is tied to its path, and the run goes on without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Expendable(Exception):
    """The run cannot deal with the file at `path`; `reason` is half a sentence."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@contextmanager
def expendable(path: Path, *known: type[Exception]) -> Iterator[None]:
    """Work on one file: whatever it raises becomes `Expendable`, but for what is `known` to come and dealt with."""
    try:
        yield
    except Expendable:
        raise
    except known:
        raise
    except (RecursionError, MemoryError):
        raise Expendable(path, "is nested too deeply, or too large") from None
    except Exception as problem:
        raise Expendable(path, f"grpc2connect failed on it ({type(problem).__name__}: {problem})") from problem
