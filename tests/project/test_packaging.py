"""A runtime that is written into something that is built is said."""

from __future__ import annotations

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from tests.programs.conftest import Program

USE = "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pyproject.toml", '[project]\nname = "a"\n', True),
        ("setup.py", "from setuptools import setup\nsetup(packages=['a'])\n", True),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("requirements.txt", "grpcio\n", False),
    ],
)
def test_said_where_it_is_built(program: Program, name: str, text: str, said: bool) -> None:
    program.write("app.py", USE)
    program.write(name, text)
    findings = {finding.code: finding for finding in program.run().findings}
    assert ("G2C902" in findings) is said
    assert not said or findings["G2C902"].place.path == program.folder / name
    package = run(Options(program.folder, (program.folder,), runtime=RuntimeMode.PACKAGE))
    assert "G2C902" not in {finding.code for finding in package.findings}
