"""The content of a source file as bytes and as text, and the way back that changes no byte without need.

Source of the facts: PEP 263 and the standard library's `tokenize.detect_encoding`.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grpc2connect.results import FileError

if TYPE_CHECKING:
    from grpc2connect.sources.notebook import Notebook

MAX_BYTES = 32 * 1024 * 1024
"""Files above this size, in bytes, are not read: nobody wrote them, and parsing one would take the machine's memory."""
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What `pip freeze > requirements.txt` writes on Windows, and pip reads by its byte order mark, as Python does not."""
_DOCKERFILE = re.compile(r"(?:docker|container)file(?:[._-][\w.-]+)?|.*\.(?:docker|container)file", re.IGNORECASE)
_NO_DOCKERFILE = (".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_NEWLINE_BYTES = re.compile(rb"\r\n|\r|\n")


class Unwritable(ValueError):
    """The new text of a file cannot be put into the file."""


class NotEncodable(Unwritable):
    """The new text of a file has a character that the file's encoding lacks."""

    def __init__(self, path: Path, encoding: str, character: str, line: int) -> None:
        super().__init__(f"{path}: line {line}: {character!r} cannot be written in {encoding}")
        self.path = path
        self.encoding = encoding
        self.character = character
        self.line = line


@dataclass(frozen=True)
class Source:
    """A source file. `text` has the newlines of the file and no BOM; `mode` is the permission bits of `st_mode`.

    The text of a `notebook` is the program that its cells are.
    """

    path: Path
    data: bytes
    text: str
    encoding: str
    bom: bool
    mode: int
    notebook: Notebook | None = None

    @property
    def own_text(self) -> str:
        """The text of the file itself: of a notebook its JSON."""
        return self.text if self.notebook is None else self.notebook.json

    @property
    def newline(self) -> str:
        r"""The newline that most lines of the file end with; `\n` if none does."""
        counts = {"\n": 0, "\r\n": 0, "\r": 0}
        for found in _NEWLINE.finditer(self.text):
            counts[found[0]] += 1
        return max(counts, key=lambda newline: counts[newline])


def bytes_of(path: Path) -> bytes:
    """What a file holds; nothing if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def read(path: Path) -> Source | FileError:
    """The source file at `path`, or why it cannot be one. Never raises for what is on the disk."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
            return FileError(path, "G2C003", what, "name the files, or exclude it")
        if status.st_size > MAX_BYTES:
            size = f"is too big ({status.st_size >> 20} MiB, the limit is {MAX_BYTES >> 20} MiB)"
            return FileError(path, "G2C003", size, "exclude it")
        data = Path(path).read_bytes()
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        return FileError(path, "G2C003", f"cannot be read: {reason}", "make it readable, or exclude it")
    return _decode(path, data, stat.S_IMODE(status.st_mode))


def encode(source: Source, new_text: str) -> bytes:
    """The bytes of `source` with `new_text` for its text: the same encoding, and a BOM if there was one.

    Raises `Unwritable`; as `NotEncodable` if the encoding has no such character. For the unchanged text gives the very
    bytes read.
    """
    if source.notebook is not None:
        from grpc2connect.sources.notebook import NotebookProblem

        try:
            new_text = source.notebook.back(new_text)
        except NotebookProblem as problem:
            raise Unwritable(str(problem)) from None
    try:
        body = new_text.encode(source.encoding)
    except UnicodeEncodeError as problem:
        line = len(_NEWLINE.findall(new_text, 0, problem.start)) + 1
        raise NotEncodable(source.path, source.encoding, new_text[problem.start], line) from None
    return _bom(source.encoding) + body if source.bom else body


def _bom(encoding: str) -> bytes:
    return "\ufeff".encode(encoding) if encoding.startswith("utf-16") else codecs.BOM_UTF8


def is_notebook(path: Path) -> bool:
    """Whether a file is a notebook, by its name."""
    return path.suffix == ".ipynb"


def is_python(path: Path) -> bool:
    """Whether a file is a module, or a notebook, by its name."""
    return path.suffix == ".py" or is_notebook(path)


