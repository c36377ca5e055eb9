"""The schema out of protos, descriptor literals and stubs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from grpc2connect.schema import GrpcModule, Kind, Schema, Service
from grpc2connect.schema.literals import serialized_file

Protoc = Callable[..., None]
NAMES = ("pkg/v1/common.proto", "pkg/v1/greet.proto")


def load(*folders: Path, environment: tuple[Path, ...] = ()) -> Schema:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    schema, errors = Schema.load(files, environment)
    assert [str(error) for error in errors] == []
    return schema


def only(schema: Schema) -> Service:
    (service,) = [service for module in schema.grpc_modules for service in module.services]
    return service


def check_greeter(service: Service, *, comments: bool) -> None:
    assert (service.full_name, service.name, service.proto) == ("pkg.v1.Greeter", "Greeter", "pkg/v1/greet.proto")
    assert [(method.name, method.python_name, method.kind) for method in service.methods] == [
        ("SayHello", "say_hello", Kind.UNARY_UNARY),
        ("Watch", "watch", Kind.UNARY_STREAM),
        ("Collect", "collect", Kind.STREAM_UNARY),
        ("Chat", "chat", Kind.STREAM_STREAM),
    ]
    assert [method.input for method in service.methods] == [
        "pkg.v1.Name",
        "google.protobuf.Empty",
        "pkg.v1.Name.In",
        "pkg.v1.Name",
    ]
    place = service.methods[2].input_place
    assert place is not None and (place.proto, place.qualname) == ("pkg/v1/common.proto", "Name.In")
    if comments:
        assert service.comment.strip() == "Greets."
        assert service.methods[0].comment.strip() == "Says hello."


def test_from_protos(greet: Path) -> None:
    schema = load(greet)
    check_greeter(only(schema), comments=True)
    assert only(schema).methods[2].idempotency == "IDEMPOTENT"
    module = schema.by_import("pkg.v1.greet_pb2_grpc")
    assert module is not None
    assert (module.path, module.proto) == (None, "pkg/v1/greet.proto")
    longer = schema.by_import("app.gen.pkg.v1.greet_pb2_grpc")
    assert longer == module and longer.dotted == "app.gen.pkg.v1.greet_pb2_grpc"
    shorter = schema.by_import("greet_pb2_grpc")
    assert shorter == module
    assert schema.by_import("greet_pb2") is None
    assert schema.by_import("other_pb2_grpc") is None
    common = schema.by_import("pkg.v1.common_pb2_grpc")
    assert common is not None and common.services == ()
    messages = schema.pb2_by_import("app.gen.pkg.v1.common_pb2")
    assert messages is not None and (messages.path, messages.proto) == (None, "pkg/v1/common.proto")
    assert schema.pb2_by_import("pkg.v1.other_pb2") is None


def test_from_stubs_with_literals(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    for schema in (load(greet), load(greet / "gen")):
        check_greeter(only(schema), comments=True)
        path = greet / "gen/pkg/v1/greet_pb2_grpc.py"
        module = schema.by_path(path)
        assert module is not None and module.path == path
        assert module.dotted == "pkg.v1.greet_pb2_grpc"
        assert {one.written for one in module.pb2_imports} == {
            "google.protobuf.empty_pb2",
            "pkg.v1.common_pb2",
            "pkg.v1.greet_pb2",
        }
        assert schema.by_import("gen.pkg.v1.greet_pb2_grpc") == module
        common = schema.by_path(greet / "gen/pkg/v1/common_pb2_grpc.py")
        assert common is not None and common.services == ()
        assert schema.is_pb2_path(greet / "gen/pkg/v1/greet_pb2.py")
        assert not schema.is_pb2_path(path)
        found = schema.pb2_by_import("pkg.v1.greet_pb2")
        assert found is not None and found.path == greet / "gen/pkg/v1/greet_pb2.py"
    assert only(load(greet)).methods[2].idempotency == "IDEMPOTENT"
    assert all(module.path for module in load(greet).grpc_modules)


def test_from_stubs_alone(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    for path in (greet / "gen").rglob("*_pb2.py"):
        path.unlink()
    check_greeter(only(load(greet / "gen")), comments=True)


def test_from_literals_alone(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen", grpc=False)
    schema = load(greet / "gen")
    check_greeter(only(schema), comments=False)
    module = schema.by_import("pkg.v1.greet_pb2_grpc")
    assert module is not None and module.path is None and module.services


def test_installed_stubs(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "site")
    schema = load(environment=(greet / "site",))
    assert list(schema.grpc_modules) == []
    module = schema.by_import("pkg.v1.greet_pb2_grpc")
    assert module is not None and module.installed and module.path == greet / "site/pkg/v1/greet_pb2_grpc.py"
    assert schema.grpc_modules == (module,)
    messages = schema.pb2_by_import("pkg.v1.common_pb2")
    assert messages is not None and messages.installed
    assert schema.by_import("pkg.v2.greet_pb2_grpc") is None


def test_code_by_a_person_is_not_generated(tmp_path: Path) -> None:
    (tmp_path / "my_pb2_grpc.py").write_text("import grpc\nclass MyStub:\n    def __init__(self, channel): pass\n")
    (tmp_path / "my_pb2.py").write_text("X = 1\n")
    (tmp_path / "broken_pb2_grpc.py").write_text("def (\n")
    schema = load(tmp_path)
    assert schema.grpc_modules == ()
    assert not schema.is_pb2_path(tmp_path / "my_pb2.py")


def test_same_proto_name_in_two_roots(tmp_path: Path, protoc: Protoc) -> None:
    for name in ("One", "Two"):
        folder = tmp_path / name
        folder.mkdir()
        text = f'syntax = "proto3"; message M {{}} service {name} {{ rpc A(M) returns (M); }}'
        (folder / "x.proto").write_text(text)
    schema = load(tmp_path)
    assert {service.name for module in schema.grpc_modules for service in module.services} == {"One", "Two"}
    found = schema.by_import("Two.x_pb2_grpc")
    assert found is not None and found.services[0].name == "Two"
    for name in ("One", "Two"):
        protoc(tmp_path / name, "x.proto", out=tmp_path / name)
    schema = load(tmp_path)
    assert len(schema.grpc_modules) == 2
    real = schema.by_path(tmp_path / "Two" / "x_pb2_grpc.py")
    assert real is not None and real.services[0].name == "Two"


def test_of_modules_with_one_name_the_nearest_is_meant(tmp_path: Path, protoc: Protoc) -> None:
    for folder, rpcs in (("one", "rpc A(Q) returns (Q);"), ("two", "rpc A(Q) returns (Q); rpc B(Q) returns (Q);")):
        text = f'syntax = "proto3"; message Q {{}} service Greeter {{ {rpcs} }}'
        place = tmp_path / folder / "service"
        place.mkdir(parents=True)
        (place / "greet.proto").write_text(text)
        protoc(place, "greet.proto", out=place)
    schema = load(tmp_path)
    for folder, count in (("one", 1), ("two", 2)):
        module = schema.by_import("greet_pb2_grpc", tmp_path / folder / "server" / "main.py")
        assert module is not None and module.path == tmp_path / folder / "service" / "greet_pb2_grpc.py"
        assert len(module.services[0].methods) == count
    assert schema.by_import("greet_pb2_grpc", tmp_path / "main.py") is None


def errors_of(folder: Path) -> tuple[Schema, list[tuple[str, str, str]]]:
    schema, errors = Schema.load(sorted(folder.rglob("*.p*")))
    return schema, [(error.path.name, error.code, error.message) for error in errors]


def test_a_broken_proto_and_one_that_lacks_an_import_leave_the_others_alone(greet: Path) -> None:
    folder = greet / "protos/pkg/v1"
    (folder / "broken.proto").write_text('syntax = "proto3";\npackage pkg.v1;\nservice B { rpc }\n')
    options = (
        'syntax = "proto3"; import "google/api/annotations.proto"; message M {} service L { rpc A(M) returns (M); }'
    )
    (folder / "lacking.proto").write_text(options)
    (folder / "depends.proto").write_text('syntax = "proto3"; import "pkg/v1/broken.proto"; service D {}')
    schema, errors = errors_of(greet)
    assert [(name, code) for name, code, _ in errors] == [
        ("broken.proto", "G2C005"),
        ("depends.proto", "G2C005"),
        ("lacking.proto", "G2C006"),
    ]
    assert "line 3" in errors[0][2]
    assert "google/api/annotations.proto" in errors[2][2]
    check_greeter(only(schema), comments=True)


def test_a_missing_import_does_not_matter_where_there_are_stubs(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    (greet / "protos/pkg/v1/common.proto").unlink()
    schema, errors = errors_of(greet)
    assert errors == []
    check_greeter(only(schema), comments=True)
    (greet / "gen/pkg/v1/greet_pb2_grpc.py").unlink()
    schema, errors = errors_of(greet)
    assert errors == []
    check_greeter(only(schema), comments=False)


def test_protos_of_the_environment_are_found(tmp_path: Path) -> None:
    site = tmp_path / "site/google/api"
    site.mkdir(parents=True)
    (site / "annotations.proto").write_text('syntax = "proto3"; package google.api; message H {}')
    (tmp_path / "x.proto").write_text(
        'syntax = "proto3"; import "google/api/annotations.proto";'
        "service S { rpc A(google.api.H) returns (google.api.H); }"
    )
    schema, errors = Schema.load([tmp_path / "x.proto"], [tmp_path / "site"])
    assert errors == []
    assert only(schema).methods[0].input == "google.api.H"


@pytest.mark.parametrize(
    "template",
    [
        "DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile({b!r})",
        "DESCRIPTOR = _descriptor.FileDescriptor(name='x', serialized_pb={b!r})",
        "_b=sys.version_info[0]<3 and (lambda x:x) or (lambda x:x.encode('latin1'))\n"
        "DESCRIPTOR = _descriptor.FileDescriptor(\n  name='x',\n  serialized_pb=_b({s!r})\n)",
        "DESCRIPTOR = descriptor.FileDescriptor(name='x', serialized_pb={s!r})",
        "DESCRIPTOR = d.FileDescriptor(serialized_pb={s!r}.encode('latin1'))",
        "DESCRIPTOR = d.FileDescriptor(serialized_pb={b!r} + b'')",
        "DESCRIPTOR = d.FileDescriptor(serialized_pb=bytes({s!r}, 'latin1'))",
    ],
)
def test_literals_of_all_generators(template: str) -> None:
    data = bytes(range(256))
    text = template.format(b=data, s=data.decode("latin-1"))
    assert serialized_file(text.encode()) == data


OLD_STUBS = '''# Generated by the gRPC Python protocol compiler plugin. DO NOT EDIT!
import grpc
from grpc.framework.common import cardinality
from . import x_pb2 as a_dot_x__pb2
try:
  import y_pb2 as y__pb2
except ImportError:
  from .sub import y_pb2 as y__pb2

class GreeterStub(object):
  """Missing associated documentation comment in .proto file"""
  def __init__(self, channel):
    self.say = channel.unary_stream(
        '/p.q.Greeter/say',
        request_serializer=a_dot_x__pb2.Req.In.SerializeToString,
        response_deserializer=y__pb2.Res.FromString,
        )

def add_GreeterServicer_to_server(servicer, server):
  rpc_method_handlers = {}
  generic_handler = grpc.method_handlers_generic_handler('p.q.Greeter', rpc_method_handlers)
'''


def test_old_stubs_without_anything_else(tmp_path: Path) -> None:
    (tmp_path / "x_pb2_grpc.py").write_text(OLD_STUBS)
    schema = load(tmp_path)
    (module,) = schema.grpc_modules
    assert isinstance(module, GrpcModule)
    (method,) = module.services[0].methods
    assert (method.name, method.kind, method.input) == ("say", Kind.UNARY_STREAM, "p.q.Req.In")
    assert [one.written for one in module.pb2_imports] == [".x_pb2", ".sub.y_pb2"]


def test_stubs_that_do_not_parse_have_a_descriptor(greet: Path, protoc: Protoc) -> None:
    # grpcio-tools does not escape quotes in comments.
    path = greet / "protos/pkg/v1/greet.proto"
    path.write_text(path.read_text().replace("// Greets.", '// Greets """ all.').replace("(Name)", "(Reply)"))
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    module = load(greet / "gen").by_path(greet / "gen/pkg/v1/greet_pb2_grpc.py")
    assert module is not None
    (service,) = module.services
    assert len(service.methods) == 4
    place = service.methods[1].input_place
    assert place is not None and place.proto == "google/protobuf/empty.proto"


