"""Which programs of the project have gRPC in them: from the ledger, and from what migrated code imports.

A program is a script or a folder together with what it imports. The question is always the same: does it serve, does it
call, has it moved, on which ports. A program that has moved in an earlier run is known by the runtime it imports.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from grpc2connect.options import Options, Serve
from grpc2connect.results import Entry, State
from grpc2connect.sources import bytes_of
from grpc2connect.syntax.imported import imported_names
from grpc2connect.syntax.walking import walk

RUNTIME = "grpc2connect_runtime"
_SERVES = frozenset({"ServerConstruction", "Registration"})
_CALLS = frozenset({"ChannelConstruction", "StubConstruction"})
_PORT_CALL = re.compile(rb"add_(?:insecure|secure)_port\s*\([^)\n]*?:(\d{2,5})\b")
_MOVED_SERVER = re.compile(rb"\b(?:Aio)?Server\(")
_MOVED_SERVICE = re.compile(rb"\badd_service(?:_to)?\(")
_MOVED_CHANNEL = re.compile(rb"\b(?:insecure|secure)_channel\(|\b(?:Aio)?Channel\(|\bclient_on\(")
_MOST_FILES = 2000
"""How many files of one program are followed by their imports."""


@dataclass(frozen=True)
class Part:
    """What one Python file has of gRPC."""

    servers: int = 0
    calls: bool = False
    moved: bool = False
    """Whether what serves in it has moved, or what calls where nothing serves."""
    channels_moved: bool = False
    units: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    is_script: bool = False

    @property
    def serves(self) -> bool:
        """Whether it serves gRPC."""
        return self.servers > 0


@dataclass(frozen=True)
class Program:
    """What a start command starts, as far as gRPC goes."""

    folder: Path
    parts: tuple[Part, ...]

    @property
    def serves(self) -> bool:
        """Whether it serves gRPC."""
        return any(part.serves for part in self.parts)

    @property
    def has_one_server(self) -> bool:
        """Whether it makes one server only, which then has one port for Connect for itself."""
        return sum(part.servers for part in self.parts) == 1

    @property
    def calls(self) -> bool:
        """Whether it calls by channels that have moved."""
        return any(part.calls and part.channels_moved for part in self.parts)

    @property
    def moved(self) -> bool:
        """Whether something of it that serves (or, where it does not serve, calls) has moved."""
        return any(part.moved for part in self.parts if part.serves or not self.serves)

    @property
    def units(self) -> tuple[str, ...]:
        """Full names of the services that it serves, or else calls."""
        asked = [part for part in self.parts if part.serves] or list(self.parts)
        return tuple(sorted({unit for part in asked for unit in part.units}))

    @property
    def key(self) -> str:
        """What tells it from others, however it was found."""
        return " ".join([str(self.folder), *self.units])

    @property
    def ports(self) -> tuple[int, ...]:
        """Ports that stand in its code."""
        return tuple(sorted({port for part in self.parts for port in part.ports}))


@dataclass
class World:
    """The programs of one run."""

    options: Options
    entries: tuple[Entry, ...]
    root: Path
    python: tuple[Path, ...] = ()
    """The Python files of the run, but for a vendored runtime."""
    _mentioned: dict[tuple[bytes, ...], bool] = field(default_factory=dict)
    _imported: dict[Path, tuple[tuple[str, int], ...]] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        """Whether one port serves gRPC and Connect."""
        return self.options.serve is Serve.SINGLE

    @cached_property
    def parts(self) -> dict[Path, Part]:
        """What each file has, for files that have something."""
        by_path: dict[Path, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            by_path[entry.place.path].append(entry)
        found = {path: _part(path, entries) for path, entries in by_path.items()}
        for path in self.python:
            if path not in found:
                part = _moved_before(path)
                if part is not None:
                    found[path] = part
        return found

    @cached_property
    def services(self) -> frozenset[str]:
        """Full names of the services that move or have moved."""
        return frozenset(unit for part in self.parts.values() if part.moved for unit in part.units)

    @property
    def any_moved(self) -> bool:
        """Whether anything moves or has moved."""
        return any(part.moved for part in self.parts.values())

    def mentions(self, words: tuple[bytes, ...]) -> bool:
        """Whether a Python file of the run has one of some words in it."""
        known = self._mentioned
        if words not in known:
            known[words] = any(any(word in data for word in words) for data in map(bytes_of, self.python))
        return known[words]

    def of_script(self, script: Path) -> Program | None:
        """The program that a script and its imports are, if gRPC is in it.

        A client that imports something from a server's own script does not serve.
        """
        parts = {path: self.parts[path] for path in sorted(self._closure(script)) if path in self.parts}
        own = parts.get(script)
        if own is not None and own.calls and not own.serves:
            parts = {path: replace(part, servers=0) if part.is_script else part for path, part in parts.items()}
        return _program(script.parent, parts.values())

    def of_folder(self, folder: Path) -> Program | None:
        """The program that the files below a folder are, if gRPC is in them."""
        return _program(folder, (part for path, part in self.parts.items() if path.is_relative_to(folder)))

    def named(self, tail: str) -> list[Path]:
        """The Python files whose path ends with `tail`, a path with slashes."""
        wanted = tuple(part for part in tail.split("/") if part not in ("", ".", ".."))
        if not wanted:
            return []
        return [path for path in self._by_tail.get(wanted[-2:], []) if path.parts[-len(wanted) :] == wanted]

    def modules(self, dotted: str, near: Iterable[Path] = (), *, run: bool = False) -> list[Path]:
        """The file that a dotted name is, imported or `run`: one below the folders `near`, else the only one."""
        if dotted.rpartition(".")[2] not in self._names:
            return []
        tail = dotted.replace(".", "/")
        tails = (f"{tail}/__main__.py", f"{tail}.py") if run else (f"{tail}.py", f"{tail}/__init__.py")
        inside = [one.replace("/", os.sep) for one in tails]
        for folder in near:
            for one in inside:
                if (there := self._files.get(os.path.join(folder, one))) is not None:
                    return [there]
        found = [path for one in tails for path in self.named(one)]
        return found if len(found) == 1 else []

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The files by their texts: to make a path for each place where an import may find something is dear."""
        return {str(path): path for path in self.python}

    @cached_property
    def _by_tail(self) -> dict[tuple[str, ...], list[Path]]:
        """The files by name, and by that of their folder and theirs: every package has an `__init__.py`."""
        found: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for path in self.python:
            found[path.parts[-1:]].append(path)
            found[path.parts[-2:]].append(path)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        """The last names that imports may have of the files of the run."""
        packages = {path.parent.name for path in self.python if path.stem in ("__init__", "__main__")}
        return frozenset({path.stem for path in self.python} | packages)

    def _closure(self, script: Path) -> set[Path]:
        seen = {script}
        waiting = [script]
        while waiting and len(seen) < _MOST_FILES:
            path = waiting.pop()
            if path not in self._imported:
                self._imported[path] = tuple(dict.fromkeys(_imports(path)))
            for dotted, level in self._imported[path]:
                folder = path.parents[level - 1] if 0 < level <= len(path.parents) else None
                near = [folder] if folder else [script.parent, path.parent, self.root, self.root / "src"]
                for one in self.modules(dotted, near):
                    if one not in seen:
                        seen.add(one)
                        waiting.append(one)
        return seen


