"""Generated modules: made by the real plugin, imported by a Python of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grpc2connect.generate import connect_module, generate
from grpc2connect.options import GeneratedPlace, Options
from grpc2connect.results import FileChange, FileError
from grpc2connect.schema import GrpcModule, Schema
from grpc2connect.sources import write_all

GREET = """
syntax = "proto3";
package pkg.v1;
import "%scommon.proto";
import "google/protobuf/empty.proto";
message Reply { string text = 1; }
// Greets \\ "with" quotes.
service Greeter {
  // Says hello.
  rpc SayHello(Name) returns (Reply);
  rpc Watch(google.protobuf.Empty) returns (stream Reply);
  rpc Collect(stream Name.In) returns (Reply) { option idempotency_level = IDEMPOTENT; }
}
service Other { rpc Get(Code) returns (google.protobuf.Empty) { option idempotency_level = NO_SIDE_EFFECTS; } }
"""
COMMON = """
syntax = "proto3"; package pkg.v1;
message Name { string n = 1; message In { int32 i = 1; } }
message Code {}
service Common { rpc Get(Name) returns (Code); }
"""
CHECK = """
import inspect, sys
module = __import__(sys.argv[1], fromlist=["x"])
client = module.GreeterClientSync("http://localhost:1")
assert inspect.isfunction(module.Greeter.say_hello) and inspect.isfunction(module.GreeterSync.watch)
class Async(module.Greeter): pass
class Sync(module.GreeterSync): pass
module.GreeterASGIApplication(Async())
app = module.GreeterWSGIApplication(Sync())
print(app.path, module.Name.In.DESCRIPTOR.full_name, module.Reply.DESCRIPTOR.file.name)
"""


@pytest.fixture
def repo(tmp_path: Path) -> Callable[..., Path]:
    """`repo(folder, prefix)`: protos in `protos/<prefix>` and their stubs below `folder`."""

    def make(out: str, prefix: str = "", *, stubs: bool = True) -> Path:
        protos = tmp_path / "protos" / prefix
        protos.mkdir(parents=True)
        (protos / "greet.proto").write_text(GREET % prefix)
        (protos / "common.proto").write_text(COMMON)
        if stubs:
            protoc(tmp_path, out, prefix, "--grpc_python_out")
        return tmp_path

    return make


def protoc(root: Path, out: str, prefix: str, *plugins: str) -> None:
    (root / out).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "grpc_tools.protoc", "-Iprotos", f"--python_out={out}"]
    command += [f"{plugin}={out}" for plugin in plugins]
    names = [f"{prefix}greet.proto", f"{prefix}common.proto"]
    subprocess.run([*command, *names], check=True, capture_output=True, cwd=root)


def run(root: Path, **settings: GeneratedPlace) -> tuple[list[FileChange], list[FileError]]:
    options = Options(root, (root,), **settings)
    files = [path for path in root.rglob("*") if path.is_file()]
    schema, errors = Schema.load(files)
    assert [str(error) for error in errors] == []
    return generate(schema, schema.grpc_modules, options)


def write(root: Path, **settings: GeneratedPlace) -> list[str]:
    """Generate and write; the names of what changed."""
    changes, errors = run(root, **settings)
    assert [str(error) for error in errors] == []
    assert write_all(changes) == []
    assert run(root, **settings) == ([], [])
    return [change.path.relative_to(root).as_posix() for change in changes]


def imported(path: Path, dotted: str) -> str:
    """What `CHECK` prints of the generated module."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK, dotted], cwd=path, env={"PYTHONPATH": str(path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def message_imports(path: Path) -> list[str]:
    return re.findall(r"^from (\S+_pb2) import", path.read_text(), re.MULTILINE)