def test_paths_with_odd_characters(greet: Path) -> None:
    odd = greet.parent / "odd é folder"
    (greet / "protos").rename(odd)
    check_greeter(only(load(odd)), comments=True)


def test_protos_that_define_the_same_name_are_compiled_apart(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        text = 'syntax = "proto3"; package p; message M {} service S { rpc A(M) returns (M); }'
        (tmp_path / f"{name}.proto").write_text(text)
    schema = load(tmp_path)
    assert [module.proto for module in schema.grpc_modules] == ["a.proto", "b.proto", "c.proto"]
    assert all(module.services for module in schema.grpc_modules)


def test_top_bounds_where_protos_are_named_from(tmp_path: Path) -> None:
    """A proto in `work/app` names files of `work`; with `app` as the repository that folder is somebody else's."""
    app = tmp_path / "work/app"
    app.mkdir(parents=True)
    text = 'syntax = "proto3"; import "lib/m.proto"; service S { rpc A(M) returns (M); }'
    (app / "s.proto").write_text(text)
    for folder in (app / "lib", tmp_path / "work/lib"):
        folder.mkdir()
        (folder / "m.proto").write_text('syntax = "proto3"; message M {}')
    schema, errors = Schema.load([app / "s.proto"], top=app)
    assert errors == []
    assert [module.proto for module in schema.grpc_modules] == ["s.proto"]
    files = [app / "s.proto", tmp_path / "work/lib/m.proto", tmp_path / "work/app/lib/m.proto"]
    assert only(Schema.load(files)[0]).proto == "app/s.proto"
    assert only(Schema.load(files, top=app)[0]).proto == "s.proto"


def test_converters_that_a_person_has_put_into_stubs_are_told(greet: Path, protoc: Protoc) -> None:
    protoc(greet / "protos", *NAMES, out=greet / "gen")
    stubs = greet / "gen" / "pkg" / "v1" / "greet_pb2_grpc.py"

    def own_codecs() -> tuple[str, ...]:
        return next(module.own_codecs for module in load(greet / "gen").grpc_modules if module.path == stubs)

    assert own_codecs() == ()
    text = stubs.read_text("utf-8")
    first = re.findall(r"request_serializer=(\S+?),", text)[0]
    stubs.write_text(text.replace(f"request_serializer={first}", "request_serializer=json.dumps", 1), "utf-8")
    assert own_codecs() == ("json.dumps",)
    alias = first.partition(".")[0]
    stubs.write_text(re.sub(rf"import \w+ as {alias}$", f"import compact as {alias}", text, flags=re.M), "utf-8")
    assert first in own_codecs()