def _program(folder: Path, parts: Iterable[Part]) -> Program | None:
    found = tuple(part for part in parts if part.serves or part.calls)
    return Program(folder, found) if found else None


def _part(path: Path, entries: list[Entry]) -> Part:
    mattering = [entry for entry in entries if entry.behaviour]
    serving = [entry for entry in mattering if entry.kind in _SERVES]
    calling = [entry for entry in mattering if entry.kind in _CALLS]
    data = bytes_of(path) if serving else b""
    return Part(
        servers=sum(entry.kind == "ServerConstruction" for entry in serving) or bool(serving),
        calls=bool(calling),
        moved=any(entry.state is not State.LEFT for entry in serving or mattering),
        channels_moved=any(entry.state is not State.LEFT for entry in calling),
        units=frozenset(unit for entry in serving or mattering for unit in entry.units),
        ports=_ports(data),
        is_script=b"__main__" in data,
    )


def _moved_before(path: Path) -> Part | None:
    data = bytes_of(path)
    if RUNTIME.encode() not in data:
        return None
    servers = len(_MOVED_SERVER.findall(data)) or bool(_MOVED_SERVICE.search(data))
    calls = bool(_MOVED_CHANNEL.search(data))
    return Part(servers, calls, True, calls, frozenset(), _ports(data), b"__main__" in data)


def _ports(data: bytes) -> frozenset[int]:
    return frozenset(int(port) for port in _PORT_CALL.findall(data))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """The modules that a file imports, by dotted name and level; none of one that cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    yield from imported_names(walk(tree))
