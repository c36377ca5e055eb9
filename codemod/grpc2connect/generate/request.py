"""File descriptors for the plugin: as much as it reads, and no more.

The plugin looks at services, comments, idempotency, and of messages only at where they are. So messages go in without
fields, and no option, extension or import of the real file can be in the way: a file whose imports cannot be had is
generated like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grpc2connect.schema import GrpcModule, MessagePlace, Method

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

_SERVICE_FIELD = 6
_METHOD_FIELD = 2


class CannotDescribe(Exception):
    """A module's services cannot be described; the message is one line that says why."""


def describe(modules: Sequence[GrpcModule]) -> list[FileDescriptorProto]:
    """Descriptors of the files of `modules` and of those with their messages, each after what it depends on.

    No two modules may have the same proto name. Raises `CannotDescribe`.
    """
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    files: dict[str, FileDescriptorProto] = {}
    for module in modules:
        package = _package(module)
        files[module.proto] = FileDescriptorProto(name=module.proto, package=package, syntax="proto3")
    for module in modules:
        for place in _places(module):
            if place.proto not in files:
                # Packages do not show in the result; one of its own keeps a file's messages apart from all others.
                package = f"g2c{len(files)}"
                files[place.proto] = FileDescriptorProto(name=place.proto, package=package, syntax="proto3")
            _add_message(files[place.proto], place.qualname)
            if place.proto != module.proto and place.proto not in files[module.proto].dependency:
                files[module.proto].dependency.append(place.proto)
    for module in modules:
        _add_services(files[module.proto], module, files)
    return _ordered(files)


def _package(module: GrpcModule) -> str:
    packages = {service.full_name.rpartition(".")[0] for service in module.services}
    if len(packages) > 1:
        raise CannotDescribe(f"its services are of different packages: {', '.join(sorted(packages))}")
    return packages.pop() if packages else ""


def _places(module: GrpcModule) -> list[MessagePlace]:
    found = []
    for service in module.services:
        for method in service.methods:
            for name, place in ((method.input, method.input_place), (method.output, method.output_place)):
                if place is None:
                    rpc = f"{service.full_name}/{method.name}"
                    raise CannotDescribe(f"where the message {name or '?'} of {rpc} is, is not known")
                found.append(place)
    return found


def _add_message(file: FileDescriptorProto, qualname: str) -> None:
    siblings = file.message_type
    for name in qualname.split("."):
        message: DescriptorProto | None = next((one for one in siblings if one.name == name), None)
        if message is None:
            message = siblings.add(name=name)
        siblings = message.nested_type


def _add_services(file: FileDescriptorProto, module: GrpcModule, files: dict[str, FileDescriptorProto]) -> None:
    for index, service in enumerate(module.services):
        added = file.service.add(name=service.name)
        _add_comment(file, [_SERVICE_FIELD, index], service.comment)
        for position, method in enumerate(service.methods):
            rpc = added.method.add(
                name=method.name,
                input_type=_type_name(method.input_place, files),
                output_type=_type_name(method.output_place, files),
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
            )
            level = _idempotency(method)
            if level:
                rpc.options.idempotency_level = level  # type: ignore[assignment]
            _add_comment(file, [_SERVICE_FIELD, index, _METHOD_FIELD, position], method.comment)


def _idempotency(method: Method) -> int:
    from google.protobuf.descriptor_pb2 import MethodOptions

    return MethodOptions.IdempotencyLevel.Value(method.idempotency)


def _add_comment(file: FileDescriptorProto, path: list[int], comment: str) -> None:
    if comment:
        file.source_code_info.location.add(path=path, span=[0, 0, 0], leading_comments=comment)


def _type_name(place: MessagePlace | None, files: dict[str, FileDescriptorProto]) -> str:
    assert place is not None
    package = files[place.proto].package
    return f".{package}.{place.qualname}" if package else f".{place.qualname}"


def _ordered(files: dict[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """The files, each after its dependencies."""
    done: dict[str, FileDescriptorProto] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in entered:
            raise CannotDescribe(f"{name} depends on itself")
        entered.add(name)
        for other in files[name].dependency:
            visit(other)
        done[name] = files[name]

    for name in files:
        visit(name)
    return list(done.values())
