"""Names for rows that stay when the lines around them move: what a row is, in which file, and the how-manieth of it.

They hold no line numbers, so that a service that remembers results (code scanning) does not take a moved one for new.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any


class Fingerprints:
    """Hands out the fingerprints of one run; the whole run has to be asked for, in order of the places."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, *parts: str) -> str:
        """The fingerprint of what `parts` say: sixteen hexadecimal digits, a colon, and which of its like it is."""
        name = digest(*parts)
        self._seen[name] += 1
        return f"{name}:{self._seen[name]}"


def digest(*parts: str) -> str:
    """Sixteen hexadecimal digits for `parts`."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


def order(row: Mapping[str, Any]) -> tuple[object, ...]:
    """The key that rows of a report are sorted by: their places, and then whatever tells them apart."""
    said = row.get("text", row.get("message", ""))
    name, _, number = row.get("fingerprint", ":0").rpartition(":")
    return (row["path"], row.get("line", 0), row.get("column", 0), row["code"], said, int(number), name)