def test_flat_scripts(repo: Callable[..., Path]) -> None:
    root = repo("app")
    assert write(root) == ["app/common_connect.py", "app/greet_connect.py"]
    assert imported(root / "app", "greet_connect") == "/pkg.v1.Greeter pkg.v1.Name.In greet.proto"
    assert sorted(message_imports(root / "app/greet_connect.py")) == [
        "common_pb2",
        "google.protobuf.empty_pb2",
        "greet_pb2",
    ]


@pytest.mark.parametrize("regular", [True, False])
def test_packages(repo: Callable[..., Path], regular: bool) -> None:
    root = repo("src", "pkg/v1/")
    if regular:
        (root / "src/pkg/__init__.py").touch()
        (root / "src/pkg/v1/__init__.py").touch()
    assert write(root) == ["src/pkg/v1/common_connect.py", "src/pkg/v1/greet_connect.py"]
    assert imported(root / "src", "pkg.v1.greet_connect") == "/pkg.v1.Greeter pkg.v1.Name.In pkg/v1/greet.proto"
    assert "pkg.v1.greet_pb2" in message_imports(root / "src/pkg/v1/greet_connect.py")


def relative(root: Path, folder: str) -> None:
    """What many repositories do with sed after protoc: make the imports relative."""
    for path in (root / folder).rglob("*_pb2*.py"):
        path.write_text(re.sub(r"^import (\w+_pb2) as", r"from . import \1 as", path.read_text(), flags=re.MULTILINE))
    (root / folder / "__init__.py").touch()


def test_relative_imports(repo: Callable[..., Path]) -> None:
    root = repo("src/app/gen")
    relative(root, "src/app/gen")
    assert write(root) == ["src/app/gen/common_connect.py", "src/app/gen/greet_connect.py"]
    assert imported(root / "src", "app.gen.greet_connect").startswith("/pkg.v1.Greeter")
    found = sorted(message_imports(root / "src/app/gen/greet_connect.py"))
    assert found == [".common_pb2", ".greet_pb2", "google.protobuf.empty_pb2"]


def test_a_prefix(repo: Callable[..., Path]) -> None:
    root = repo("src/app/gen")
    for path in (root / "src/app/gen").rglob("*_pb2*.py"):
        text = re.sub(r"^import (\w+_pb2) as", r"from app.gen import \1 as", path.read_text(), flags=re.MULTILINE)
        path.write_text(text)
    write(root)
    assert imported(root / "src", "app.gen.greet_connect").startswith("/pkg.v1.Greeter")


@pytest.mark.parametrize("lost", [["protos/*.proto"], ["app/*_pb2.py"], ["protos/*.proto", "app/*_pb2.py"]])
def test_with_less_at_hand(repo: Callable[..., Path], lost: list[str]) -> None:
    root = repo("app")
    write(root)
    whole = (root / "app/greet_connect.py").read_text()
    (root / "app/greet_connect.py").unlink()
    for pattern in lost:
        for path in root.glob(pattern):
            path.unlink()
    write(root)
    text = (root / "app/greet_connect.py").read_text()
    # What only a descriptor says is how an RPC may be repeated.
    strip = re.compile(r"IdempotencyLevel\.\w+|.*use_get.*\n")
    assert strip.sub("", text) == strip.sub("", whole)
    if list(root.rglob("*_pb2.py")):
        assert text == whole


