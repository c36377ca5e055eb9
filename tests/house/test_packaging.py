"""The wheel holds what it must: the tool, the rules, and the runtime's source as data."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from grpc2connect import vendor

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=170)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_has_tool_rules_and_runtime_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"grpc2connect", "grpc2connect_rules"}
    assert "grpc2connect/_vendored_runtime/grpc2connect_runtime/__init__.py" in names
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_unpacked_wheel_vendors_what_the_checkout_vendors(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    assert vendor.files(tmp_path / "grpc2connect") == vendor.files()


def test_vendored_files_are_a_package() -> None:
    names = [path.as_posix() for path, _ in vendor.files()]
    assert "grpc2connect_runtime/__init__.py" in names
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert not any(name.endswith(".pyc") for name in names)


def test_missing_runtime_is_one_line(tmp_path: Path) -> None:
    home = tmp_path / "a" / "grpc2connect"
    home.mkdir(parents=True)
    with pytest.raises(vendor.RuntimeMissing, match="not part of this installation; reinstall grpc2connect"):
        vendor.files(home)


def test_tool_and_runtime_are_two_distributions() -> None:
    tool = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    runtime = tomllib.loads((REPOSITORY / "runtime" / "pyproject.toml").read_text())["project"]
    assert (tool["name"], runtime["name"]) == ("grpc2connect", "grpc2connect-runtime")
    assert not any(name.startswith(("grpc2connect", "libcst")) for name in tool["dependencies"])
    assert not any(name.startswith(("click", "rich", "libcst")) for name in runtime["dependencies"])


def test_vendored_runtime_requires_what_the_distribution_does() -> None:
    runtime = tomllib.loads((REPOSITORY / "runtime" / "pyproject.toml").read_text())["project"]
    assert (vendor.DISTRIBUTION, list(vendor.REQUIREMENTS)) == (runtime["name"], runtime["dependencies"])
