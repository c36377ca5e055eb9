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


@pytest.mark.parametrize(
    ("copied", "line", "advice"),
    [
        ("COPY . .", 0, ""),
        ("COPY shop /srv/shop\nCOPY README.md /srv/", 0, ""),
        ("COPY shop/app.py ./", 4, "`COPY shop/grpc2connect_runtime ./grpc2connect_runtime`"),
        ("COPY shop/*.py /srv", 4, "`COPY shop/grpc2connect_runtime /srv/grpc2connect_runtime`"),
        ("COPY shop/data ./data/\nCOPY shop/app.py shop/greeting_pb2.py ./", 5, "./grpc2connect_runtime`"),
        ("COPY shop/app.py /srv/main.py", 4, "copy it beside what imports it"),
        ("COPY other ./", 0, ""),
        ("ENV WHERE shop\nCOPY shop/app.py ./\nADD ./${WHERE}/ /srv/${WHERE}/", 0, ""),
        ("ADD shop/data/ /srv/data/\nCOPY shop/app.py /srv/a.py", 5, "runtime /srv/grpc2connect_runtime`"),
        ("ARG WHERE\nCOPY ${WHERE} /srv\nCOPY shop/app.py ./", 6, "COPY shop/grpc2connect_runtime"),
        ("COPY --from=build /srv /srv", 0, ""),
    ],
)
def test_an_image_that_takes_code_along_file_by_file(program: Program, copied: str, line: int, advice: str) -> None:
    _move_into(program, "shop")
    program.write("shop/data/a.txt", "")
    program.write("other/a.txt", "")
    program.write("Dockerfile", f'# built here\nFROM python:3.12\nWORKDIR /srv\n{copied}\nCMD ["python", "app.py"]\n')
    found = [finding for finding in program.run().findings if finding.code == "G2C902"]
    assert [finding.place.line for finding in found] == ([line] if line else [])
    assert all(advice in finding.advice for finding in found)


@pytest.mark.parametrize(
    ("volumes", "said"),
    [
        (["./services/web:/srv/web", "./shop:/srv/shop"], ""),
        (
            ["./services/web:/srv/web", "./shop/rpc:/srv/rpc:ro"],
            "`- ./shop/grpc2connect_runtime:/srv/grpc2connect_runtime`",
        ),
        (["data:/data"], ""),
    ],
)
def test_a_container_with_code_that_is_mounted(program: Program, volumes: list[str], said: str) -> None:
    _move_into(program, "shop/rpc")
    program.write("shop/rpc/app.py", USE.replace("import greeting", "from rpc import greeting"))
    listed = "".join(f"      - {one}\n" for one in volumes)
    program.write("docker-compose.yml", f"services:\n  web:\n    image: python:3.12\n    volumes:\n{listed}")
    found = [finding for finding in program.run().findings if finding.code == "G2C902"]
    assert [finding.place.line for finding in found] == ([6] if said else [])
    assert all(said in finding.advice for finding in found)


def _move_into(program: Program, folder: str) -> None:
    program.write(f"{folder}/app.py", USE)
    for stubs in ("greeting_pb2.py", "greeting_pb2_grpc.py"):
        program.write(f"{folder}/{stubs}", program.text(stubs))
        (program.folder / stubs).unlink()
