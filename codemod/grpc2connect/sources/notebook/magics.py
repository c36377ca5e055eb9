"""A cell as Python: what only IPython understands becomes calls of its shell, with a mark, and comes back as it was.

A line of a magic that runs a line of Python (`%time stub.Get(request)`) is that line; `%run x.py` binds what a star
import would. The first lines of a cell that say how the rest is run (`%%time`) stand aside.
"""

from __future__ import annotations

import ast
import enum
import re
import warnings
from dataclasses import dataclass, field

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_CELL = re.compile(r"\s*%%(\S*)[ \t]*(.*)")
_ASSIGNED = re.compile(r"(?P<left>\s*[\w.\[\]'\", *]+?\s*=\s*)(?P<mark>[!%])(?=[^\s=])")
_RUNS = re.compile(
    r"(?P<indent>\s*)(?P<magic>%(?:time|timeit|prun)(?=\s)(?:\s+-(?:[nrpDlsT]\s*\S+|[a-zA-Z]+))*\s+)(?=[^\s-])"
)
_SCRIPT = re.compile(
    r"\s*%run\s+(?:-(?:[eintG]|N\s*\d+)\s+)*"
    r"(?:-m\s+(?P<module>[\w.]+)|(?P<quote>[\"']?)(?P<path>[\w./]+?)(?:\.py)?(?P=quote))(?:\s|$)"
)
_NOTEBOOK = re.compile(r"\s*%run\s+(?P<quote>[\"']?)(?P<path>[^\"'\n]+\.ipynb)(?P=quote)")
_SHELL = re.compile(r"\s*!")
_HELP = re.compile(r"\s*(?:\?{1,2}[\w.%*]|%{0,2}[\w.*\[\]'\"()]+\?{1,2}\s*;?\s*$)")
_MAGIC = re.compile(r"\s*%{1,2}[A-Za-z_]")
_BARE = re.compile(r"(?:pip3?|conda|mamba|uv|cd|ls|ll|cat|mkdir|rm|cp|mv|pwd|head|less|more)(?:\s+[^=(\s]|\s*$)")
"""Magics that IPython takes without their mark, where the line is no Python."""
_INSERTED = re.compile(r"\{([^{}]*)\}|\$(\w+)")
_WORD = re.compile(r"[^\W\d]\w*")
_RUN_IN_PLACE = frozenset(
    {"time", "timeit", "prun", "capture", "debug", "memit", "snakeviz", "pyinstrument", "scalene", "heat", "notify"}
)
"""Cell magics whose body is Python of the notebook's own."""
_WRITTEN = frozenset({"writefile", "file", "writefileref", "python", "python3", "pypy"})
"""Cell magics whose body may be Python, but of another program."""
_FOREIGN = frozenset(
    {"bash", "sh", "script", "cmd", "system", "sx", "!", "html", "HTML", "javascript", "js", "latex", "markdown"}
    | {"svg", "SVG", "perl", "ruby", "R", "sql", "bigquery", "python2", "css", "mermaid"}
)


class Kind(enum.Enum):
    """Why some text of a notebook is not followed."""

    BROKEN = "is no Python that can be read"
    HIDDEN = "is run by a magic that is not known here"
    NOTEBOOK = "runs another notebook in this one"
    WRITTEN = "is code of another program"


@dataclass(frozen=True)
class Unread:
    """Text of a cell that is not followed: its cell and line (both from 1), and the names of Python that it may use."""

    cell: int
    line: int
    kind: Kind
    text: str
    names: frozenset[str]


@dataclass(frozen=True)
class Row:
    """A line of Python for the line `line` of a cell (from 0): from column `start` on it is `shift` further left."""

    line: int
    start: int = 0
    shift: int = 0


@dataclass
class Aside:
    """What a marked line of Python stands for: the cell's own lines, or (`prefix`) what comes before the line."""

    python: str
    own: str
    prefix: str = ""


