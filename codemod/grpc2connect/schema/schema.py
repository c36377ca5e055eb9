"""All the generated gRPC code that a run knows of, by path and by import name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.results import FileError
from grpc2connect.schema.descriptors import message_places, services_of
from grpc2connect.schema.lookup import SuffixIndex
from grpc2connect.schema.model import GrpcModule, MessagePlace, Pb2Module, Service
from grpc2connect.schema.modules import (
    file_of,
    read_grpc_module,
    read_literal_services,
    read_messages_module,
    read_without_stubs,
)
from grpc2connect.schema.naming import module_name
from grpc2connect.schema.proto_text import ProtoText, name_under, roots, scan
from grpc2connect.schema.protoc import compile_protos
from grpc2connect.schema.suffixes import GRPC_SUFFIX, MESSAGES_SUFFIX

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

GRPC_OWN = frozenset(
    {
        "grpc",
        "grpc_admin",
        "grpc_channelz",
        "grpc_csds",
        "grpc_csm_observability",
        "grpc_health",
        "grpc_observability",
        "grpc_reflection",
        "grpc_status",
    }
)
"""Packages of grpc-python itself: what they hold is API, not somebody's services."""

AT_RUN_TIME = " (at run time)"
"""What marks the key of a gRPC module that grpcio makes when the program runs, after the path of its proto."""

LITERAL_ONLY = " (services)"
"""What marks the key of a gRPC module that is known by its messages module alone, after that one's path."""


