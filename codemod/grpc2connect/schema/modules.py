"""Reads generated modules from disk: a `*_pb2_grpc.py` with the `*_pb2.py` beside it, and `*_pb2.py` by themselves."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.schema.descriptors import parse_file, proto_of, services_of_stubs
from grpc2connect.schema.literals import is_messages_module, serialized_file, source_name
from grpc2connect.schema.model import GrpcModule, Pb2Module
from grpc2connect.schema.stubs import Stubs, read_stubs

GRPC_SUFFIX = "_pb2_grpc.py"
MESSAGES_SUFFIX = "_pb2.py"


def read_grpc_module(path: Path, *, dotted: str | None = None, installed: bool = False) -> GrpcModule | None:
    """The generated gRPC module at `path`, or None if a person wrote it.

    `dotted` is its import name if the caller knows it. Raises `OSError` if `path` cannot be read; a messages module
    beside it that is missing or odd only makes the answer poorer.
    """
    stubs = read_stubs(path.read_bytes())
    if not stubs.generated:
        return None
    stem = path.name.removesuffix(GRPC_SUFFIX)
    beside = _read(path.with_name(stem + MESSAGES_SUFFIX))
    literal = serialized_file(beside) if beside is not None else None
    file = parse_file(literal) if literal is not None else None
    own = next((one for one in stubs.imports if one.module.rpartition(".")[2] == f"{stem}_pb2"), None)
    if file is not None:
        proto = file.name
    else:
        proto = (source_name(beside) if beside is not None else None) or (
            proto_of(own, []) if own is not None else f"{stem}.proto"
        )
    services = services_of_stubs(stubs, file, proto)
    return GrpcModule(path, dotted or _dotted(path, stubs, stem), services, proto, stubs.imports, installed)


def read_messages_module(path: Path, *, dotted: str | None = None, installed: bool = False) -> Pb2Module | None:
    """The generated messages module at `path`, or None if it is not there or a person wrote it."""
    data = _read(path)
    if data is None or not is_messages_module(data):
        return None
    proto = source_name(data) or path.name.removesuffix(MESSAGES_SUFFIX) + ".proto"
    return Pb2Module(path, dotted or package_name(path), proto, installed)


def package_name(path: Path) -> str:
    """The dotted name of a module by the `__init__.py` files above it."""
    parts = [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def _dotted(path: Path, stubs: Stubs, stem: str) -> str:
    """The import name of stubs: as they import their own messages module, if that is absolute, else by the packages."""
    for one in stubs.imports:
        package, _, last = one.module.rpartition(".")
        if last == f"{stem}_pb2" and not one.level:
            folders = package.split(".") if package else []
            if not folders or list(path.parent.parts[-len(folders) :]) == folders:
                return ".".join([*folders, path.stem])
    return package_name(path)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
