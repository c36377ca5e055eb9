"""YAML as nodes that know where they stand, so that what is put in goes between the lines that are there.

Source: PyYAML's `compose_all`, whose marks count lines and columns from 0; no tag is resolved, nothing is constructed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grpc2connect.project.texts import Malformed

Node = Any
"""A node of PyYAML's: a scalar, a mapping or a sequence, with its marks."""

_DEPTH = 200
_ALIAS = re.compile(r"(?:^|[:\-\[,{?]\s+|\[|\{)\*[A-Za-z0-9_-]+", re.MULTILINE)


def documents(text: str) -> list[Node]:
    """The documents of a YAML file that hold something. Raises `Malformed`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        composed = [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        raise Malformed(mark.line + 1 if mark is not None else 1, problem.problem or "cannot be read") from problem
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise Malformed(1, str(problem).splitlines()[0]) from problem
    return [one for node in composed for one in (items(get(node, "items")) if _is_list(node) else [node])]


def _is_list(node: Node) -> bool:
    return text_of(get(node, "kind")) == "List"


def has_aliases(text: str) -> bool:
    """Whether a part of a YAML text may stand for several, so that a line put into one would be in others, too."""
    return _ALIAS.search(text) is not None


def pairs(node: Node) -> Iterator[tuple[str, Node, Node]]:
    """Key, key's node and value of a mapping; nothing for another node."""
    if getattr(node, "id", "") == "mapping":
        for key, value in node.value:
            if key.id == "scalar":
                yield key.value, key, value


def items(node: Node) -> list[Node]:
    """The items of a sequence; none for another node."""
    return list(node.value) if getattr(node, "id", "") == "sequence" else []


def get(node: Node, *path: str) -> Node:
    """What a path of keys leads to; None if it leads nowhere."""
    for name in path:
        node = next((value for key, _, value in pairs(node) if key == name), None)
    return node


def text_of(node: Node) -> str:
    """The text of a scalar; empty for anything else."""
    return str(node.value) if getattr(node, "id", "") == "scalar" else ""


def strings(node: Node) -> list[str]:
    """The scalars of a sequence, or the one that the node is."""
    if getattr(node, "id", "") == "scalar":
        return [str(node.value)]
    return [text_of(item) for item in items(node)]


def place(node: Node) -> tuple[int, int]:
    """Line and column, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def is_block(node: Node) -> bool:
    """Whether a mapping or a sequence is written as a block, one entry a line, so that lines can be put in."""
    return getattr(node, "id", "") in ("mapping", "sequence") and not node.flow_style and bool(node.value)


def last_line(node: Node) -> int:
    """The last line (from 1) that something of a block node stands on."""
    for _ in range(_DEPTH):
        if node.id == "mapping" and node.value and not node.flow_style:
            node = (
                node.value[-1][1]
                if node.value[-1][1].end_mark.line >= node.value[-1][0].end_mark.line
                else node.value[-1][0]
            )
        elif node.id == "sequence" and node.value and not node.flow_style:
            node = node.value[-1]
        else:
            break
    # A plain or quoted scalar, or what stands in brackets, ends on its own line; text in a block ends before the next.
    ends, starts = node.end_mark, node.start_mark
    block = node.id == "scalar" and node.style in ("|", ">")
    ended_before = block or (ends.column == 0 and ends.line > starts.line)
    return int(ends.line) if ended_before else int(ends.line) + 1


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, each once: what an alias leads to is not entered again."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        below = [value for _, _, value in pairs(one)] or items(one)
        waiting.extend(reversed(below))
