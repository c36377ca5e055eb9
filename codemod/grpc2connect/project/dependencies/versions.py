"""The range that a version specifier leaves: its lowest version and its highest, as far as they matter here.

Understands PEP 440's operators, poetry's `^` and `~`, conda's `=`; what it does not understand leaves everything open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Version = tuple[int, ...]
_CLAUSE = re.compile(r"(?P<operator>===|==|~=|!=|>=|<=|>|<|=|\^|~)?\s*v?(?P<version>\d+(?:\.(?:\d+|\*))*)")
_OPEN: Version = (10**6,)


@dataclass(frozen=True)
class Range:
    """Versions from `low`, and below `high` (or up to it, `inclusive`)."""

    low: Version = (0,)
    high: Version = _OPEN
    inclusive: bool = False

    def meets(self, other: Range) -> bool:
        """Whether some version can be in both."""
        return _reaches(self, other.low) and _reaches(other, self.low)


def read(specifier: str) -> Range:
    """The range of a specifier; of alternatives (`||`) the widest."""
    if "||" in specifier:
        ranges = [read(part) for part in specifier.split("||")]
        top = max(ranges, key=lambda one: (_padded(one.high), one.inclusive))
        return Range(min(one.low for one in ranges), top.high, top.inclusive)
    low: Version = (0,)
    high, inclusive = _OPEN, False
    for clause in _CLAUSE.finditer(specifier.partition(";")[0]):
        operator, text = clause["operator"] or "==", clause["version"]
        version = tuple(int(part) for part in text.split(".") if part != "*")
        if not version:
            continue
        upper, closed = _OPEN, False
        if operator in (">=", ">", "^", "~", "~=", "==", "===", "="):
            low = max(low, version, key=_padded)
        if operator == "<":
            upper = version
        elif operator == "<=" or (operator in ("==", "===") and "*" not in text):
            upper, closed = version, True
        elif operator == "^":
            first = next((index for index, part in enumerate(version) if part), len(version) - 1)
            upper = (*version[:first], version[first] + 1)
        elif operator in ("~=", "~"):
            kept = version[:-1] if operator == "~=" and len(version) > 1 else version[: max(1, min(2, len(version)))]
            upper = (*kept[:-1], kept[-1] + 1)
        elif operator in ("=", "=="):
            upper = (*version[:-1], version[-1] + 1)
        if (_padded(upper), closed) < (_padded(high), inclusive):
            high, inclusive = upper, closed
    return Range(low, high, inclusive)


def _reaches(one: Range, version: Version) -> bool:
    high, wanted = _padded(one.high), _padded(version)
    return wanted <= high if one.inclusive else wanted < high


def _padded(version: Version) -> Version:
    return (*version, 0, 0, 0, 0)[:4]
