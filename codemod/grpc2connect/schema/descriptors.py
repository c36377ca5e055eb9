"""Services out of file descriptors, alone or together with the stubs that were generated from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from grpc2connect.schema.model import Kind, MessagePlace, Method, Pb2Import, Service
from grpc2connect.schema.naming import method_name, module_name
from grpc2connect.schema.stubs import MessageRef, StubMethod, Stubs, StubService

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, MethodDescriptorProto

_BUNDLED = re.compile(r"google/protobuf/\w+\.proto")
_SERVICE_FIELD = 6
_METHOD_FIELD = 2


def parse_file(data: bytes) -> FileDescriptorProto | None:
    """The file descriptor in serialized form, or None if it is none."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.message import DecodeError

    try:
        file = FileDescriptorProto.FromString(data)
    except DecodeError:
        return None
    return file if file.name else None


def bundled_file(name: str) -> FileDescriptorProto | None:
    """The descriptor of one of protobuf's own files (`google/protobuf/empty.proto`), or None if `name` is none."""
    from importlib import import_module

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    if not _BUNDLED.fullmatch(name):
        return None
    file = FileDescriptorProto()
    try:
        import_module(module_name(name, "_pb2")).DESCRIPTOR.CopyToProto(file)
    except ImportError:
        return None
    return file


def message_places(file: FileDescriptorProto) -> dict[str, MessagePlace]:
    """Every message of a file by its full name, nested ones too."""
    prefix = f"{file.package}." if file.package else ""

    def walk(messages: Iterator[DescriptorProto], outer: str) -> Iterator[str]:
        for message in messages:
            yield outer + message.name
            yield from walk(iter(message.nested_type), f"{outer}{message.name}.")

    return {prefix + name: MessagePlace(file.name, name) for name in walk(iter(file.message_type), "")}


def services_of(file: FileDescriptorProto, places: Mapping[str, MessagePlace]) -> tuple[Service, ...]:
    """The services of a file; `places` says where messages are, by full name."""
    comments = {
        tuple(location.path): location.leading_comments or location.trailing_comments
        for location in file.source_code_info.location
        if location.leading_comments or location.trailing_comments
    }
    prefix = f"{file.package}." if file.package else ""
    found = []
    for index, service in enumerate(file.service):
        path = (_SERVICE_FIELD, index)
        methods = tuple(
            _method(method, places, comments.get((*path, _METHOD_FIELD, position), ""))
            for position, method in enumerate(service.method)
        )
        found.append(Service(prefix + service.name, service.name, file.name, methods, comments.get(path, "")))
    return tuple(found)


def services_of_stubs(stubs: Stubs, file: FileDescriptorProto | None, proto: str) -> tuple[Service, ...]:
    """The services of a `*_pb2_grpc` module: which there are says the module, how their RPCs are the descriptor.

    `file` is None where there is no descriptor to be had; then the stubs must do, and `proto` names the file.
    """
    described: dict[str, Service] = {}
    if file is not None:
        places = message_places(file)
        for other in filter(None, map(bundled_file, file.dependency)):
            places |= message_places(other)
        described = {service.full_name: service for service in services_of(file, places)}
    if not stubs.services:
        return tuple(described.values())
    known = list(file.dependency) if file is not None else []
    protos = [proto, *known]
    return tuple(_merged(service, described.get(service.full_name), proto, protos) for service in stubs.services)


def _method(method: MethodDescriptorProto, places: Mapping[str, MessagePlace], comment: str) -> Method:
    from google.protobuf.descriptor_pb2 import MethodOptions

    input_name, output_name = method.input_type.removeprefix("."), method.output_type.removeprefix(".")
    return Method(
        name=method.name,
        python_name=method_name(method.name),
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        input=input_name,
        output=output_name,
        input_place=places.get(input_name),
        output_place=places.get(output_name),
        idempotency=MethodOptions.IdempotencyLevel.Name(method.options.idempotency_level),
        comment=comment,
    )


def _merged(stub: StubService, described: Service | None, proto: str, protos: list[str]) -> Service:
    methods = []
    for spelled in stub.methods:
        said = described.method(spelled.name) if described else None
        methods.append(_merged_method(spelled, said, stub.full_name, protos))
    if not methods and described:
        return described
    return Service(stub.full_name, stub.name, proto, tuple(methods), stub.comment)


def _merged_method(stub: StubMethod, said: Method | None, service: str, protos: list[str]) -> Method:
    client = stub.kind in (Kind.STREAM_UNARY, Kind.STREAM_STREAM)
    server = stub.kind in (Kind.UNARY_STREAM, Kind.STREAM_STREAM)
    input_place, output_place = (_place(ref, protos) for ref in (stub.input, stub.output))
    return Method(
        name=stub.name,
        python_name=method_name(stub.name),
        client_streaming=said.client_streaming if said else client,
        server_streaming=said.server_streaming if said else server,
        input=said.input if said else _full_name(input_place, service, protos[0]),
        output=said.output if said else _full_name(output_place, service, protos[0]),
        input_place=input_place or (said.input_place if said else None),
        output_place=output_place or (said.output_place if said else None),
        idempotency=said.idempotency if said else "IDEMPOTENCY_UNKNOWN",
        comment=stub.comment,
    )


def _place(ref: MessageRef | None, protos: list[str]) -> MessagePlace | None:
    return MessagePlace(proto_of(ref.source, protos), ref.qualname, ref.source) if ref else None


def proto_of(source: Pb2Import, protos: list[str]) -> str:
    """The proto file of an imported messages module: the one of `protos` with the longest common end, or a guess."""
    wanted = source.module.split(".")

    def common(proto: str) -> int:
        parts = module_name(proto, "_pb2").split(".")
        count = 0
        while count < min(len(parts), len(wanted)) and parts[-1 - count] == wanted[-1 - count]:
            count += 1
        return count

    best = max(protos, key=common, default="")
    if best and common(best):
        return best
    return "/".join(wanted).removesuffix("_pb2") + ".proto"


def _full_name(place: MessagePlace | None, service: str, proto: str) -> str:
    """A message's full name as it must be, where only the stubs are at hand: the package is a guess."""
    if place is None:
        return ""
    package = service.rpartition(".")[0] if place.proto == proto else place.proto.rpartition("/")[0].replace("/", ".")
    return f"{package}.{place.qualname}" if package else place.qualname
