"""Reads generated modules from disk: a `*_pb2_grpc.py` with the `*_pb2.py` beside it, and `*_pb2.py` by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.schema.descriptors import (
    bundled_file,
    message_places,
    parse_file,
    proto_of,
    services_of,
    services_of_stubs,
)
from grpc2connect.schema.literals import is_messages_module, serialized_file, source_name
from grpc2connect.schema.model import GrpcModule, MessagePlace, Pb2Import, Pb2Module, Service
from grpc2connect.schema.naming import module_name
from grpc2connect.schema.stubs import Stubs, imports_of, parse_module, read_stubs
from grpc2connect.schema.suffixes import GRPC_SUFFIX, MESSAGES_SUFFIX

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto


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
    file = file_of(path.with_name(stem + MESSAGES_SUFFIX))
    own = next((one for one in stubs.imports if one.module.rpartition(".")[2] == f"{stem}_pb2"), None)
    if file is not None:
        proto = file.name
    else:
        proto = (source_name(beside) if beside is not None else None) or (
            proto_of(own, []) if own is not None else f"{stem}.proto"
        )
    services = services_of_stubs(stubs, file, proto)
    found = (method.own_codec for service in stubs.services for method in service.methods)
    own_codecs = tuple(dict.fromkeys(filter(None, found)))
    dotted = dotted or _dotted(path, stubs, stem)
    return GrpcModule(path, dotted, services, proto, stubs.imports, installed, own_codecs=own_codecs)


def read_messages_module(path: Path, *, dotted: str | None = None, installed: bool = False) -> Pb2Module | None:
    """The generated messages module at `path`, or None if it is not there or a person wrote it."""
    data = _read(path)
    if data is None or not is_messages_module(data):
        return None
    proto = source_name(data) or path.name.removesuffix(MESSAGES_SUFFIX) + ".proto"
    return Pb2Module(path, dotted or package_name(path), proto, installed)


def read_literal_services(path: Path, known: Mapping[str, Path]) -> GrpcModule | None:
    """The gRPC module that belongs to the messages module at `path`, from the descriptor in that; None without one.

    For the repositories that keep `*_pb2.py` and build `*_pb2_grpc.py`: the result is not on disk. `known` are the
    messages modules of the repository by the names of their protos.
    """
    file = file_of(path)
    if file is None or not file.service:
        return None
    places = message_places(file)
    missing = []
    for name in file.dependency:
        other = file_of(known[name]) if name in known else bundled_file(name)
        if other is not None:
            places |= message_places(other)
        else:
            missing.append(name)
    for service in file.service:
        for method in service.method:
            for full_name in (method.input_type.removeprefix("."), method.output_type.removeprefix(".")):
                if full_name not in places and (place := _guess(full_name, missing)):
                    places[full_name] = place
    folders = file.name.split("/")[:-1]
    named = module_name(file.name, "_pb2_grpc")
    dotted = named if folders and list(path.parent.parts[-len(folders) :]) == folders else package_name(path) + "_grpc"
    return GrpcModule(None, dotted, services_of(file, places), file.name, built_of=path)


def read_without_stubs(path: Path, known: Mapping[str, Path], services: Sequence[Service] = ()) -> GrpcModule | None:
    """The gRPC module of the messages module at `path` as if its stubs stood beside it; None if it has no services.

    For projects that generate no stubs any more. Messages of other files are imported as the messages module imports
    them. `known` is as above; `services` are those of the proto, if that is at hand: they have its comments.
    """
    found = read_literal_services(path, known)
    tree = parse_module(_read(path) or b"")
    if found is None or tree is None:
        return None
    imports = {one.module.rpartition(".")[2]: one for one in imports_of(tree)}
    folders = found.proto.split("/")[:-1]
    if folders and list(path.parent.parts[-len(folders) :]) == folders:
        imports[path.stem] = Pb2Import(module_name(found.proto, "_pb2"), 0, path.stem)

    def placed(place: MessagePlace | None) -> MessagePlace | None:
        if place is None or place.proto == found.proto:
            return place
        return replace(place, source=imports.get(module_name(place.proto, "_pb2").rpartition(".")[2]))

    fitted = [
        replace(
            service,
            methods=tuple(
                replace(method, input_place=placed(method.input_place), output_place=placed(method.output_place))
                for method in service.methods
            ),
        )
        for service in (services or found.services)
    ]
    stubs = path.with_name(f"{path.stem}_grpc.py")
    return GrpcModule(stubs, found.dotted, tuple(fitted), found.proto, tuple(imports.values()))


def file_of(path: Path) -> FileDescriptorProto | None:
    """The file descriptor in the literal of the messages module at `path`, or None if there is none to be read."""
    data = _read(path)
    literal = serialized_file(data) if data is not None else None
    return parse_file(literal) if literal is not None else None


def dependencies_of(path: Path) -> tuple[str, ...] | None:
    """The protos that the one of the messages module at `path` imports, by their names; None if that is not known."""
    file = file_of(path)
    return tuple(file.dependency) if file is not None else None


def _guess(full_name: str, protos: list[str]) -> MessagePlace | None:
    """Where a message is that comes out of one of `protos`, none of which can be had."""
    package, _, name = full_name.rpartition(".")
    likely = [proto for proto in protos if proto.rpartition("/")[0].replace("/", ".") == package]
    candidates = likely or protos
    return MessagePlace(candidates[0], name) if len(candidates) == 1 else None


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
