"""conda's `environment.yml`: its own packages, and those that pip installs into it.

What is added goes among pip's, for connectrpc comes from PyPI. Source: conda, "Managing environments".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grpc2connect.project.dependencies.listing import Entry, LineListing, TextDocument
from grpc2connect.project.texts import Edit, Malformed, line_span

NAMES = re.compile(r"(?:conda[-_])?env(?:ironment)?(?:[-_.][\w-]+)?\.ya?ml")


def read(path: Path, text: str) -> TextDocument:
    """The file with one list for conda's packages and one for pip's. Raises `Malformed`."""
    import yaml

    document = TextDocument(path, text)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        raise Malformed(
            problem.problem_mark.line + 1 if problem.problem_mark else 1, problem.problem or ""
        ) from problem
    own: list[Entry] = []
    pips: list[Entry] = []
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value != "dependencies" or not isinstance(value, yaml.SequenceNode) or value.flow_style:
            continue
        for item in value.value:
            if isinstance(item, yaml.ScalarNode):
                own.append(_entry(document, item.start_mark.index, item.end_mark.index))
            elif isinstance(item, yaml.MappingNode):
                for name, inner in item.value:
                    if name.value == "pip" and isinstance(inner, yaml.SequenceNode):
                        pips += [_entry(document, one.start_mark.index, one.end_mark.index) for one in inner.value]
    if pips:
        document.listings.append(LineListing(document, pips, wrap=("- ", "")))
    if own:
        document.listings.append(_Conda(document, own, pips))
    return document


def _entry(document: TextDocument, start: int, end: int) -> Entry:
    raw = document.before[start:end]
    if raw[:1] in "\"'":
        start, end = start + 1, end - 1
    return Entry(document.requirement(start, end), start, end)


class _Conda(LineListing):
    """conda's own packages."""

    def __init__(self, document: TextDocument, entries: list[Entry], pips: list[Entry]) -> None:
        super().__init__(document, entries, wrap=("- ", ""))
        self._text, self._own, self._pips = document, entries, pips

    @property
    def names(self) -> set[str]:
        """The normal names of what conda or pip installs."""
        return super().names | {entry.requirement.name for entry in self._pips}

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        document = self._text
        last = self._pips[-1] if self._pips else self._own[-1]
        start, end = line_span(document.before, last.end)
        indent = document.before[
            start : start + len(document.before[start:]) - len(document.before[start:].lstrip(" \t"))
        ]
        lines = [f"{indent}- {one}" for one in wanted]
        if not self._pips:
            inner = f"{indent}  "
            lines = [f"{indent}- pip:", *(f"{inner}- {one}" for one in wanted)]
            if "pip" not in self.names:
                lines.insert(0, f"{indent}- pip")
        document.edits.append(Edit(end, end, "".join(f"{document.newline}{line}" for line in lines)))
