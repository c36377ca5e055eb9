"""Small repositories with generated code, made by the real protoc."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Protoc = Callable[..., None]


@pytest.fixture(scope="session")
def protoc() -> Protoc:
    """`protoc(root, names..., out=folder, grpc=bool)`."""

    def run(root: Path, *names: str, out: Path, grpc: bool = True) -> None:
        out.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", f"--python_out={out}"]
        command += [f"--grpc_python_out={out}"] if grpc else []
        subprocess.run([*command, *names], check=True, capture_output=True, cwd=root)

    return run


def write(root: Path, **files: str) -> None:
    """Write files; in their names `__` stands for `/` and `_PROTO` for the suffix."""
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".proto")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def greet(tmp_path: Path) -> Path:
    """A repository with two protos under `protos`, one of which imports the other."""
    write(
        tmp_path / "protos",
        pkg__v1__common='syntax = "proto3"; package pkg.v1; message Name { string n = 1; message In { int32 i = 1; } }',
        pkg__v1__greet="""
            syntax = "proto3";
            package pkg.v1;
            import "pkg/v1/common.proto";
            import "google/protobuf/empty.proto";
            message Reply { string text = 1; }
            // Greets.
            service Greeter {
              // Says hello.
              rpc SayHello(Name) returns (Reply);
              rpc Watch(google.protobuf.Empty) returns (stream Reply);
              rpc Collect(stream Name.In) returns (Reply) { option idempotency_level = IDEMPOTENT; }
              rpc Chat(stream Name) returns (stream Reply);
            }
            """,
    )
    return tmp_path
