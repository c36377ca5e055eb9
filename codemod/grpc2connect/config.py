"""`[tool.grpc2connect]` of a `pyproject.toml`: found, read and checked, with a suggestion for every near miss."""

from __future__ import annotations

import difflib
import enum
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grpc2connect.errors import Failure, Title
from grpc2connect.options import ClientProtocol, GeneratedPlace, Override, PublicApi, RuntimeMode, Serve, Stage

_Enum = TypeVar("_Enum", bound=enum.Enum)
_TABLE = "grpc2connect"
_LISTED = 30
"""How many names a line lists."""


class ConfigError(Failure):
    """A configuration that cannot be used."""


class _Wrong(ValueError):
    """What is wrong with a value, as half a sentence behind the key's name, and what to do."""

    def __init__(self, cause: str, step: str) -> None:
        super().__init__(cause)
        self.step = step


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
    connect_port: int | None = None
    native: bool = False
    stage: Stage | None = None
    jobs: int | None = None


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
        reason = problem.strerror if isinstance(problem, OSError) else problem
        step = "correct it and run again"
        raise ConfigError(Title.CONFIG_UNREADABLE, f"{path}: cannot be read: {reason}", step) from problem
    tool = data.get("tool", {})
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    if table is None:
        for near in difflib.get_close_matches(_TABLE, tool if isinstance(tool, dict) else (), n=1, cutoff=0.8):
            raise ConfigError(Title.CONFIG_INVALID, f"{path}: [tool.{near}]", f"did you mean [tool.{_TABLE}]?")
        return None
    if not isinstance(table, dict):
        what, step = f"{path}: tool.grpc2connect is not a table", "write [tool.grpc2connect]"
        raise ConfigError(Title.CONFIG_INVALID, what, step)
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = _READERS.get(key)
        if reader is None:
            what = f"{path}: unknown key {key!r} in [tool.grpc2connect]"
            raise ConfigError(Title.CONFIG_INVALID, what, suggestion(key, _READERS))
        try:
            values[key.replace("-", "_")] = reader(value, path.parent)
        except _Wrong as wrong:
            what = f"{path}: {key} in [tool.grpc2connect] {wrong}"
            raise ConfigError(Title.CONFIG_INVALID, what, wrong.step) from None
    return Config(path=path, **values)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest of `known`, or a list of them all: a next step."""
    known = sorted(known)
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    if near:
        return f"did you mean {by_lower[near[0]]!r}?"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"known are {', '.join(known[:_LISTED]) or 'none'}{more}"


def _strings(value: object, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Wrong("must be a list of strings", 'write ["..."]')
    return tuple(value)


def _path(value: object, folder: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise _Wrong("must be a path", "write it as a string")
    return folder / value


def _choice(choices: type[_Enum]) -> Callable[[object, Path], _Enum]:
    def read(value: object, _folder: Path) -> _Enum:
        words = [choice.value for choice in choices]
        if value not in words:
            raise _Wrong(f"is {value!r}", suggestion(str(value), words))
        return choices(value)

    return read


def _side(value: object, folder: Path) -> Stage:
    found = _choice(Stage)(value, folder)
    if not found.moves:
        raise _Wrong(f"is {value!r}, a step that is taken once", f"give it on the command line, as --stage {value}")
    return found


def _port(value: object, _folder: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise _Wrong("must be a port", "give a number from 1 to 65535")
    return value


def _yes_or_no(value: object, _folder: Path) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false", "write it without quotes")
    return value


def _jobs(value: object, _folder: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _Wrong("must be a number of processes", "give a number from 1 on")
    return value


def _generated(value: object, folder: Path) -> GeneratedPlace:
    if not isinstance(value, dict) or not isinstance(value.get("out"), str):
        raise _Wrong("must be a table", 'write it like { out = "src/gen", package = "gen" }')
    for key in value:
        if key not in ("out", "package"):
            raise _Wrong(f"has an unknown key {key!r}", suggestion(key, ("out", "package")))
    package = value.get("package", "")
    if not isinstance(package, str):
        raise _Wrong("needs a string as package", 'write it like { out = "src/gen", package = "gen" }')
    return GeneratedPlace(folder / value["out"], package)


def _some(value: object, folder: Path) -> tuple[str, ...]:
    return _strings([value] if isinstance(value, str) else value, folder)


def _reason(value: object, _folder: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("must be a reason", 'give one, as hold = "waits for the mobile team"')
    return value.strip()


def _overrides(value: object, folder: Path) -> tuple[Override, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Wrong("must be tables", "write [[tool.grpc2connect.overrides]]")
    return tuple(_override(item, number, folder) for number, item in enumerate(value, 1))


def _override(table: dict[str, object], number: int, folder: Path) -> Override:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _OF_OVERRIDES:
            raise _Wrong(f"has an unknown key {key!r} in table {number}", suggestion(key, _OF_OVERRIDES))
        try:
            values[key] = _OF_OVERRIDES[key](value, folder)
        except _Wrong as wrong:
            raise _Wrong(f"in table {number}: {key} {wrong}", wrong.step) from None
    if not values.keys() & {"path", "service"}:
        raise _Wrong(f"in table {number} is about nothing", "give it a path or a service")
    if not values.keys() - {"path", "service"}:
        raise _Wrong(f"in table {number} says nothing", "give it hold, ignore or serve")
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
    "connect-port": _port,
    "exclude": _strings,
    "generated": _generated,
    "ignore": _strings,
    "include": _strings,
    "jobs": _jobs,
    "native": _yes_or_no,
    "overrides": _overrides,
    "public": _some,
    "public-api": _choice(PublicApi),
    "python": _path,
    "runtime": _choice(RuntimeMode),
    "select": _strings,
    "serve": _choice(Serve),
    "stage": _side,
}
