"""`[tool.grpc2connect]` of a `pyproject.toml`: found, read and checked, with a suggestion for every near miss."""

from __future__ import annotations

import difflib
import enum
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grpc2connect.options import ClientProtocol, GeneratedPlace, Override, PublicApi, RuntimeMode, Serve

_Enum = TypeVar("_Enum", bound=enum.Enum)


class ConfigError(Exception):
    """A configuration that cannot be used; the message is one line that says where and what to do."""


@dataclass(frozen=True)
class Config:
    """What the table says; paths are absolute, `None` and empty mean not set."""

    path: Path | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    runtime: RuntimeMode | None = None
    client_protocol: ClientProtocol | None = None
    serve: Serve | None = None
    python: Path | None = None
    generated: GeneratedPlace | None = None
    baseline: Path | None = None
    overrides: tuple[Override, ...] = ()
    public: tuple[str, ...] = ()
    public_api: PublicApi | None = None


def find(start: Path) -> Config:
    """The configuration of the nearest `pyproject.toml` at or above `start` that has our table; else an empty one."""
    start = start if start.is_dir() else start.parent
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            found = load(path)
            if found is not None:
                return found
    return Config()


def load(path: Path) -> Config | None:
    """The configuration in `path`, or None if it has no `[tool.grpc2connect]`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path}: cannot be read: {problem}; correct it and run again") from problem
    tool = data.get("tool", {})
    table = tool.get("grpc2connect") if isinstance(tool, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.grpc2connect is not a table; write [tool.grpc2connect]")
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigError(f"{path}: unknown key {key!r} in [tool.grpc2connect]{suggestion(key, _READERS)}")
        try:
            values[key.replace("-", "_")] = reader(value, path.parent)
        except ValueError as problem:
            raise ConfigError(f"{path}: {key} in [tool.grpc2connect] {problem}") from None
    return Config(path=path, **values)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of `known`, or a list of them all."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def _strings(value: object, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of strings")
    return tuple(value)


def _path(value: object, folder: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path")
    return folder / value


def _choice(choices: type[_Enum]) -> Callable[[object, Path], _Enum]:
    def read(value: object, _folder: Path) -> _Enum:
        words = [choice.value for choice in choices]
        if value not in words:
            raise ValueError(f"is {value!r}{suggestion(str(value), words)}")
        return choices(value)

    return read


def _generated(value: object, folder: Path) -> GeneratedPlace:
    if not isinstance(value, dict) or not isinstance(value.get("out"), str):
        raise ValueError('must be a table like { out = "src/gen", package = "gen" }')
    for key in value:
        if key not in ("out", "package"):
            raise ValueError(f"has an unknown key {key!r}{suggestion(key, ('out', 'package'))}")
    package = value.get("package", "")
    if not isinstance(package, str):
        raise ValueError("needs a string as package")
    return GeneratedPlace(folder / value["out"], package)


def _some(value: object, folder: Path) -> tuple[str, ...]:
    return _strings([value] if isinstance(value, str) else value, folder)


def _reason(value: object, _folder: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('must be a reason, as hold = "waits for the mobile team"')
    return value.strip()


def _overrides(value: object, folder: Path) -> tuple[Override, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("must be tables: write [[tool.grpc2connect.overrides]]")
    return tuple(_override(item, number, folder) for number, item in enumerate(value, 1))


def _override(table: dict[str, object], number: int, folder: Path) -> Override:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _OF_OVERRIDES:
            raise ValueError(f"has an unknown key {key!r} in table {number}{suggestion(key, _OF_OVERRIDES)}")
        try:
            values[key] = _OF_OVERRIDES[key](value, folder)
        except ValueError as problem:
            raise ValueError(f"in table {number}: {key} {problem}") from None
    if not values.keys() & {"path", "service"}:
        raise ValueError(f"in table {number} is about nothing; give it a path or a service")
    if not values.keys() - {"path", "service"}:
        raise ValueError(f"in table {number} says nothing; give it hold, ignore or serve")
    return Override(**values)


_OF_OVERRIDES: dict[str, Callable[[object, Path], Any]] = {
    "hold": _reason,
    "ignore": _some,
    "path": _some,
    "serve": _choice(Serve),
    "service": _some,
}
_READERS: dict[str, Callable[[object, Path], Any]] = {
    "baseline": _path,
    "client-protocol": _choice(ClientProtocol),
    "exclude": _strings,
    "generated": _generated,
    "ignore": _strings,
    "include": _strings,
    "overrides": _overrides,
    "public": _some,
    "public-api": _choice(PublicApi),
    "python": _path,
    "runtime": _choice(RuntimeMode),
    "select": _strings,
    "serve": _choice(Serve),
}