@dataclass
class Python:
    """A cell as Python. `header` is what stands before it in the cell; `text` is empty where the cell is none."""

    header: str = ""
    text: str = ""
    rows: list[Row] = field(default_factory=list)
    asides: dict[str, Aside] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def back(self, text: str, mark: str) -> str:
        """The cell that has `text` for its Python. Raises `ValueError` where a marked line is not what it was."""
        marked = re.compile(rf"  {re.escape(mark)} (\d+\.\d+)(?=[\r\n]*$)")
        lines = []
        for line in split(text):
            found = marked.search(line)
            aside = self.asides.get(found[1]) if found else None
            if found is None or aside is None:
                lines.append(line)
            elif aside.prefix:
                plain = line[: found.start()]
                indent = plain[: len(plain) - len(plain.lstrip())]
                lines.append(f"{indent}{aside.prefix}{plain[len(indent) :]}{line[found.end() :]}")
            elif line[: found.end()] == aside.python:
                lines.append(aside.own + line[found.end() :])
            else:
                raise ValueError(f"a line of IPython would change: {aside.own.strip()}")
        return self.header + "".join(lines)


def python(number: int, text: str, mark: str) -> Python:
    """The cell `number`, whose source is `text`, as Python; `mark` begins the comments that lead back."""
    lines = split(text)
    first = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    made = Python()
    while first < len(lines) and (found := _CELL.match(lines[first])):
        name, rest = found[1], found[2].strip()
        if name not in _RUN_IN_PLACE:
            body = "".join(lines[first + 1 :])
            made.header, made.text = text, ""
            if (unread := _of_magic(number, first + 1, name, lines[first], body)) is not None:
                made.unread.append(unread)
            return made
        if rest:
            made.unread.append(Unread(number, first + 1, Kind.HIDDEN, lines[first].strip(), _words(rest)))
        first += 1
        made.header = "".join(lines[:first])
    maker = _Maker(number, lines, mark, made)
    if not maker.settle(first if made.header else 0):
        return unreadable(number, maker.line, text)
    return made


def unreadable(number: int, line: int, text: str) -> Python:
    """The cell `number`, whose source cannot be made Python because of a line (from 1)."""
    return Python(header=text, unread=[Unread(number, line, Kind.BROKEN, text, _words(text))])


def split(text: str) -> list[str]:
    """The lines of a source as Python counts them, with their ends."""
    return _LINE.findall(text)


def imported(line: str) -> str:
    """The import that `%run` of a script or a notebook amounts to; the line itself where it is none."""
    if found := _NOTEBOOK.match(line):
        dotted = _dotted(found["path"].removesuffix(".ipynb"))
    else:
        dotted = _ran(found) if (found := _SCRIPT.match(line)) else None
    return f"{line[: len(line) - len(line.lstrip())]}from {dotted} import *" if dotted else line


