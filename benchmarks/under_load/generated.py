"""Generates the code of the benchmarks' service, and imports it."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

_PACKAGE = "load_generated"
_PROTO = Path(__file__).with_name("load.proto")
_LIMIT_S = 60


@dataclass(frozen=True)
class Generated:
    """The generated modules: messages, gRPC's stubs and Connect's applications."""

    pb2: ModuleType
    grpc: ModuleType
    connect: ModuleType


def generate(folder: Path) -> None:
    """Write the generated package into a folder."""
    package = folder / _PACKAGE
    package.mkdir()
    shutil.copy(_PROTO, package)
    plugin = shutil.which("protoc-gen-connectrpc", path=str(Path(sys.executable).parent)) or "protoc-gen-connectrpc"
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--plugin=protoc-gen-connectrpc={plugin}"),
        *(f"--python_out={folder}", f"--grpc_python_out={folder}", f"--connectrpc_out={folder}"),
        *("--connectrpc_opt=protobuf=google", f"{_PACKAGE}/{_PROTO.name}"),
    ]
    subprocess.run(command, check=True, timeout=_LIMIT_S)
    (package / "__init__.py").touch()


def load(folder: Path) -> Generated:
    """Import what `generate` wrote."""
    sys.path.insert(0, str(folder))
    names = ("load_pb2", "load_pb2_grpc", "load_connect")
    return Generated(*(importlib.import_module(f"{_PACKAGE}.{name}") for name in names))
