"""Colour and safe display of text that came from source files.

Escape sequences are put around whole strings and nothing else is touched: no wrapping, no tab expansion, no
markup in which `[int]` could disappear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_RESET = "\x1b[0m"


@dataclass(frozen=True)
class Paint:
    """Styles text for a terminal, or leaves it as it is when `on` is False."""

    on: bool = False

    def bold(self, text: str) -> str:
        """Headings."""
        return self._style("1", text)

    def good(self, text: str) -> str:
        """What is native, or added."""
        return self._style("32", text)

    def warn(self, text: str) -> str:
        """What is bridged, or deserves a look."""
        return self._style("33", text)

    def bad(self, text: str) -> str:
        """What is left, failed or removed."""
        return self._style("31", text)

    def dim(self, text: str) -> str:
        """What may be skipped when reading."""
        return self._style("2", text)

    def mark(self, text: str) -> str:
        """Codes and hunk headers."""
        return self._style("36", text)

    def _style(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.on and text else text


def one_line(text: str) -> str:
    """`text` on one line: runs of white space become a blank, control characters and lone surrogates `\\x..`."""
    return _visible(" ".join(text.split()))


def shown(path: Path, root: Path) -> str:
    """`path` as reports print it: relative to `root` where it lies below it, with forward slashes."""
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    return _visible(path.as_posix())


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)
