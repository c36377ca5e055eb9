"""What of each service has moved already: its Connect module is there, and code of the project uses names of it.

What has moved is no reference to gRPC any more, so the ledger does not know it. Here it is counted by generated names:
servicers, applications, clients. A service is told by the paths of its RPCs, in generated modules of either kind.

Source: what protoc-gen-connectrpc 0.13 and grpcio-tools 1.85 generate.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.results import Moved
from grpc2connect.schema import CONNECT_SUFFIX, GENERATED, GRPC_SUFFIX
from grpc2connect.sources import around, find, is_python, python_of
from grpc2connect.vendor import PACKAGE

_CLASS = re.compile(r"class (\w+)ASGIApplication\b")
_SERVICE = re.compile(r'service_name="([\w.]+)"')
_PATH = re.compile(rb"""['"]/([\w.]+)/\w+['"]""")
_SERVING = ("", "Sync", "ASGIApplication", "WSGIApplication")
_ASKING = ("Client", "ClientSync")


@dataclass
class _Names:
    """The classes of a Connect module: the service that each is of, and the side of it."""

    path: Path
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)


def moved(options: Options) -> tuple[Moved, ...]:
    """What has moved of each service that a generated module in the run's files or around them is of."""
    paths, _ = find(options)
    python = [path for path in (*paths, *around(options, paths)) if is_python(path) and PACKAGE not in path.parts]
    modules = [_names(path) for path in python if path.name.endswith(CONNECT_SUFFIX)]
    stubs = {unit for path in python if path.name.endswith(GRPC_SUFFIX) for unit in _served(path)}
    there = {unit for module in modules for unit, _ in module.classes.values()}
    by_stem: dict[str, list[_Names]] = {}
    for module in modules:
        by_stem.setdefault(module.path.stem, []).append(module)
    uses: Counter[tuple[str, str]] = Counter()
    for path in python if by_stem else ():
        if not path.name.endswith(GENERATED):
            uses.update(_uses(path, by_stem))
    return tuple(
        Moved(unit, unit in there, unit in stubs, uses[unit, "server"], uses[unit, "client"])
        for unit in sorted(there | stubs)
    )


def _names(path: Path) -> _Names:
    made = _Names(path)
    base = ""
    for line in _text(path).splitlines():
        if found := _CLASS.match(line):
            base = found[1]
        elif line.startswith("class "):
            base = ""
        elif base and (found := _SERVICE.search(line)):
            made.classes.update({f"{base}{end}": (found[1], "server") for end in _SERVING})
            made.classes.update({f"{base}{end}": (found[1], "client") for end in _ASKING})
            base = ""
    return made


def _served(path: Path) -> set[str]:
    return {one.decode() for one in _PATH.findall(_text(path).encode())}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _uses(path: Path, by_stem: dict[str, list[_Names]]) -> Iterator[tuple[str, str]]:
    """The service and the side of each use of a generated name in a file; none in one that cannot be parsed."""
    try:
        code = python_of(path)
        if b"_connect" not in code.data:
            return
        tree = ast.parse(code.data)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # reported where it is read for the run itself
    named: dict[str, tuple[str, str]] = {}
    held: dict[str, dict[str, tuple[str, str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            classes = _classes(node.module or "", by_stem)
            for alias in node.names:
                if alias.name in classes:
                    named[alias.asname or alias.name] = classes[alias.name]
                else:
                    held[alias.asname or alias.name] = _classes(f"{node.module or ''}.{alias.name}", by_stem)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                held[alias.asname or alias.name] = _classes(alias.name, by_stem)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in named:
                yield named[name]
            case ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=name):
                if (found := held.get(ast.unparse(owner), {}).get(name)) is not None:
                    yield found


def _classes(dotted: str, by_stem: dict[str, list[_Names]]) -> dict[str, tuple[str, str]]:
    """The classes of the module that an import names; of several of that name those whose folders fit."""
    parts = dotted.split(".")
    found = by_stem.get(parts[-1], [])
    return dict(pair for one in _fitting(parts, found) for pair in one.classes.items())


def _fitting(parts: list[str], found: list[_Names]) -> Iterable[_Names]:
    fits = [one for one in found if one.path.with_suffix("").parts[-len(parts) :] == tuple(parts)]
    return fits or found
