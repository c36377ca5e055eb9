"""Real packages with hand-written gRPC code, pinned and unpacked: never imported, never committed.

A dry run over each: no crash, every reference accounted for, what is left says why, the patch parses, and a second run
over the result changes nothing.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options
from grpc2connect.results import State

PACKAGES = {
    "dapr==1.19.0": 400,
    "durabletask==1.12.0": 200,
    "etcd3==0.8.1": 50,
    "flwr==1.42.0": 300,
    "jina==3.34.0": 200,
    "pulumi==3.272.0": 200,
    "pymilvus==3.0.2": 500,
    "pyzeebe==4.7.0": 100,
    "tritonclient==2.73.0": 100,
}
LARGE = ("durabletask==1.12.0", "flwr==1.42.0", "jina==3.34.0", "pulumi==3.272.0", "pymilvus==3.0.2")
"""Packages that take longest; `G2C_CORPORA=all` tries them, too."""
DOWNLOAD_S = 120


@pytest.fixture
def unpacked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The Python and proto files of a package's wheel."""
    if request.param in LARGE and os.environ.get("G2C_CORPORA") != "all":
        pytest.skip("takes long: G2C_CORPORA=all")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--platform", "manylinux2014_x86_64", "--platform", "manylinux1_x86_64", "--python-version", "3.11"]
    done = subprocess.run(
        [*command, "--dest", str(tmp_path / "wheel"), request.param],
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_S,
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    if done.returncode:
        pytest.skip(
            f"not to be had: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no reason given'}"
        )
    folder = tmp_path / "unpacked"
    for wheel in (tmp_path / "wheel").iterdir():
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith((".py", ".proto"))]
            archive.extractall(folder, names)
    return folder


@pytest.mark.parametrize(("unpacked", "at_least"), PACKAGES.items(), ids=PACKAGES, indirect=["unpacked"])
def test_dry_run(unpacked: Path, at_least: int) -> None:
    options = Options(unpacked, (unpacked,))
    result = run(options)
    assert result.audit.holds, result.audit
    assert len(result.ledger) >= at_least * 0.7
    failed = [error for error in result.errors if error.code in ("G2C001", "G2C014")]
    assert failed == []
    units = {
        unit for entry in result.ledger if entry.state is State.LEFT and entry.behaviour for unit in entry.units
    }  # an import stays beside what moves, without a finding
    assert result.findings or not units
    for change in result.changes:
        if change.path.suffix == ".py":
            ast.parse(change.after)
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    assert run(options).changes == ()
