"""The cheap search over bytes that decides what need be parsed. It may let too much through, never too little."""

from __future__ import annotations

import re
from functools import lru_cache

_MARKS = re.compile(rb"[Gg][Rr][Pp][Cc]|_pb2|Servicer|[Ss]tub")
_CALLED = re.compile(rb"\.\s*([a-z0-9_]*+[^\x00-@\[-^`-\x7f]\w*+)\s*+(?:\(|\.\s*(?:with_call|future)\b)")
_STUBS = re.compile(rb"_pb2_grpc|\b(?:from|import)[ \t]+[^\n]*grpc")


def mentions(data: bytes) -> bool:
    """Whether a file can have to do with gRPC: it names grpc, generated modules, a stub or a servicer."""
    return _MARKS.search(data) is not None


def imports_grpc(data: bytes) -> bool:
    """Whether a file seems to import grpc, one of its add-ons, or generated stubs."""
    return b"grpc" in data and _STUBS.search(data) is not None


def mentions_any(data: bytes, names: frozenset[bytes]) -> bool:
    """Whether any of `names` stands in `data` as a word; for files that import from files that matter."""
    return bool(names) and _words(names).search(data) is not None


def calls_any(data: bytes, names: frozenset[bytes]) -> bool:
    """Whether any of `names`, in each of which there is a capital, seems to be called in `data`: by a dot and (."""
    return bool(names) and any(found[1] in names for found in _CALLED.finditer(data))


@lru_cache(maxsize=64)
def _words(names: frozenset[bytes]) -> re.Pattern[bytes]:
    return re.compile(rb"\b(?:" + b"|".join(re.escape(name) for name in sorted(names)) + rb")\b")
