"""Under which names a program imports generated modules that are not there to be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grpc2connect.scan import imports
from grpc2connect.schema import GrpcModule
from grpc2connect.schema.naming import module_name
from grpc2connect.sources import code_of, is_python
from grpc2connect.sources.modules import dotted_name


def as_imported(modules: Iterable[GrpcModule], files: Iterable[Path], top: Path) -> list[GrpcModule]:
    """The modules, those without a file by the one name that the program imports them under, if there is one."""
    wanted = list(modules)
    if all(module.path is not None or module.installed for module in wanted):
        return wanted
    python = [path for path in files if is_python(path)]
    seen = {name for path in python for name in _generated_names(path, frozenset(map(str, python)), top)}
    return [_renamed(module, seen) for module in wanted]


def _renamed(module: GrpcModule, seen: set[str]) -> GrpcModule:
    if module.path is not None or module.installed:
        return module
    plain = module_name(module.proto, "_pb2")
    found = {name for name in seen if f".{name}".endswith(f".{plain}")}
    return replace(module, dotted=f"{found.pop()}_grpc") if len(found) == 1 else module


def _generated_names(path: Path, files: frozenset[str], top: Path) -> Iterable[str]:
    """The absolute names of the `_pb2` modules that a file imports, themselves or by their `_pb2_grpc` twins."""
    try:
        data = code_of(path)
    except OSError:
        return
    if b"_pb2" not in data:
        return
    package = dotted_name(path, files, top).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for imported in imports(data):
        base = package[: len(package) - imported.level + 1] if imported.level else []
        prefix = [*base, *imported.dotted.split(".")] if imported.dotted else base
        for parts in (prefix, *([*prefix, name] for name in imported.names)):
            name = ".".join(parts).removesuffix("_grpc")
            if name.endswith("_pb2"):
                yield name