def test_as_the_plugin_itself_but_for_imports_and_type_checkers(repo: Callable[..., Path]) -> None:
    from grpc2connect.generate.plugin import find_plugin

    root = repo("src", "pkg/v1/")
    write(root)
    (root / "plain").mkdir()
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-Iprotos", f"--plugin={find_plugin()}"),
            *("--connectrpc_out=plain", "--connectrpc_opt=protobuf=google", "pkg/v1/greet.proto"),
        ],
        check=True,
        cwd=root,
    )
    plain = (root / "plain/pkg/v1/greet_connect.py").read_text()
    fitted = (root / "src/pkg/v1/greet_connect.py").read_text()
    plain = re.sub(r" +\n", "\n", plain)  # blanks at line ends, which git warns of
    handlers = re.sub(r"ctx: RequestContext\[[\w., ]+\], /\) -> [\w.\[\]]+:", "ctx: _Any, /) -> _Any:", plain)
    assert handlers.count("-> _Any:") == 8
    changes = {
        "from .greet_pb2 import": "from pkg.v1.greet_pb2 import",
        "from typing import Protocol,": "from typing import Any as _Any, Protocol,",
        "# pyright: reportDeprecated=false\n": (
            "# pyright: basic, reportDeprecated=false, reportAttributeAccessIssue=false, reportInvalidTypeForm=false\n"
            "# mypy: ignore-errors\n"
        ),
    }
    for old, new in changes.items():
        assert handlers.count(old) == 1
        handlers = handlers.replace(old, new)
    assert fitted == handlers


def test_copies_of_one_proto_and_different_ones_of_one_name(repo: Callable[..., Path]) -> None:
    root = repo("one")
    protoc(root, "two", "", "--grpc_python_out")
    (root / "protos/greet.proto").write_text(
        'syntax = "proto3"; package pkg.v1; message Reply {} service Different { rpc Go(Reply) returns (Reply); }'
    )
    protoc(root, "three", "", "--grpc_python_out")
    assert len(write(root)) == 6
    same = [(root / name / "greet_connect.py").read_bytes() for name in ("one", "two")]
    assert same[0] == same[1]
    assert "class Different(" in (root / "three/greet_connect.py").read_text()


def test_stubs_that_are_not_on_disk_need_a_place(repo: Callable[..., Path]) -> None:
    root = repo("", "pkg/v1/", stubs=False)
    changes, errors = run(root)
    assert changes == []
    assert {error.code for error in errors} == {"G2C008"}
    assert "generated" in errors[0].advice
    assert [error.path for error in errors] == [root / f"protos/pkg/v1/{name}.proto" for name in ("common", "greet")]
    place = GeneratedPlace(root / "src/app_connect", "app_connect")
    names = write(root, generated=place)
    assert names == ["src/app_connect/pkg/v1/common_connect.py", "src/app_connect/pkg/v1/greet_connect.py"]
    protoc(root, "build", "pkg/v1/")
    (root / "build/app_connect").symlink_to(root / "src/app_connect")
    assert imported(root / "build", "app_connect.pkg.v1.greet_connect").startswith("/pkg.v1.Greeter")


def test_an_error_names_a_messages_module_that_is_all_there_is(repo: Callable[..., Path]) -> None:
    root = repo("", "pkg/v1/", stubs=False)
    protoc(root, "src", "pkg/v1/")
    for proto in root.rglob("*.proto"):
        proto.unlink()
    changes, errors = run(root)
    assert changes == []
    names = [(error.code, error.path.relative_to(root).as_posix()) for error in errors]
    assert names == [("G2C008", f"src/pkg/v1/{name}_pb2.py") for name in ("common", "greet")]


def test_stubs_built_below_a_package(repo: Callable[..., Path]) -> None:
    root = repo("", "pkg/v1/", stubs=False)
    place = GeneratedPlace(root / "out", "out")
    schema, _ = Schema.load(list((root / "protos").rglob("*.proto")))
    module = schema.by_import("app.gen.pkg.v1.greet_pb2_grpc")
    assert module is not None
    (change,), errors = generate(schema, [module], Options(root, (root,), generated=place))
    assert errors == []
    found = re.findall(r"^from (\S+_pb2) import", change.after.decode(), re.MULTILINE)
    assert sorted(found) == ["app.gen.pkg.v1.common_pb2", "app.gen.pkg.v1.greet_pb2", "google.protobuf.empty_pb2"]


