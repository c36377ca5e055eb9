"""The `*_pb2_grpc.py` of a project: which of them nothing needs any more.

One stays for every mention of it in a Python file (but for comments and docstrings), for every name of such a module
that is put together when the program runs, where its services have no Connect module, and where something goes on
generating it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.schema import CONNECT_SUFFIX, GRPC_SUFFIX, GrpcModule, read_grpc_module
from grpc2connect.schema.stubs import parse_module
from grpc2connect.sources import python_of
from grpc2connect.vendor import PACKAGE

_NAMED = re.compile(r"(?<![\w*])(\w*?)_pb2_grpc\b")
_PUT_TOGETHER = re.compile(r"(?<!\w)_grpc\b|(?<!\w)_pb2_grpc\b(?!\.py)")


@dataclass
class Stubs:
    """The generated gRPC modules of a project. `kept` says of each that stays why."""

    top: Path
    paths: list[Path]
    kept: dict[Path, str] = field(default_factory=dict)

    def judge(self, python: Iterable[Path], connect: Iterable[Path], pending: Iterable[Path]) -> None:
        """Find what keeps each of them: code, the lack of a Connect module, or files that have not moved."""
        twins = {path.name for path in connect}
        known = {path.name.removesuffix(".py"): [] for path in self.paths}  # type: dict[str, list[Path]]
        for path in self.paths:
            known[path.name.removesuffix(".py")].append(path)
        for path in sorted(set(python)):
            if path.name.endswith(GRPC_SUFFIX) or PACKAGE in path.parts:
                continue
            for line, name in _names(path):
                where = f"{self._shown(path)}:{line} names it"
                for kept in known.get(f"{name}_pb2_grpc", ()) if name else self.paths:
                    said = where if name else f"{self._shown(path)}:{line} puts names of such modules together"
                    self.kept.setdefault(kept, said)
        for path in self.paths:
            module = _module(path)
            if module is None:
                self.kept.setdefault(path, "a person wrote it")
            elif module.services and path.name.replace(GRPC_SUFFIX, CONNECT_SUFFIX) not in twins:
                self.kept.setdefault(path, "its services have no Connect module")
        waiting = sorted(pending)
        if waiting:
            for path in self.paths:
                self.kept.setdefault(path, f"{self._shown(waiting[0])} has not moved yet")

    def why(self, stems: tuple[str, ...], folder: Path | None) -> str:
        """Why stubs of protos of these names (none: any), in a folder, are still needed; empty if they are not."""
        for path in self._of(stems, folder):
            if path in self.kept:
                return f"{self._shown(path)} is still needed: {self.kept[path]}"
        return ""

    def keep(self, stems: tuple[str, ...], folder: Path | None, why: str) -> None:
        """Keep stubs of protos of these names (none: any), in a folder."""
        for path in self._of(stems, folder):
            self.kept.setdefault(path, why)

    def gone(self) -> Iterator[Path]:
        """Those that nothing needs, and the type stubs beside them."""
        for path in self.paths:
            if path not in self.kept:
                yield path
                if path.with_suffix(".pyi").is_file():
                    yield path.with_suffix(".pyi")

    def _of(self, stems: tuple[str, ...], folder: Path | None) -> list[Path]:
        wanted = {stem.replace("-", "_") for stem in stems}
        found = [path for path in self.paths if not wanted or path.name.removesuffix(GRPC_SUFFIX) in wanted]
        below = [path for path in found if folder is not None and path.is_relative_to(folder)]
        return below or found

    def _shown(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.top)).as_posix()


def _module(path: Path) -> GrpcModule | None:
    try:
        return read_grpc_module(path)
    except OSError:
        return None


def _names(path: Path) -> Iterator[tuple[int, str]]:
    """The stems of generated gRPC modules that a file names, with the line; an empty one is not known."""
    try:
        data, place, _ = python_of(path, "grpc")
    except OSError:
        return
    if b"_grpc" not in data:
        return
    text = data.decode("utf-8", "replace")
    tree = parse_module(data)
    if tree is None:
        for number, line in enumerate(text.splitlines(), 1):
            yield from ((place(number, 1)[0], found[1]) for found in _NAMED.finditer(line))
        return
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        at = place(getattr(node, "lineno", 1), 1)[0]
        for word in _words(node):
            yield from ((at, found[1]) for found in _NAMED.finditer(word) if found[1])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield from ((at, found[1]) for found in _NAMED.finditer(node.value) if found[1])
            if _PUT_TOGETHER.search(node.value):
                yield at, ""


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names):
            yield module or ""
            yield from (alias.name for alias in names)
        case ast.Attribute(attr=attr):
            yield attr
