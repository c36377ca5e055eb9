"""The descriptors of a module with all that they import: a descriptor pool takes them as they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from grpc2connect.schema import GrpcModule, Schema
from grpc2connect.schema.dependencies import in_order

Protoc = Callable[..., None]
NAMES = ("pkg/v1/common.proto", "pkg/v1/greet.proto")


def greet_module(folder: Path, *, environment: tuple[Path, ...] = ()) -> tuple[Schema, GrpcModule]:
    schema, errors = Schema.load([path for path in folder.rglob("*") if path.is_file()], environment)
    assert errors == []
    module = schema.by_import("pkg.v1.greet_pb2_grpc")
    assert module is not None
    return schema, module


def check(files: list[bytes] | None) -> None:
    assert files is not None
    pool = DescriptorPool()
    for data in files:
        pool.Add(FileDescriptorProto.FromString(data))
        pool.FindFileByName(FileDescriptorProto.FromString(data).name)
    assert FileDescriptorProto.FromString(files[-1]).name == "pkg/v1/greet.proto"
    assert len(files) == 3
    method = pool.FindServiceByName("pkg.v1.Greeter").methods_by_name["Collect"]
    assert method.input_type.full_name == "pkg.v1.Name.In"


def test_of_protos(greet: Path) -> None:
    schema, module = greet_module(greet)
    assert module.path is None
    check(schema.descriptors(module))


def test_of_stubs(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    schema, module = greet_module(greet / "gen")
    assert module.path is not None
    check(schema.descriptors(module))


def test_of_messages_modules_alone(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen", grpc=False)
    schema, module = greet_module(greet / "gen")
    assert module.path is None
    check(schema.descriptors(module))


def test_of_installed_stubs(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "site")
    schema, module = greet_module(greet / "nothing", environment=(greet / "site",))
    assert module.installed
    check(schema.descriptors(module))


def test_copies_keep_to_their_own_neighbours(greet: Path, protoc: Protoc) -> None:
    for name in ("one", "two"):
        protoc(greet / "protos", *NAMES, out=greet / name)
        common = greet / "protos/pkg/v1/common.proto"
        common.write_text(common.read_text().replace("string n", "string renamed"))
    schema, errors = Schema.load([path for name in ("one", "two") for path in (greet / name).rglob("*.py")])
    assert errors == []
    for name, field in (("one", "n"), ("two", "renamed")):
        module = schema.by_path(greet / name / "pkg/v1/greet_pb2_grpc.py")
        assert module is not None
        files = [FileDescriptorProto.FromString(data) for data in schema.descriptors(module) or []]
        (common_file,) = [file for file in files if file.name == "pkg/v1/common.proto"]
        assert common_file.message_type[0].field[0].name == field


def test_unknown_where_something_is_missing(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    (greet / "gen/pkg/v1/common_pb2.py").unlink()
    schema, module = greet_module(greet / "gen")
    assert schema.descriptors(module) is None
    (greet / "gen/pkg/v1/greet_pb2.py").unlink()
    schema, module = greet_module(greet / "gen")
    assert schema.descriptors(module) is None
    assert schema.descriptors(GrpcModule(None, "x_pb2_grpc", (), "x.proto")) is None


def test_a_circle_has_no_order() -> None:
    files = {name: FileDescriptorProto(name=name, dependency=[other]) for name, other in (("a", "b"), ("b", "a"))}
    assert in_order("a", files.get) is None