def is_dockerfile(name: str) -> bool:
    """Whether a file is what an image is built by, by its name without folders."""
    return _DOCKERFILE.fullmatch(name) is not None and not name.lower().endswith(_NO_DOCKERFILE)


def code_of(path: Path) -> bytes:
    """What a file has of code, for a search: of a notebook its cells' (see `notebook.searched`). Raises `OSError`."""
    data = path.read_bytes()
    if not is_notebook(path):
        return data
    from grpc2connect.sources.notebook import searched

    return searched(data)


class Code(NamedTuple):
    """The Python of a file, where the file has a line and column (from 1) of it, and which cell a line is in."""

    data: bytes
    place: Callable[[int, int], tuple[int, int]] = lambda line, column: (line, column)
    cell: Callable[[int], str] = lambda line: ""


def python_of(path: Path, mark: str = "") -> Code:
    """What a file has of Python: of a notebook its cells, as Python. Raises `OSError`.

    Where parts of cells that are none have `mark` in them, it is the text of the cells as they are.
    """
    if not is_notebook(path):
        return Code(path.read_bytes())
    source = read(path)
    book = source.notebook if isinstance(source, Source) else None
    if book is None or (mark and any(mark in text for text in book.aside)):
        return Code(code_of(path), lambda line, column: (1, 1))
    return Code(
        book.text.encode("utf-8", "replace"), book.place, lambda line: f"cell {book.cell_of(*book.place(line, 1))[0]}: "
    )


def _decode(path: Path, data: bytes, mode: int) -> Source | FileError:
    if is_notebook(path):
        return _source(path, data, mode, "utf-8")
    if not is_python(path) and (wide := _UTF_16.get(data[:2])) is not None:
        return _source(path, data, mode, wide)
    if b"\0" in data:
        return FileError(path, "G2C004", "has NUL bytes, so it is no Python source", "exclude it, or save it as UTF-8")
    try:
        encoding = _encoding(data)
    except (SyntaxError, LookupError, ValueError) as problem:
        advice = "name its encoding in a first line like '# -*- coding: latin-1 -*-', or save it as UTF-8"
        return FileError(path, "G2C004", f"has no known encoding: {problem}", advice)
    return _source(path, data, mode, encoding)


def _source(path: Path, data: bytes, mode: int, encoding: str) -> Source | FileError:
    bom = data.startswith(_bom(encoding))
    body = data[len(_bom(encoding)) :] if bom else data
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as problem:
        line = len(_NEWLINE_BYTES.findall(body, 0, problem.start)) + 1
        message = f"line {line} is not {encoding}: {problem.reason}"
        advice = "name its encoding in a first line like '# -*- coding: latin-1 -*-', or save it as UTF-8"
        return FileError(path, "G2C004", message, advice)
    except (LookupError, ValueError) as problem:
        return FileError(path, "G2C004", f"cannot be decoded: {problem}", "save it as UTF-8")
    source = Source(path, data, text, encoding, bom, mode)
    if is_notebook(path):
        from grpc2connect.sources.notebook import NotebookProblem
        from grpc2connect.sources.notebook import read as read_notebook

        try:
            notebook = read_notebook(text)
        except NotebookProblem as problem:
            return FileError(path, "G2C004", f"is no notebook: {problem}", "correct it, or exclude it")
        source = replace(source, text=notebook.text, notebook=notebook)
    try:
        same = encode(source, source.text) == data
    except ValueError:
        same = False
    if not same:
        return FileError(path, "G2C004", f"{encoding} text would not be written back as it was", "save it as UTF-8")
    return source


def _encoding(data: bytes) -> str:
    """The encoding that Python would read `data` in. Raises `SyntaxError` if it is not known."""
    from tokenize import detect_encoding

    def lines() -> Iterator[bytes]:
        # Python ends a line at a lone CR as well, a bytes stream does not; two lines are all that is looked at.
        start = 0
        for _ in range(2):
            found = _NEWLINE_BYTES.search(data, start)
            yield data[start : found.start()] + b"\n" if found else data[start:]
            if not found:
                return
            start = found.end()

    encoding, _ = detect_encoding(lines().__next__)
    return "utf-8" if encoding == "utf-8-sig" else encoding