class Schema:
    """The generated modules of a repository, and on demand those installed in its environment.

    Made by `load`. Nothing that it reads is ever imported or run.
    """

    def __init__(self, environment: Sequence[Path] = ()) -> None:
        self._environment = tuple(environment)
        self._modules: dict[str, GrpcModule] = {}
        self._messages: dict[str, Pb2Module | None] = {}
        self._paths: dict[str, str] = {}
        self._grpc_index: SuffixIndex[str] = SuffixIndex()
        self._messages_index: SuffixIndex[Pb2Module] = SuffixIndex()
        self._imports: dict[tuple[str, Path | None], GrpcModule | None] = {}
        self._proto_names: set[str] = set()
        self._message_names: dict[Path, frozenset[str]] = {}
        self._protos: dict[Path, ProtoText] = {}
        self._roots: dict[Path, Path] = {}
        self._made: dict[Path, GrpcModule | None] = {}

    @classmethod
    def load(
        cls, files: Sequence[Path], environment: Sequence[Path] = (), top: Path | None = None
    ) -> tuple[Schema, list[FileError]]:
        """The schema of `files` (of which only generated modules and protos matter), with a list of what failed.

        `environment` are folders that imports are searched in (see `sources.search_paths`). `top` is the folder of the
        repository: protos are named from no folder above it, and may import what is under it but not in `files`.
        """
        schema = cls(environment)
        errors: list[FileError] = []
        protos: list[ProtoText] = []
        for path in sorted(set(files)):
            try:
                if path.name.endswith(GRPC_SUFFIX):
                    module = read_grpc_module(path)
                    if module is not None:
                        schema._add_real(path, module)
                elif path.name.endswith(MESSAGES_SUFFIX):
                    schema._add_messages(path)
                elif path.suffix == ".proto":
                    protos.append(scan(path, path.read_bytes()))
            except OSError as problem:
                message = f"cannot be read: {problem.strerror or problem}"
                errors.append(FileError(path, "G2C003", message, "make it readable, or exclude it"))
        failed = schema._add_protos(protos, top)
        schema._add_literals()
        errors.extend(schema._still_unknown(failed, protos))
        return schema, sorted(errors, key=lambda error: error.path)

    @property
    def grpc_modules(self) -> tuple[GrpcModule, ...]:
        """Every `*_pb2_grpc` module known so far: those on disk in the order of their paths, then the others."""
        return tuple(self._modules.values())

    def by_path(self, path: Path) -> GrpcModule | None:
        """The generated gRPC module at `path`."""
        key = self._paths.get(os.path.abspath(path))
        return self._modules[key] if key is not None else None

    def by_import(self, dotted: str, near: Path | None = None) -> GrpcModule | None:
        """The generated gRPC module that an absolute import of `dotted` means, on disk, installed or neither.

        Of several that it can mean, the one nearest to the importing file, `near`; None if that does not decide.
        """
        folder = None if near is None else near.parent
        key = dotted, folder
        if key not in self._imports:
            self._imports[key] = self._find_grpc(dotted, folder)
        return self._imports[key]

    def is_pb2_path(self, path: Path) -> bool:
        """Whether a generated messages module is at `path`."""
        return self._messages_at(path) is not None

    def message_names(self, path: Path) -> frozenset[str]:
        """The names that a star import of the generated messages module at `path` binds to messages and enums."""
        if path not in self._message_names:
            file = file_of(path)
            names: set[str] = set()
            if file is not None:
                names.update(message.name for message in file.message_type)
                names.update(enum.name for enum in file.enum_type)
            self._message_names[path] = frozenset(names)
        return self._message_names[path]

    def pb2_by_import(self, dotted: str) -> Pb2Module | None:
        """The generated messages module that an absolute import of `dotted` means, on disk, installed or neither."""
        if not dotted.endswith("_pb2"):
            return None
        found, certain = self._messages_index.find(dotted)
        if found is None or not certain:
            path = self._installed(dotted)
            installed = read_messages_module(path, dotted=dotted, installed=True) if path else None
            if path is not None:
                return installed
        if found is not None and found.path is None:
            return replace(found, dotted=dotted)
        return found

    def has_proto(self, name: str) -> bool:
        """Whether the proto that protoc knows as `name` is in the repository, so that its modules are built with it."""
        return name in self._proto_names

    def without_stubs(self) -> list[GrpcModule]:
        """The gRPC modules of messages modules on disk that have no stubs beside them, as if these were there."""
        there = [(messages.proto, Path(key)) for key, messages in self._messages.items() if messages is not None]
        known = dict(there)
        of_protos = {module.proto: module.services for module in self._modules.values()}
        found = [
            read_without_stubs(path, known, of_protos.get(proto, ()))
            for proto, path in there
            if not path.with_name(f"{path.stem}_grpc.py").is_file()
        ]
        return [module for module in found if module is not None]

    def made_of(self, path: Path, name: str) -> GrpcModule | None:
        """The gRPC module that grpcio makes of the proto at `path` when the program runs, or finds beside it.

        `name` is the end of the path by which the program names the proto.
        """
        if path not in self._made:
            beside = self.by_path(path.with_name(f"{path.stem}{GRPC_SUFFIX}"))
            self._made[path] = beside or self._make_of(path, name)
        return self._made[path]

    def _make_of(self, path: Path, name: str) -> GrpcModule | None:
        if path not in self._protos:
            # A link to a proto that is elsewhere, too, is no file of the run.
            try:
                self._protos[path] = scan(path, path.read_bytes())
            except OSError:
                return None
        services = self._compiled(path, name, {**self._roots, path: path.parents[name.count("/")]})
        if services is None:
            return None
        made = GrpcModule(None, module_name(name, "_pb2_grpc"), services, name, made_of=path)
        self._modules[f"{path}{AT_RUN_TIME}"] = made
        return made

    def _compiled(self, path: Path, name: str, of: dict[Path, Path]) -> tuple[Service, ...] | None:
        """The services of the proto at `path`, which protoc knows as `name`; None if it does not compile."""
        compiled = compile_protos([self._protos[path]], list(self._protos.values()), of, self._environment)
        descriptors = compiled.sets.get(path)
        if descriptors is None:
            return None
        file = next(file for file in descriptors.file if file.name == name)
        return services_of(file, _places(descriptors))

    def _find_grpc(self, dotted: str, near: Path | None) -> GrpcModule | None:
        if not dotted.endswith("_pb2_grpc"):
            return None
        keys, certain = self._grpc_index.find_all(dotted)
        key = self._nearest(keys, near, certain=certain)
        if key is None or not certain:
            path = self._installed(dotted)
            if path is not None:
                return self._add_installed(path, dotted)
        if key is None:
            return self._built_of(dotted)
        module = self._modules[key]
        if module.path is not None and not _is_end(dotted, module.path):
            # Of the same name in another package: the generated module beside it would not be found.
            return self._built_of(dotted)
        if module.path is None:
            # How the program imports it is better known than how the layout of the protos suggests.
            module = self._modules[key] = replace(module, dotted=dotted)
        return module

    def _built_of(self, dotted: str) -> GrpcModule | None:
        """The gRPC module that a build makes of the one proto whose path an import says, folder and all."""
        wanted = tuple(dotted.split("."))
        said = [path for path, one in self._protos.items() if one.services and _ends(path, wanted)]
        if len(wanted) == 1 or len(said) != 1:
            return None
        path = said[0]
        services = self._compiled(path, name_under(self._roots[path], path), self._roots)
        if services is None:
            return None
        name = name_under(self._roots[path], path)
        made = self._modules[str(path)] = GrpcModule(None, dotted, services, name, built_of=path)
        return made

    def _nearest(self, keys: Sequence[str], near: Path | None, *, certain: bool) -> str | None:
        """Which of several modules a file in a folder means: the nearest on disk; any of those that say the same."""
        if len(set(keys)) <= 1:
            return keys[0] if keys else None
        if not certain:
            return None
        distances = {key: _shared(self._modules[key].path, near) for key in keys}
        nearest = [key for key in keys if distances[key] == max(distances.values())]
        same = all(self._modules[key].services == self._modules[nearest[0]].services for key in nearest)
        return nearest[0] if same else None

    def _add_real(self, path: Path, module: GrpcModule) -> None:
        key = os.path.abspath(path)
        self._modules[key] = module
        self._paths[key] = key
        parts = Path(key).with_suffix("").parts[1:]
        self._grpc_index.add(parts, len(module_name(module.proto, "").split(".")), key)

    def _add_messages(self, path: Path) -> None:
        module = self._messages_at(path)
        if module is not None:
            parts = Path(os.path.abspath(path)).with_suffix("").parts[1:]
            self._messages_index.add(parts, len(module_name(module.proto, "").split(".")), module)

    def _messages_at(self, path: Path) -> Pb2Module | None:
        if not path.name.endswith(MESSAGES_SUFFIX):
            return None
        key = os.path.abspath(path)
        if key not in self._messages:
            self._messages[key] = read_messages_module(path)
        return self._messages[key]

    def _installed(self, dotted: str) -> Path | None:
        """Where the environment has the module `dotted`; grpc-python's own packages are not asked."""
        parts = dotted.split(".")
        if parts[0] in GRPC_OWN:
            return None
        candidates = (root.joinpath(*parts[:-1], f"{parts[-1]}.py") for root in self._environment)
        return next((path for path in candidates if path.is_file()), None)

    def _add_installed(self, path: Path, dotted: str) -> GrpcModule | None:
        try:
            module = read_grpc_module(path, dotted=dotted, installed=True)
        except OSError:
            return None
        if module is not None:
            key = os.path.abspath(path)
            self._modules[key] = module
            self._paths[key] = key
        return module

    def _still_unknown(self, errors: Sequence[FileError], protos: Sequence[ProtoText]) -> list[FileError]:
        """The errors but for missing imports of protos whose services are known from elsewhere."""
        names = {proto.path: proto.full_names for proto in protos}
        known = {service.full_name for module in self._modules.values() for service in module.services}
        return [error for error in errors if error.code != "G2C006" or not names[error.path] <= known]

    def _add_literals(self) -> None:
        """Make known the stubs of which only the messages module is on disk, with all it says of the services."""
        paths = [Path(key) for key, messages in self._messages.items() if messages is not None]
        known = {messages.proto: Path(key) for key, messages in self._messages.items() if messages is not None}
        for path in paths:
            if path.with_name(f"{path.stem}_grpc.py").is_file():
                continue
            module = read_literal_services(path, known)
            if module is None or module.proto in {other.proto for other in self._modules.values()}:
                continue
            key = f"{path}{LITERAL_ONLY}"
            self._modules[key] = module
            self._proto_names.add(module.proto)
            parts = (*path.parts[1:-1], f"{path.stem}_grpc")
            self._grpc_index.add(parts, len(module.proto.split("/")), key)

    def _add_protos(self, protos: Sequence[ProtoText], top: Path | None) -> list[FileError]:
        """Make known the modules that protoc would make of `protos`, where they are not on disk."""
        real = list(self._modules.values())
        on_disk = {module.proto for module in real}
        of = self._roots = roots(protos, on_disk, top)
        self._protos = {proto.path: proto for proto in protos}
        others = (*([top] if top is not None else ()), *self._environment)
        wanted = [proto for proto in protos if proto.services and not _generated(proto, real)]
        compiled = compile_protos(wanted, protos, of, others)
        # What has stubs is known from those, but a proto that no protoc takes is worth a line all the same.
        settled = [proto for proto in protos if proto not in wanted]
        broken = compile_protos(settled, protos, of, others).errors if settled else []
        compiled.errors.extend(error for error in broken if error.code == "G2C005")
        places = {id(one): _places(one) for one in compiled.sets.values()}
        for proto in protos:
            name = name_under(of[proto.path], proto.path)
            self._proto_names.add(name)
            # Every proto has a messages module; one with services that are on disk needs no second gRPC module.
            messages = Pb2Module(None, module_name(name, "_pb2"), name)
            parts, sure = _parts(proto.path, "_pb2"), len(name.split("/"))
            self._messages_index.add(parts, sure, messages)
            descriptors = compiled.sets.get(proto.path)
            if descriptors is None and (proto.services or name in on_disk):
                continue
            services: tuple[Service, ...] = ()
            if descriptors is not None:
                file = next(file for file in descriptors.file if file.name == name)
                services = services_of(file, places[id(descriptors)])
            key = str(proto.path)
            self._modules[key] = GrpcModule(None, module_name(name, "_pb2_grpc"), services, name, built_of=proto.path)
            self._grpc_index.add(_parts(proto.path, "_pb2_grpc"), sure, key)
        return compiled.errors


