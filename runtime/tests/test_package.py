"""What the package promises about itself."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest
from google.protobuf.message import Message

import grpc2connect_runtime as runtime
from grpc2connect_runtime import aio_types, health, testing

PACKAGE = Path(runtime.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {"libcst", "click"}
GRPCIO = "grpc"
"""Imported by the wire's modules only, which are themselves imported only when it is used."""
CHECKERS = ("shown_types.py",)
"""What type checkers alone import."""


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_are_relative_and_public(path):
    for level, module, names in imports(path):
        if level:
            continue
        parts = module.split(".")
        assert parts[0] != "grpc2connect_runtime"
        assert parts[0] not in FORBIDDEN
        assert parts[0] != GRPCIO or path.parent.name == "wire" or path.name in CHECKERS
        if parts[0] in ("connectrpc", "pyqwest", "connectrpc_grpcreflect"):
            assert not any(part.startswith("_") for part in (*parts, *names)), (module, names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_are_short(path):
    assert len(path.read_text().splitlines()) < 400


@pytest.mark.parametrize("module", [runtime, health, testing], ids=lambda module: module.__name__)
def test_every_public_name_is_documented(module):
    assert "ative form" in aio_types.__doc__  # its names stand for types of others
    for name in set(module.__all__) - set(aio_types.__all__):
        value = getattr(module, name)
        if not isinstance(value, type | FunctionType) or (isinstance(value, type) and issubclass(value, Message)):
            continue
        assert value.__doc__, name
        assert "ative form" in value.__doc__, name


CHECK = """
import importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("grpc", "libcst", "click", "connectrpc_grpcreflect", "grpc2connect_runtime"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import users_project.vendor.g2c as runtime
runtime.Server(), runtime.AioServer(), runtime.insecure_channel("localhost:1"), runtime.aio_insecure_channel("a:1")
for target in ("unix:///s", "xds:///a"):
    try:
        runtime.insecure_channel(target)
    except ImportError as error:
        assert "grpc2connect-runtime[grpc]" in str(error)
    else:
        raise AssertionError
    try:
        runtime.aio_insecure_channel(target)
    except ImportError as error:
        assert "grpc2connect-runtime[grpc]" in str(error)
    else:
        raise AssertionError
runtime.insecure_channel("a:1", [("grpc.service_config", "{}")])
try:
    runtime.Server().enable_reflection([])
except ImportError as error:
    assert "connectrpc-grpcreflect" in str(error)
else:
    raise AssertionError
"""


def test_a_vendored_copy_imports_without_grpcio(tmp_path):
    target = tmp_path / "users_project" / "vendor" / "g2c"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
