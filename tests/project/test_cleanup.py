"""The last step takes away what nothing needs any more, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.engine import generate, run
from grpc2connect.options import Options, RuntimeMode, Serve, Stage
from grpc2connect.project.dependencies import uses
from grpc2connect.project.places import read_places
from grpc2connect.project.situation import Situation
from grpc2connect.project.stubs import Stubs
from grpc2connect.project.texts import Texts
from grpc2connect.results import RunResult, State
from grpc2connect.sources import write_all
from tests.programs.conftest import STUBS, Program

CLIENT = (
    "import grpc\n\nimport greeting_pb2_grpc\n\nstub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
)
SERVER = """\
from concurrent import futures

import grpc

import greeting_pb2_grpc


class Greeter(greeting_pb2_grpc.GreeterServicer):
    pass


server = grpc.server(futures.ThreadPoolExecutor())
greeting_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
"""
MAKE = "x:\n\tpython -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. greeting.proto\n"


def step(folder: Path, **settings: object) -> RunResult:
    """Take a step, and write what comes of it."""
    result = run(Options(folder, (folder,), runtime=RuntimeMode.PACKAGE, **settings))  # type: ignore[arg-type]
    assert result.audit.holds, result.audit
    assert write_all(result.changes) == []
    return result


def cleaned(program: Program, **settings: object) -> RunResult:
    """Migrate and clean up; a second clean-up changes nothing."""
    step(program.folder, **settings)
    result = step(program.folder, stage=Stage.CLEANUP, **settings)
    assert step(program.folder, stage=Stage.CLEANUP, **settings).changes == ()
    return result


def said(result: RunResult, code: str) -> list[str]:
    return [finding.message for finding in result.findings if finding.code == code]


def test_nothing_of_grpc_is_left_of_a_client(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("Makefile", MAKE)
    program.write("requirements.txt", "a\ngrpcio>=1.60\ngrpcio-status  # rich\nz\n")
    program.write("requirements-dev.txt", "grpcio-tools\ntypes-grpcio\n")
    result = cleaned(program)
    assert not (program.folder / "greeting_pb2_grpc.py").exists()
    assert (program.folder / "greeting_pb2.py").exists()
    assert program.text("Makefile") == (
        "x:\n\tpython -m grpc_tools.protoc -I. --python_out=. greeting.proto\n\tpython -m grpc2connect generate .\n"
    )
    assert program.text("requirements.txt") == "a\ngrpc2connect-runtime>=0.1,<0.2\nz\n"
    assert program.text("requirements-dev.txt") == "grpcio-tools\ngrpc2connect>=0.1,<0.2\n"
    assert said(result, "G2C932") == ["grpcio-tools is still required: it runs protoc (Makefile)"]


def test_generate_goes_on_without_stubs(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("greeting.proto", (STUBS / "greeting.proto").read_text())
    cleaned(program)
    path = program.folder / "greeting_connect.py"
    before = path.read_bytes()
    path.unlink()
    made = generate(Options(program.folder, (program.folder,)))
    assert made.errors == ()
    assert write_all(made.changes) == []
    assert b"from greeting_pb2 import HelloReply, HelloRequest" in before
    assert path.read_bytes() == before


@pytest.mark.parametrize(("serve", "kept"), [(Serve.DUAL, True), (Serve.SINGLE, False)])
def test_a_server_on_grpcio_keeps_it(program: Program, serve: Serve, kept: bool) -> None:
    program.write("app.py", SERVER)
    program.write("requirements.txt", "grpcio\n")
    result = cleaned(program, serve=serve)
    assert ("grpcio\n" in program.text("requirements.txt")) is kept
    assert not (program.folder / "greeting_pb2_grpc.py").exists()
    assert len(said(result, "G2C932")) == kept


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("insecure_channel('unix:/a')", True),
        ("insecure_channel('xds:///a')", True),
        ("insecure_channel('ipv4:1.2.3.4:1,5.6.7.8:1')", True),
        ("insecure_channel(target)", True),
        ("insecure_channel(f'{host}:1')", True),
        ("insecure_channel('a:1', options=options)", True),
        ("insecure_channel('a:1', [('grpc.service_config', '{}')])", True),
        ("insecure_channel('a:1', [('grpc.max_receive_message_length', -1)])", False),
        ("insecure_channel(f'localhost:{port}')", False),
        ("insecure_channel('dns:///a.b:1')", False),
        ("secure_channel('a:1', credentials)", True),
        ("Server(pool, wire='grpcio')", True),
        ("Server(pool)", False),
        ("AioServer(xds=True)", True),
        ("client_on(channel, Client)", True),
        ("status_code(error)", False),
    ],
)
def test_what_the_runtime_needs_grpcio_for(tmp_path: Path, code: str, needed: bool) -> None:
    path = tmp_path / "app.py"
    name = code.partition("(")[0]
    path.write_text(f"from grpc2connect_runtime import {name} as of_runtime\n\nof_runtime({code.partition('(')[2]}\n")
    assert [use.name for use in uses.of_python(path)] == ["grpcio"] * needed
    path.write_text(f"from elsewhere import {name}\n\n{code}\n")
    assert list(uses.of_python(path)) == []


@pytest.mark.parametrize(
    "other",
    [
        "import greeting_pb2_grpc\n",
        "from importlib import import_module\n\nmodule = import_module('greeting_pb2_grpc')\n",
        "from importlib import import_module\n\n\ndef load(name):\n    return import_module(name + '_pb2_grpc')\n",
        "from importlib import import_module\n\n\ndef load(name):\n    return import_module(f'{name}_grpc')\n",
        "greeting_pb2_grpc = (\n",
    ],
)
def test_stubs_that_something_names_stay(program: Program, other: str) -> None:
    path = program.write("other.py", other)
    stubs = Stubs(program.folder, [program.folder / "greeting_pb2_grpc.py"])
    stubs.judge([path], [program.folder / "greeting_connect.py"], [])
    assert list(stubs.gone()) == []
    assert "other.py:" in stubs.why(("greeting",), None)


def test_notebooks_count(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("requirements.txt", "grpcio\n")
    step(program.folder)
    cell = '{"cells": [{"source": ["import grpc\\n", "import greeting_pb2_grpc\\n"]}], "metadata": {"a": null}}'
    program.write("try.ipynb", cell)
    result = step(program.folder, stage=Stage.CLEANUP)
    assert result.changes == ()
    assert said(result, "G2C916") == ["this stays: try.ipynb:1 names it"]


def test_what_makes_them_and_what_they_need_stay_with_them(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("Makefile", MAKE)
    program.write("requirements.txt", "grpcio\n")
    step(program.folder)
    program.write("other.py", "from importlib import import_module\n\nmodule = import_module('greeting_pb2_grpc')\n")
    result = step(program.folder, stage=Stage.CLEANUP)
    assert result.changes == ()
    assert said(result, "G2C916") == ["this stays: other.py:3 names it"]
    assert said(result, "G2C915") and said(result, "G2C932")


def test_what_only_tells_of_stubs_does_not_keep_them(program: Program) -> None:
    path = program.write("other.py", '"""Was: greeting_pb2_grpc."""\n\n# import greeting_pb2_grpc\n')
    stubs = Stubs(program.folder, [program.folder / "greeting_pb2_grpc.py"])
    stubs.judge([path], [program.folder / "greeting_connect.py"], [])
    assert list(stubs.gone()) == [program.folder / "greeting_pb2_grpc.py"]


def test_what_has_not_moved_stays(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("Makefile", MAKE)
    result = step(program.folder, stage=Stage.CLEANUP)
    assert result.changes == ()
    assert said(result, "G2C916") == ["nothing has moved to Connect here"]


def test_what_is_generated_in_a_way_that_stays_is_kept(program: Program) -> None:
    program.write("app.py", CLIENT)
    step(program.folder)
    program.write("BUILD.bazel", 'py_grpc_library(\n    name = "greeting",\n)\n')
    result = step(program.folder, stage=Stage.CLEANUP)
    assert result.changes == ()
    assert said(result, "G2C916") == ["this stays: BUILD.bazel:1 goes on generating it"]


def test_what_is_built_is_said(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("pyproject.toml", '[project]\nname = "a"\ndependencies = ["grpcio"]\n')
    result = cleaned(program)
    assert len(said(result, "G2C917")) == 1
    assert 'dependencies = ["grpc2connect-runtime>=0.1,<0.2"]' in program.text("pyproject.toml")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "gen.sh",
            "protoc \\\n  --python_out=. \\\n  --grpc_python_out=. \\\n  --connectrpc_out=. \\\n  greeting.proto\n",
            "protoc \\\n  --python_out=. \\\n  --connectrpc_out=. \\\n  greeting.proto\n",
        ),
        (
            "gen.sh",
            "protoc greeting.proto --connectrpc_out=. \\\n  --grpc_python_out=.\necho\n",
            "protoc greeting.proto --connectrpc_out=.\necho\n",
        ),
        (
            "gen.sh",
            "protoc --grpc_python_out . --connectrpc_out . --mypy_grpc_out=. greeting.proto\n",
            "protoc --connectrpc_out . greeting.proto\n",
        ),
        (
            "gen.py",
            'protoc.main([\n    "--grpc_python_out=.",\n    "--connectrpc_out=.",\n    "greeting.proto",\n])\n',
            'protoc.main([\n    "--connectrpc_out=.",\n    "greeting.proto",\n])\n',
        ),
        (
            "buf.gen.yaml",
            "plugins:\n  - local: protoc-gen-grpc_python  # a\n    out: .\n  # b\n  - local: protoc-gen-connectrpc\n"
            "    out: .\n    opt: protobuf=google\n",
            "plugins:\n  # b\n  - local: protoc-gen-connectrpc\n    out: .\n    opt: protobuf=google\n",
        ),
        (
            "gen.sh",
            "protoc --grpc_python_out=. greeting.proto\nsed -i s/a/b/ greeting_pb2_grpc.py\ngrpc2connect generate .\n",
            "protoc greeting.proto\ngrpc2connect generate .\n",
        ),
    ],
)
def test_places_generate_connect_code_only(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / name
    path.write_text(before)
    texts = Texts()
    answer, _ = read_places([path], texts, Situation(Options(tmp_path, (tmp_path,)), [path], list, cleanup=True))
    assert texts.get(path) == after
    assert answer.kept == []


def test_a_file_that_generates_and_moves_gets_both(program: Program) -> None:
    protoc = 'protoc.main(["", "-I.", "--grpc_python_out=.", "greeting.proto"])\n'
    program.write("app.py", f"from grpc_tools import protoc\n\n{protoc}\n{CLIENT}")
    step(program.folder)
    text = program.text("app.py")
    assert f'{protoc}subprocess.check_call([sys.executable, "-m", "grpc2connect", "generate", "."])\n' in text
    assert "import subprocess\nimport sys\nfrom grpc_tools import protoc\n" in text
    assert ".client(greeting_connect.GreeterClientSync)" in text
    assert step(program.folder).changes == ()


def test_a_place_is_in_the_ledger_and_explained(program: Program) -> None:
    program.write("app.py", CLIENT)
    path = program.write("Makefile", "x:\n\tif protoc --grpc_python_out=. greeting.proto; then true; fi\n")
    result = run(Options(program.folder, (program.folder,), explain=(path, 2)))
    (explained,) = result.explained
    assert explained.entry in result.ledger
    assert explained.entry is not None and explained.entry.state is State.LEFT
    assert explained.why == "it is started by `if`"
    assert explained.better.startswith("run `grpc2connect generate .`")


def test_the_first_step_alone(program: Program) -> None:
    program.write("app.py", CLIENT)
    program.write("Makefile", MAKE)
    program.write("requirements.txt", "grpcio\ngrpcio-tools\n")
    step(program.folder, stage=Stage.GENERATE)
    assert program.text("app.py") == CLIENT
    assert program.text("Makefile") == f"{MAKE}\tpython -m grpc2connect generate .\n"
    assert program.text("requirements.txt") == "grpcio\ngrpcio-tools\ngrpc2connect>=0.1,<0.2\n"
    assert (program.folder / "greeting_connect.py").exists()
