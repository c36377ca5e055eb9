"""The documentation of a rule, taken apart: paragraphs, each with its label (`Why`, `Bridged`), and blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADING = re.compile(r"^G2C\d{3}(, G2C\d{3})*: ")
_LABEL = re.compile(r"^(Why|Bridged too|Bridged|Left|Reported|Native form|Source): ")


@dataclass(frozen=True)
class Block:
    """A paragraph (`label` may be empty), or lines of code; `kind` is `text`, `code` or `diff`."""

    kind: str
    text: str
    label: str = ""


def blocks(documentation: str) -> list[Block]:
    """The parts of a rule's documentation, in order."""
    text = _HEADING.sub("", documentation.strip())
    made: list[Block] = []
    for lines in _groups((text[:1].upper() + text[1:]).splitlines()):
        if lines[0].startswith("    "):
            code = [line[4:] for line in lines]
            kind = "diff" if any(line.startswith(("- ", "+ ")) for line in code) else "code"
            made.append(Block(kind, "\n".join(code)))
            continue
        label = _LABEL.match(lines[0])
        text = " ".join(line.strip() for line in lines)
        if label is not None:
            text = text[label.end() :]
        made.append(Block("text", text, label[1] if label else ""))
    return made


def markdown(documentation: str) -> str:
    """The documentation as Markdown."""
    parts = []
    for block in blocks(documentation):
        if block.kind != "text":
            parts.append(f"```{block.kind if block.kind == 'diff' else 'python'}\n{block.text}\n```")
        else:
            parts.append(f"**{block.label}:** {block.text}" if block.label else block.text)
    return "\n\n".join(parts) + "\n"


def plain(documentation: str) -> str:
    """The first paragraph, without marks: what a rule does."""
    first = next((block.text for block in blocks(documentation) if block.kind == "text"), "")
    return first.replace("`", "")


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """Lines that stand together: cut at empty lines, at labels, and where code begins or ends."""
    held: list[str] = []
    for line in lines:
        code = line.startswith("    ")
        if not line.strip():
            if held and held[0].startswith("    "):
                held.append("")
                continue
            if held:
                yield held
            held = []
            continue
        if held and (code != held[0].startswith("    ") or (not code and _LABEL.match(line))):
            yield _trimmed(held)
            held = []
        held.append(line)
    if held:
        yield _trimmed(held)


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
