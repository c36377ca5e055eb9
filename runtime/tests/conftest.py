"""Compiles the test proto with grpcio-tools and protoc-gen-connectrpc into a package."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def gen(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The generated modules: `pb2`, `pb2_grpc` and `connect`."""
    from grpc_tools import protoc

    root = tmp_path_factory.mktemp("generated")
    package = root / "echopkg"
    package.mkdir()
    shutil.copy(HERE / "echo.proto", package / "echo.proto")
    plugin = shutil.which("protoc-gen-connectrpc", path=str(Path(sys.executable).parent)) or "protoc-gen-connectrpc"
    arguments = [
        "protoc",
        f"-I{root}",
        f"--plugin=protoc-gen-connectrpc={plugin}",
        f"--python_out={root}",
        f"--grpc_python_out={root}",
        f"--connectrpc_out={root}",
        "--connectrpc_opt=protobuf=google",
        "echopkg/echo.proto",
    ]
    assert protoc.main(arguments) == 0
    (package / "__init__.py").touch()
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    names = {"pb2": "echo_pb2", "pb2_grpc": "echo_pb2_grpc", "connect": "echo_connect"}
    return SimpleNamespace(**{key: importlib.import_module(f"echopkg.{name}") for key, name in names.items()})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses the fixture `each_wire` on both wires; what is marked `connect_wire` on that one only."""
    if "each_wire" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("connect_wire") is not None
        metafunc.parametrize("each_wire", ["connect"] if only else ["connect", "grpcio"], indirect=True)


@pytest.fixture
def each_wire(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What carries the calls of this package's servers and channels."""
    monkeypatch.setenv("G2C_WIRE", request.param)
    return str(request.param)
