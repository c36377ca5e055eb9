"""Files that require grpcio also require what the migrated code needs; all else in them stays."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from grpc2connect import vendor
from grpc2connect.engine import run
from grpc2connect.options import Options, RuntimeMode
from grpc2connect.project import require
from grpc2connect.project.dependencies import versions
from grpc2connect.project.dependencies.names import after_name, name_of, normal
from grpc2connect.sources.required import declared
from tests.programs.conftest import Program

NEW = vendor.REQUIREMENT
CASES = {
    "requirements.txt": [
        ("grpcio>=1.60\nzope\n", f"grpcio>=1.60\n{NEW}\nzope\n"),
        ("a\r\ngrpcio\r\n", f"a\r\ngrpcio\r\n{NEW}\r\n"),
        ("grpcio==1.60 ; python_version > '3'  # why", f"grpcio==1.60 ; python_version > '3'  # why\n{NEW}"),
        ("# top\nGrpcIO[protobuf] \\\n  >=1\nb\n", f"# top\nGrpcIO[protobuf] \\\n  >=1\n{NEW}\nb\n"),
        ("grpcio\ngrpc2connect_runtime\n", "grpcio\ngrpc2connect_runtime\n"),
    ],
    "pyproject.toml": [
        (
            '[project]\nname = "a"\ndependencies = [\n    "b",  # why\n    "grpcio>=1.60",\n    "z",\n]\n',
            '[project]\nname = "a"\ndependencies = [\n    "b",  # why\n    "grpcio>=1.60",\n'
            f'    "{NEW}",\n    "z",\n]\n',
        ),
        (
            '[dependency-groups]\nserver = ["grpcio"]\ntest = ["pytest"]\n',
            f'[dependency-groups]\nserver = ["grpcio", "{NEW}"]\ntest = ["pytest"]\n',
        ),
        (
            '[project.optional-dependencies]\r\nrpc = ["grpcio"]\r\n',
            f'[project.optional-dependencies]\r\nrpc = ["grpcio", "{NEW}"]\r\n',
        ),
        (
            '[tool.poetry.dependencies]\npython = "^3.11"\ngrpcio = "^1.60"  # wire\n\n[tool.x]\n',
            '[tool.poetry.dependencies]\npython = "^3.11"\ngrpcio = "^1.60"  # wire\n'
            'grpc2connect-runtime = ">=0.1,<0.2"\n\n[tool.x]\n',
        ),
    ],
    "requirements/base.in": [("grpcio\n", f"grpcio\n{NEW}\n")],
    "constraints.txt": [("grpcio==1.60\n", "grpcio==1.60\n")],
    "requirements-dev.txt": [
        ("grpcio-tools ~= 1.60  # protoc\nzope\n", f"grpcio-tools ~= 1.60  # protoc\n{NEW}\nzope\n"),
        ("grpcio-tools\ngrpcio-status\n", f"grpcio-tools\ngrpcio-status\n{NEW}\n"),
    ],
    "setup.py": [
        (
            "setup(\n  install_requires=[\n    'grpcio>=1.60',  # wire\n    'z',\n  ],\n)\n",
            f"setup(\n  install_requires=[\n    'grpcio>=1.60',  # wire\n    '{NEW}',\n    'z',\n  ],\n)\n",
        ),
        (
            "NEEDS = ['grpcio']\nsetup(install_requires=NEEDS, extras_require={'a': ['b']})\n",
            f"NEEDS = ['grpcio', '{NEW}']\nsetup(install_requires=NEEDS, extras_require={{'a': ['b']}})\n",
        ),
    ],
    "setup.cfg": [
        (
            "[options]\ninstall_requires =\n    grpcio  # wire\n    z\n",
            f"[options]\ninstall_requires =\n    grpcio  # wire\n    {NEW}\n    z\n",
        ),
        (
            "[options.extras_require]\nrpc = grpcio\n",
            f"[options.extras_require]\nrpc = grpcio\n    {NEW}\n",
        ),
    ],
    "Pipfile": [
        (
            '[packages]\ngrpcio = "*"  # wire\n\n[requires]\npython_version = "3.11"\n',
            '[packages]\ngrpcio = "*"  # wire\n'
            'grpc2connect-runtime = ">=0.1,<0.2"\n\n[requires]\npython_version = "3.11"\n',
        )
    ],
    "environment.yml": [
        (
            "dependencies:\n  - python=3.11  # new\n  - grpcio=1.60\n  - pip:\n      - a\n",
            f"dependencies:\n  - python=3.11  # new\n  - grpcio=1.60\n  - pip:\n      - a\n      - {NEW}\n",
        ),
        (
            "dependencies:\n- grpcio\n",
            f"dependencies:\n- grpcio\n- pip\n- pip:\n  - {NEW}\n",
        ),
    ],
    "Dockerfile": [
        (
            "FROM python:3.12\nRUN pip install grpcio==1.60 flask \\\n    && true\n",
            f'FROM python:3.12\nRUN pip install grpcio==1.60 "{NEW}" flask \\\n    && true\n',
        )
    ],
}


def options(folder: Path) -> Options:
    return Options(folder, (folder,), runtime=RuntimeMode.PACKAGE)


@pytest.mark.parametrize(("name", "before", "after"), [(n, *case) for n, cases in CASES.items() for case in cases])
def test_edited(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before.encode())
    changes, findings, errors = require([tmp_path / "src" / "app.py"], options(tmp_path))
    assert (findings, errors) == ([], [])
    assert [change.path for change in changes] == ([path] if before != after else [])
    assert before == after or changes[0].after.decode() == after
    path.write_bytes(after.encode())
    assert require([tmp_path / "app.py"], options(tmp_path)) == ([], [], [])


def test_a_list_in_utf_16_stays_in_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("\ufeffgrpcio\r\nzope\r\n".encode("utf-16-le"))
    (change,), findings, errors = require([tmp_path / "app.py"], options(tmp_path))
    assert (findings, errors) == ([], [])
    assert change.after == f"\ufeffgrpcio\r\n{NEW}\r\nzope\r\n".encode("utf-16-le")
    assert declared(change.path).required == {"grpcio", "zope"}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("requirements.txt", "# autogenerated by pip-compile\ngrpcio==1.60\n", 2),
        ("requirements.txt", "a==1 --hash=sha256:00\ngrpcio==1.60 --hash=sha256:11\n", 2),
        ("setup.py", "more = read()\nsetup(install_requires=more + ['grpcio>=1.60'])\n", 2),
        ("pyproject.toml", '[tool.pdm]\nx = "grpcio"\n', 2),
    ],
)
def test_reported(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / name).write_text(text)
    changes, (finding,), errors = require([tmp_path / "app.py"], options(tmp_path))
    assert (changes, errors) == ([], [])
    assert (finding.code, finding.place.path, finding.place.line) == ("G2C901", tmp_path / name, line)
    assert NEW in finding.advice


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", 'x = [\n"grpcio"\n', 2),
        ("environment.yml", "dependencies:\n  - grpcio\n  b: [\n", 3),
        ("Dockerfile", "RUN pip install grpcio\n", 1),
    ],
)
def test_malformed_files_are_one_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / name).write_text(text)
    changes, findings, (error,) = require([tmp_path / "app.py"], options(tmp_path))
    assert (changes, findings) == ([], [])
    assert (error.code, error.path) == ("G2C913", tmp_path / name)
    assert error.message.startswith(f"line {line}: ")


@pytest.mark.parametrize("text", ["# grpcio\n-r grpcio.txt\n", "", "grpc\n"])
def test_others_stay(tmp_path: Path, text: str) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["grpcio-tools"]\n')
    assert require([tmp_path / "app.py"], options(tmp_path)) == ([], [], [])


def test_what_is_included_is_edited_once(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "requirements.txt").write_text("-r deps/base.txt\n-c constraints.txt\nflask\n")
    (tmp_path / "deps" / "base.txt").write_text("grpcio\n")
    (tmp_path / "constraints.txt").write_text("grpcio==1.70\nprotobuf==3.20.1\n")
    changes, findings, _ = require([tmp_path / "app.py"], options(tmp_path))
    assert [change.path for change in changes] == [tmp_path / "deps" / "base.txt"]
    assert [(finding.code, finding.place.path.name, finding.place.line) for finding in findings] == [
        ("G2C920", "constraints.txt", 2)
    ]


@pytest.mark.parametrize(
    ("requirement", "conflicts"),
    [
        ("grpcio<1.46", True),
        ("grpcio==1.51.1", True),
        ("grpcio~=1.30", False),
        ("grpcio>=1.60,<2", False),
        ("grpcio\nprotobuf<4", True),
        ("grpcio\nprotobuf>=3.19,<5", False),
        ("grpcio\nconnectrpc==0.9.0", True),
        ("grpcio\npyqwest==0.12.*", False),
        ("grpcio-tools==1.38.0", True),
        ("grpcio\ngrpcio-tools~=1.51", False),
        ("grpcio\nopentelemetry-api~=1.33.0", True),
        ("grpcio\nopentelemetry-api~=1.33\ntyping_extensions>=4.10", False),
        ("grpcio\nh2==4.1.0", True),
    ],
)
def test_conflicts(tmp_path: Path, requirement: str, conflicts: bool) -> None:
    (tmp_path / "requirements.txt").write_text(f"{requirement}\n")
    _, findings, _ = require([tmp_path / "app.py"], options(tmp_path))
    assert [finding.code for finding in findings] == ["G2C920"] * conflicts


def test_what_requirements_require_in_turn_is_what_their_metadata_says() -> None:
    for needed, by in vendor.REQUIRED_BY_THOSE.items():
        named = [one for one in metadata.requires(by) or () if normal(one).startswith(name_of(needed))]
        assert [versions.read(after_name(one)).low[:2] for one in named] == [
            versions.read(after_name(needed)).low[:2]
        ], (needed, by)


@pytest.mark.parametrize(
    ("specifier", "low", "high"),
    [("^1.43.0", (1, 43), (2,)), ("~1.2", (1, 2), (1, 3)), ("^0.9", (0, 9), (0, 10)), ("=1.60", (1, 60), (1, 61)),
     ("~=1.4.2", (1, 4, 2), (1, 5)), ("*", (0,), (10**6,)), ("<1||>=3", (0,), (10**6,))],
)  # fmt: skip
def test_ranges(specifier: str, low: tuple[int, ...], high: tuple[int, ...]) -> None:
    found = versions.read(specifier)
    assert found.low[: len(low)] == low
    assert found.high[: len(high)] == high


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.9"\ndependencies = ["grpcio"]\n', True),
        ("pyproject.toml", '[project]\nrequires-python = ">=3.11"\ndependencies = ["grpcio"]\n', False),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.10"\ngrpcio = "*"\n', True),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["grpcio"]\n[tool.grpc2connect]\npython = "/envs/a"\n',
            False,
        ),
        (
            "setup.py",
            "setup(install_requires=['grpcio'], classifiers=['Programming Language :: Python :: 3.8'])\n",
            True,
        ),
        ("setup.cfg", "[options]\npython_requires = >=3.12\ninstall_requires =\n    grpcio\n", False),
        ("tox.ini", "[tox]\nenvlist = py39,py312\n[testenv]\ndeps =\n    grpcio\n", True),
        ("Dockerfile", "FROM python:3.9-slim\nRUN pip install grpcio\n", True),
        ("Dockerfile", "FROM python:3\nRUN pip install grpcio\n", False),
        ("noxfile.py", '@nox.session(python=["3.10", "3.12"])\ndef t(session):\n    session.install("grpcio")\n', True),
        (".github/workflows/ci.yml", 'a:\n  python-version: ["3.10", "3.12"]\n  run: pip install grpcio\n', True),
        ("environment.yml", "dependencies:\n  - python=3.9\n  - grpcio\n", True),
    ],
)
def test_an_old_python_is_said(tmp_path: Path, name: str, text: str, said: bool) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    _, findings, _ = require([tmp_path / "app.py"], options(tmp_path))
    assert [finding.code for finding in findings] == ["G2C921"] * said


@pytest.mark.parametrize("lock", ["poetry.lock", "uv.lock", "pdm.lock"])
def test_locks_are_named_and_stay(tmp_path: Path, lock: str) -> None:
    (tmp_path / lock).write_text("grpcio\n")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["grpcio"]\n')
    changes, (finding,), _ = require([tmp_path / "app.py"], options(tmp_path))
    assert [change.path.name for change in changes] == ["pyproject.toml"]
    assert (finding.code, finding.place.path.name) == ("G2C922", lock)


def test_what_is_compiled_is_refreshed_from_its_source(tmp_path: Path) -> None:
    (tmp_path / "requirements.in").write_text("grpcio\n")
    (tmp_path / "requirements.txt").write_text("grpcio==1.70\n    # via -r requirements.in\n")
    changes, (finding,), _ = require([tmp_path / "app.py"], options(tmp_path))
    assert [change.path.name for change in changes] == ["requirements.in"]
    assert (finding.code, finding.place.path.name) == ("G2C922", "requirements.txt")


def test_what_is_compiled_of_a_file_above_is_refreshed_from_that(tmp_path: Path) -> None:
    made = tmp_path / "sdk" / "requirements" / "py3.12.txt"
    made.parent.mkdir(parents=True)
    made.write_text("# uv pip compile pyproject.toml -o sdk/requirements/py3.12.txt\ngrpcio==1.70\n    # via acme\n")
    (tmp_path / "pyproject.toml").write_text('[project.optional-dependencies]\nremote = ["grpcio>=1.56"]\n')
    changes, (finding,), _ = require([tmp_path / "sdk" / "acme" / "app.py"], options(tmp_path))
    assert [change.path.name for change in changes] == ["pyproject.toml"]
    assert (finding.code, finding.place.path) == ("G2C922", made)


def test_the_nearest_counts(tmp_path: Path) -> None:
    for folder in (".", "services/a", "services/b"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "requirements.txt").write_text("grpcio\n")
    changes, _, _ = require([tmp_path / "services" / "a" / "x" / "app.py"], options(tmp_path))
    assert [change.path for change in changes] == [tmp_path / "services" / "a" / "requirements.txt"]


@pytest.mark.parametrize("mode", list(RuntimeMode))
def test_a_run_adds_them_once(program: Program, mode: RuntimeMode) -> None:
    program.write("requirements.txt", "grpcio\n")
    use = "stub = greeting_pb2_grpc.GreeterStub(grpc.insecure_channel('a:1'))\n"
    program.write("app.py", f"import grpc\n\nimport greeting_pb2_grpc\n\n{use}")
    settings = Options(program.folder, (program.folder,), runtime=mode)
    for change in run(settings).changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    wanted = vendor.REQUIREMENTS if mode is RuntimeMode.VENDOR else (NEW,)
    assert program.text("requirements.txt").split("\n") == ["grpcio", *wanted, ""]
    assert run(settings).changes == ()


def test_nothing_is_added_where_nothing_moves(program: Program) -> None:
    program.write("requirements.txt", "grpcio\n")
    program.write("app.py", "import grpc\n")
    assert program.run().changes == ()


def test_reflection_is_required_beside_that_of_grpcio(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text("from grpc2connect_runtime import Server\n\nServer().enable_reflection(())\n", encoding="utf-8")
    for name, text in (("requirements.txt", "grpcio\ngrpcio-reflection\nzope\n"), ("requirements-dev.txt", "grpcio\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    changes, findings, errors = require([server], Options(tmp_path, (tmp_path,), runtime=RuntimeMode.PACKAGE))
    assert not findings and not errors
    assert {change.path.name: change.after.decode() for change in changes} == {
        "requirements.txt": f"grpcio\n{NEW}\ngrpcio-reflection\n{vendor.REFLECTION}\nzope\n",
        "requirements-dev.txt": f"grpcio\n{NEW}\n",
    }


def test_a_notebook_is_only_looked_into(tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    notebook.write_text('{"cells": [{"cell_type": "code", "source": ["import grpc\\n"]}]}', encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("grpcio\n", encoding="utf-8")
    changes, findings, errors = require([notebook], options(tmp_path))
    assert [change.path.name for change in changes] == ["requirements.txt"]
    assert not findings and not errors
