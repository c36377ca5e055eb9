"""What type checkers say of a program before and after its migration: nothing, both times."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import State

TYPED = Path(__file__).parents[2] / "fixtures" / "typed"
STRICT = "[tool.mypy]\nstrict = true\n"
WITH_STUBS = f'{STRICT}mypy_path = "$MYPY_CONFIG_FILE_DIR/stubs"\n'
WITHOUT = f"""{STRICT}warn_return_any = true
[[tool.mypy.overrides]]
module = ["grpc.*", "shop_pb2_grpc"]
ignore_missing_imports = true
follow_imports = "skip"
"""


@pytest.fixture(params=["strict", "loose"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    shutil.copytree(TYPED / request.param, folder)
    shutil.copy(TYPED / "shop.proto", folder)
    protoc = ("grpc_tools.protoc", "-I", ".", "--python_out=.", "--pyi_out=.", "--grpc_python_out=.", "shop.proto")
    subprocess.run([sys.executable, "-m", *protoc], cwd=folder, check=True, timeout=60)
    if request.param == "strict":
        shutil.copytree(TYPED / "stubs", folder / "stubs")
        shutil.copy(TYPED / "shop_pb2_grpc.pyi", folder)
    (folder / "pyproject.toml").write_text(WITH_STUBS if request.param == "strict" else WITHOUT)
    return folder


def own(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.py") if not path.name.startswith("shop_"))


def mypy(folder: Path) -> str:
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder.parent / "cache"), *own(folder)]
    return subprocess.run(command, cwd=folder, check=False, timeout=150, capture_output=True, text=True).stdout


def migrate(folder: Path) -> None:
    result = run(Options(folder, (folder,)))
    assert result.audit.holds and not result.errors
    assert {entry.place for entry in result.ledger if entry.state is State.LEFT} == set(), result.findings
    for change in result.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)


def test_mypy_has_nothing_new_to_say(program: Path) -> None:
    clean = f"Success: no issues found in {len(own(program))} source file"
    assert mypy(program).startswith(clean)
    migrate(program)
    assert mypy(program).startswith(clean)


@pytest.mark.skipif(find_spec("basedpyright") is None, reason="basedpyright is not installed")
def test_pyright_has_nothing_new_to_say(program: Path) -> None:
    settings = {"typeCheckingMode": "strict", "include": own(program), "stubPath": "stubs"}
    (program / "pyrightconfig.json").write_text(json.dumps(settings))
    before = pyright(program)
    migrate(program)
    assert [one for one in pyright(program) if one not in before] == []


def pyright(folder: Path) -> list[tuple[str, str, str]]:
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, cwd=folder, check=False, timeout=170, capture_output=True, text=True)
    found = [one for one in json.loads(done.stdout)["generalDiagnostics"] if one["severity"] == "error"]
    return [(Path(one["file"]).name, one.get("rule", ""), one["message"]) for one in found]
