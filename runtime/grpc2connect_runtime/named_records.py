"""Named tuples that are shown as grpcio's: programs print them, and log them."""

from __future__ import annotations

from typing import Any

__all__ = ["shown_as"]


def shown_as(name: str, record: Any, kind: type[Any]) -> str:
    """Return the text of a named tuple of this kind as if its class had this name; what derives from it has its own.

    The classes keep their own names, by which pickle finds them.
    """
    fields = ", ".join(f"{field}={value!r}" for field, value in zip(record._fields, record, strict=True))
    return f"{name if type(record) is kind else type(record).__name__}({fields})"
