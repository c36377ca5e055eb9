"""Lines put into a text between those that are there; nothing else changes, line ends are those around."""

from __future__ import annotations

from collections.abc import Iterable

from grpc2connect.project.deployment.found import Insertion

_OTHER_BREAKS = ("\x85", "\u2028", "\u2029")


def can_be_edited(text: str) -> bool:
    r"""Whether lines are counted alike by all: by `\n`, alone or after `\r`."""
    return not any(one in text for one in _OTHER_BREAKS) and "\r" not in text.replace("\r\n", "")


def with_lines(text: str, insertions: Iterable[Insertion]) -> str:
    """The text with all insertions, each after the line that it names in the text as it was."""
    lines = text.split("\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    for one in sorted(insertions, key=lambda one: one.after, reverse=True):
        at = one.after
        last = at == len(lines)
        if last:  # the line that it follows has no end
            lines[-1] += newline[:-1]
            lines += [line + newline[:-1] for line in one.lines]
            lines[-1] = lines[-1].removesuffix("\r")
            continue
        lines[at:at] = [line + newline[:-1] for line in one.lines]
    return "\n".join(lines)
