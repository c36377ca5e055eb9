"""Requirements that are installed by a command: `pip install` in scripts and Dockerfiles, `session.install` of nox,
and the metadata of scripts (PEP 723).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from grpc2connect.project.dependencies.listing import Entry, LineListing, Listing, TextDocument
from grpc2connect.project.dependencies.names import name_of
from grpc2connect.project.dependencies.setups import StringListing
from grpc2connect.project.generation.words import Command, Word, commands
from grpc2connect.project.scripts_in_files import regions
from grpc2connect.project.texts import Edit
from grpc2connect.schema.stubs import parse_module

_INSTALLERS = (("pip", "install"), ("pip3", "install"), ("add", ""), ("pipx", "inject"))
_SCRIPT = re.compile(r"^# /// script[ \t]*$(?P<body>(?:\n#[^\n]*)*?)\n# ///[ \t]*$", re.MULTILINE)
_ENTRY = re.compile(r"^#[ \t]+(?P<quote>[\"'])(?P<text>[^\"']+)(?P=quote),?[ \t]*$", re.MULTILINE)


def read_script(path: Path, text: str) -> TextDocument:
    """The `pip install`s of a file with commands in it. Raises `Malformed`."""
    document = TextDocument(path, text)
    for region in regions(path, text):
        for command in commands(text, region.start, region.end, folded=region.folded):
            words = _installed(command)
            if words:
                document.listings.append(_Words(document, words))
    return document


def read_python(path: Path, text: str) -> TextDocument:
    """What a noxfile installs, and what a script says that it needs."""
    document = TextDocument(path, text)
    block = _SCRIPT.search(text)
    if block is not None:
        entries = [
            Entry(document.requirement(*one.span("text")), *one.span("text"))
            for one in _ENTRY.finditer(text, block.start("body"), block.end("body"))
        ]
        if entries:
            quote = text[entries[0].start - 1]
            document.listings.append(LineListing(document, entries, wrap=(f"#   {quote}", f"{quote},")))
    if path.name != "noxfile.py":
        return document
    tree = parse_module(text)
    if tree is None:
        return document
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "install":
            strings = [one for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            strings = [one for one in strings if name_of(str(one.value))]
            if strings:
                document.listings.append(StringListing(document, strings))
    return document


def _installed(command: Command) -> list[Word]:
    """The words of a command that are requirements it installs."""
    values = [word.value.lstrip("@-+") for word in command.words]
    for index, value in enumerate(values[:-1]):
        program = value.rpartition("/")[2]
        if (program, values[index + 1]) in _INSTALLERS[:2]:
            return [word for word in command.words[index + 2 :] if name_of(word.value) and "/" not in word.value]
        if values[index + 1] == "add" and program in ("uv", "poetry", "pdm", "rye"):
            return [word for word in command.words[index + 2 :] if name_of(word.value)]
    return []


class _Words(Listing):
    """Requirements as words of a command."""

    def __init__(self, document: TextDocument, words: list[Word]) -> None:
        super().__init__([document.requirement(word.start + _quoted(word), word.end - _quoted(word)) for word in words])
        self._document = document
        self._words = words

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        word = next(one for one in self._words if name_of(one.value) == after)
        inside = "'" if '"' in self._document.before[max(0, word.start - 200) : word.start].rpartition("\n")[2] else '"'
        quote = word.raw[0] if _quoted(word) else inside
        self._document.edits.append(Edit(word.end, word.end, "".join(f" {quote}{one}{quote}" for one in wanted)))

    def remove(self, name: str) -> None:
        """See `Listing.remove`: only beside others, for `pip install` by itself fails."""
        text = self._document.before
        for word in self._words:
            if name_of(word.value) == name and len(self._words) > 1:
                start = len(text[: word.start].rstrip(" \t"))
                self._document.edits.append(Edit(start, word.end, ""))


def _quoted(word: Word) -> int:
    return int(word.value != word.raw)
