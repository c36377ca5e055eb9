"""Which words of changed lines differ, so that a reader's eye goes there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import chain

Marked = list[tuple[bytes, bool]]
"""The pieces of a line, each with whether it is news."""

_TOKEN = re.compile(rb"[\w\x80-\xff]+|\s+|.", re.DOTALL)
_MOST = 4000
"""Words; more are not compared."""
_ALIKE = 0.3
"""The share of words that two texts need to have in common to be versions of each other."""


def compare(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[list[Marked], list[Marked]]:
    """The lines of two versions of a text in pieces; nothing is marked where they have little in common."""
    olds, news = [_TOKEN.findall(line) for line in before], [_TOKEN.findall(line) for line in after]
    old, new = list(chain.from_iterable(olds)), list(chain.from_iterable(news))
    kept_old, kept_new = set(range(len(old))), set(range(len(new)))
    if old and new and len(old) + len(new) <= _MOST:
        matches = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        same = [(match.a + step, match.b + step) for match in matches for step in range(match.size)]
        words = sum(not old[index].isspace() for index, _ in same)
        if words >= _ALIKE * max(_words(old), _words(new)):
            kept_old, kept_new = {index for index, _ in same}, {index for _, index in same}
    return _marked(olds, _joined(old, kept_old)), _marked(news, _joined(new, kept_new))


def _words(tokens: list[bytes]) -> int:
    return sum(not token.isspace() for token in tokens)


def _joined(tokens: list[bytes], kept: set[int]) -> set[int]:
    """What is kept, without blanks and single signs that stand between two pieces of news."""
    lonely = {
        index
        for index in kept
        if not tokens[index].isalnum()
        and 0 < index < len(tokens) - 1
        and index - 1 not in kept
        and index + 1 not in kept
        and b"\n" not in tokens[index]
    }
    return kept - lonely


def _marked(lines: list[list[bytes]], kept: set[int]) -> list[Marked]:
    found: list[Marked] = []
    index = 0
    for line in lines:
        pieces: Marked = []
        for token in line:
            news = index not in kept
            index += 1
            if pieces and pieces[-1][1] == news:
                pieces[-1] = (pieces[-1][0] + token, news)
            else:
                pieces.append((token, news))
        found.append(pieces)
    return found