load = Schema.load


def _shared(path: Path | None, folder: Path | None) -> int:
    """How many folders a file and a folder have in common."""
    if path is None or folder is None:
        return -1
    pairs = zip(Path(os.path.abspath(path)).parent.parts, Path(os.path.abspath(folder)).parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _ends(proto: Path, wanted: tuple[str, ...]) -> bool:
    return _parts(proto, "_pb2_grpc")[-len(wanted) :] == wanted


def _is_end(dotted: str, path: Path) -> bool:
    """Whether the file at a path can be imported as `dotted`."""
    parts = dotted.split(".")
    return Path(os.path.abspath(path)).with_suffix("").parts[-len(parts) :] == tuple(parts)


def _generated(proto: ProtoText, modules: Sequence[GrpcModule]) -> bool:
    """Whether the stubs of a proto are among `modules`: the same file name, and all of its services."""
    for module in modules:
        same = module.proto.rpartition("/")[2] == proto.path.name
        if same and proto.full_names <= {service.full_name for service in module.services}:
            return True
    return False


def _places(descriptors: FileDescriptorSet) -> Mapping[str, MessagePlace]:
    return {name: place for file in descriptors.file for name, place in message_places(file).items()}


def _parts(path: Path, suffix: str) -> tuple[str, ...]:
    """The path of the module that protoc would make of a proto, as parts of a dotted name."""
    stem = module_name(path.name, suffix)
    return (*(part.replace("-", "_") for part in Path(os.path.abspath(path)).parts[1:-1]), stem)