def test_installed_stubs(repo: Callable[..., Path]) -> None:
    root = repo("site/app/gen")
    relative(root, "site/app/gen")
    schema, _ = Schema.load([], [root / "site"])
    module = schema.by_import("app.gen.greet_pb2_grpc")
    assert module is not None
    changes, errors = generate(schema, [module], Options(root, (root / "src",)))
    assert (changes, [error.code for error in errors]) == ([], ["G2C008"])
    options = Options(root, (root / "src",), generated=GeneratedPlace(root / "src/rpc", "rpc"))
    changes, errors = generate(schema, [module], options)
    assert errors == []
    assert [change.path for change in changes] == [root / "src/rpc/greet_connect.py"]
    assert connect_module(module, options) == (root / "src/rpc/greet_connect.py", "rpc.greet_connect")
    assert write_all(changes) == []
    (root / "site/rpc").symlink_to(root / "src/rpc")
    assert imported(root / "site", "rpc.greet_connect").startswith("/pkg.v1.Greeter")


def test_places(tmp_path: Path) -> None:
    options = Options(tmp_path, (tmp_path,))
    beside = GrpcModule(tmp_path / "a/x_pb2_grpc.py", "a.x_pb2_grpc", (), "a/x.proto")
    assert connect_module(beside, options) == (tmp_path / "a/x_connect.py", "a.x_connect")
    assert connect_module(GrpcModule(tmp_path / "x_pb2_grpc.py", None, (), "x.proto"), options)[1] == "x_connect"


def test_a_change_is_of_the_bytes_that_are_there(repo: Callable[..., Path]) -> None:
    root = repo("app")
    write(root)
    path = root / "app/greet_connect.py"
    old = path.read_bytes().replace(b"v0.13.0", b"v0.12.0")
    path.write_bytes(old)
    (change,), _ = run(root)
    assert (change.path, change.before) == (path, old)
    assert change.units == ("pkg.v1.Greeter", "pkg.v1.Other")
    path.write_bytes(change.after.replace(b"\n", b"\r\n"))
    assert run(root) == ([], [])


def test_a_module_by_a_person_is_not_overwritten(repo: Callable[..., Path]) -> None:
    root = repo("app")
    (root / "app/greet_connect.py").write_text("def connect(): pass\n")
    changes, errors = run(root)
    assert [change.path.name for change in changes] == ["common_connect.py"]
    assert [(error.path.name, error.code) for error in errors] == [("greet_connect.py", "G2C009")]


def test_clashes_are_errors_and_the_others_are_made(repo: Callable[..., Path]) -> None:
    root = repo("", stubs=False)
    text = (root / "protos/common.proto").read_text()
    (root / "protos/common.proto").write_text(text.replace("rpc Get(", "rpc Close("))
    protoc(root, "app", "", "--grpc_python_out")
    changes, errors = run(root)
    assert [change.path.name for change in changes] == ["greet_connect.py"]
    assert [(error.path.name, error.code) for error in errors] == [("common_pb2_grpc.py", "G2C009")]


def test_a_missing_plugin_is_one_line(repo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = repo("app")
    monkeypatch.setattr("grpc2connect.generate.plugin.NAME", "protoc-gen-nowhere")
    changes, errors = run(root)
    assert changes == []
    (error,) = errors
    assert error.code == "G2C007"
    assert "install" in error.advice and "\n" not in str(error)


def test_a_failing_plugin_is_one_line_for_each(repo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = repo("app")
    monkeypatch.setattr("grpc2connect.generate.plugin.PARAMETER", "nonsense=1")
    changes, errors = run(root)
    assert changes == []
    assert [(error.code, "\n" in str(error)) for error in errors] == [("G2C011", False)] * 2


def test_a_plugin_that_is_exchanged_is_asked_again(repo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = repo("app")
    assert run(root) == run(root)
    other = root / "protoc-gen-connectrpc"
    other.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setattr(sys.modules["grpc2connect.generate.generate"], "find_plugin", lambda: other)
    changes, errors = run(root)
    assert changes == []
    assert [str(error).partition("failed: ")[2][:13] for error in errors] == ["no such thing"] * 2
