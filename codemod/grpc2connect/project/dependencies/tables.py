"""`pyproject.toml` and Pipfiles: lists of requirements and tables of them, edited by a parser that keeps their form.

Source: PEP 518, 621, 735; poetry's and pipenv's documentation.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grpc2connect.project.dependencies.listing import Document, Listing, Requirement
from grpc2connect.project.dependencies.names import after_name, name_of
from grpc2connect.project.texts import Malformed, line_of


class TableDocument(Document):
    """A TOML file."""

    def __init__(self, path: Path, text: str) -> None:
        """Raises `Malformed`."""
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        super().__init__(path, text)
        try:
            tomllib.loads(text)  # says more clearly than tomlkit what is wrong
            self.data: Any = tomlkit.parse(text)
        except tomllib.TOMLDecodeError as problem:
            said, _, where = str(problem).partition(" (at ")
            line = re.search(r"line (\d+)", where)
            raise Malformed(int(line[1]) if line else text.count("\n"), said) from problem
        except TOMLKitError as problem:
            raise Malformed(1, str(problem)) from problem
        for array, purpose in _arrays(self.data):
            self.listings.append(_Array(self, array, purpose))
        tables = _of_pipfile(self.data) if path.name == "Pipfile" else _of_poetry(self.data)
        self.listings += [_Table(self, table) for table in tables]

    def text(self) -> str:
        """See `Document.text`."""
        import tomlkit

        return tomlkit.dumps(self.data)

    def line(self, written: str) -> int:
        """The line on which something stands as it is written; 1 if it stands nowhere so."""
        at = self.before.find(written)
        return line_of(self.before, at) if at >= 0 else 1


class _Array(Listing):
    def __init__(self, document: TableDocument, array: Any, purpose: str) -> None:
        found = [
            Requirement(name_of(one), after_name(one).strip(), document.line(one))
            for one in array
            if isinstance(one, str)
        ]
        super().__init__(found, purpose)
        self._array = array

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        names = [name_of(one) if isinstance(one, str) else "" for one in self._array]
        for one in reversed(wanted):
            self._array.insert(names.index(after) + 1, one)

    def remove(self, name: str) -> None:
        """See `Listing.remove`."""
        for index in range(len(self._array) - 1, -1, -1):
            if isinstance(self._array[index], str) and name_of(self._array[index]) == name:
                del self._array[index]


class _Table(Listing):
    def __init__(self, document: TableDocument, table: Any) -> None:
        found = [Requirement(name_of(key), _version(value), document.line(f"{key} =")) for key, value in table.items()]
        super().__init__(found)
        self._table = table

    def add(self, after: str, wanted: Sequence[str]) -> None:
        """See `Listing.add`."""
        for one in wanted:
            rest = after_name(one)
            self._table[one[: len(one) - len(rest)].strip()] = rest or "*"

    def remove(self, name: str) -> None:
        """See `Listing.remove`."""
        for key in [key for key in self._table if name_of(key) == name]:
            del self._table[key]


def _arrays(data: Any) -> Iterator[tuple[Any, str]]:
    project = _table(data.get("project"))
    found = [(project.get("dependencies"), "run")]
    found += [(one, "run") for one in _table(project.get("optional-dependencies")).values()]
    found += [(one, "run") for one in _table(data.get("dependency-groups")).values()]
    tool = _table(data.get("tool"))
    found += [(one, "run") for one in _table(_table(tool.get("pdm")).get("dev-dependencies")).values()]
    found += [(_table(tool.get("uv")).get("dev-dependencies"), "run")]
    found += [
        (_table(one).get("dependencies"), "run") for one in _table(_table(tool.get("hatch")).get("envs")).values()
    ]
    found += [(_table(data.get("build-system")).get("requires"), "build")]
    yield from ((array, purpose) for array, purpose in found if isinstance(array, list))


def _of_poetry(data: Any) -> Iterator[Any]:
    poetry = _table(_table(data.get("tool")).get("poetry"))
    yield from (_table(poetry.get(name)) for name in ("dependencies", "dev-dependencies"))
    yield from (_table(_table(group).get("dependencies")) for group in _table(poetry.get("group")).values())


def _of_pipfile(data: Any) -> Iterator[Any]:
    yield from (
        _table(value) for name, value in data.items() if name not in ("source", "requires", "scripts", "pipenv")
    )


def _table(value: Any) -> Any:
    return value if hasattr(value, "items") else {}


def _version(value: Any) -> str:
    found = value.get("version", "") if hasattr(value, "get") else value
    return found if isinstance(found, str) else ""