class _Maker:
    """Replaces the lines of a cell that Python refuses, one after the other, while they are IPython's."""

    def __init__(self, number: int, lines: list[str], mark: str, made: Python) -> None:
        self.number = number
        self.own = lines
        self.mark = mark
        self.made = made
        self.found: dict[str, Aside] = {}
        self.line = 1

    def settle(self, first: int) -> bool:
        """Make Python of the cell's lines from `first` on; whether that could be done. If not, `line` says where."""
        rows = [Row(index) for index in range(first, len(self.own))]
        lines = self.own[first:]
        for _ in range(len(lines) + 1):
            problem = _problem("".join(lines))
            if problem is None:
                self.made.text, self.made.rows = "".join(map(self._numbered, lines)), rows
                return True
            at = min(max(problem, 1), max(len(lines), 1)) - 1
            while at and lines[at - 1].rstrip("\r\n").endswith("\\"):
                at -= 1
            if not lines:
                return False
            self.line = rows[at].line + 1
            if self.mark in lines[at]:
                return False
            stop = at + 1
            while stop < len(lines) and lines[stop - 1].rstrip("\r\n").endswith("\\"):
                stop += 1
            new = self._neutral("".join(lines[at:stop]), rows[at].line)
            if new is None:
                return False
            line, row = new
            lines[at:stop] = [line]
            rows[at:stop] = [row]
        return False

    def _neutral(self, own: str, index: int) -> tuple[str, Row] | None:
        """A line of Python for a line of IPython; None if it is none."""
        body = own.rstrip("\r\n")
        end = own[len(body) :]
        indent = body[: len(body) - len(body.lstrip())]
        if (found := _RUNS.match(body)) and "\n" not in body and _problem(body[found.end() :]) is None:
            name = self._name()
            line = f"{indent}{body[found.end() :]}"
            self.found[name] = Aside("", body, found["magic"])
            return self._marked(line, name) + end, Row(index, len(indent), len(found["magic"]))
        kind, names, stands_for = Kind.HIDDEN, frozenset[str](), f"{indent}get_ipython()"
        if found := _ASSIGNED.match(body):
            stands_for = f"{found['left']}get_ipython().getoutput()"
            names = _inserted(body) if found["mark"] == "!" else _words(body[found.end() :])
        elif found := _NOTEBOOK.match(body):
            kind, names = Kind.NOTEBOOK, frozenset({found["path"]})
        elif (found := _SCRIPT.match(body)) and (dotted := _ran(found)):
            stands_for = f"{indent}from {dotted} import *"
        elif _SHELL.match(body):
            names = _inserted(body)
        elif _HELP.match(body):
            pass
        elif _MAGIC.match(body):
            names = _words(body.partition(" ")[2])
        elif not _BARE.match(body):
            return None
        if names:
            self.made.unread.append(Unread(self.number, index + 1, kind, body.strip(), names))
        name = self._name()
        self.found[name] = Aside("", body)
        return self._marked(stands_for, name) + end, Row(index)

    def _name(self) -> str:
        return f"{self.number}.{len(self.found) + 1}"

    def _marked(self, line: str, name: str) -> str:
        return f"{line}  {self.mark} {name}"

    def _numbered(self, line: str) -> str:
        """A line whose mark has the number that it is due by its place, and not by when it was come upon."""
        plain, marked, rest = line.rpartition(f"  {self.mark} ")
        if not marked:
            return line
        aside = self.found[rest.rstrip("\r\n")]
        name = f"{self.number}.{len(self.made.asides) + 1}"
        aside.python = self._marked(plain, name)
        self.made.asides[name] = aside
        return line.replace(f"{marked}{rest}", f"{marked}{name}{rest[len(rest.rstrip()) :]}")


def _problem(text: str) -> int | None:
    """The line (from 1) that Python's parser refuses; None if it takes the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as problem:
        return problem.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None


def _of_magic(number: int, line: int, name: str, header: str, body: str) -> Unread | None:
    """What is not followed of a cell that a magic takes whole."""
    if name in _FOREIGN:
        return None
    if name in _WRITTEN:
        return Unread(number, line, Kind.WRITTEN, header.strip(), frozenset())
    if _problem(body) is not None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(body)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return Unread(number, line, Kind.HIDDEN, body, frozenset(names))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _inserted(text: str) -> frozenset[str]:
    """The names whose values go into a line of the shell."""
    return frozenset(word for found in _INSERTED.findall(text) for part in found for word in _WORD.findall(part))


def _ran(found: re.Match[str]) -> str | None:
    """The module that `%run` names, as an import has it."""
    return found["module"] or _dotted(found["path"])


def _dotted(path: str) -> str | None:
    """The module beside the notebook, or near it, that a path without its suffix names, as an import has it."""
    dots = "."
    while path.startswith(("./", "../")):
        dots += "." if path.startswith("../") else ""
        path = path.partition("/")[2]
    parts = path.split("/")
    return dots + ".".join(parts) if all(part.isidentifier() for part in parts) else None
