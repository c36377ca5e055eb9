"""Where imports start, as files say that set `PYTHONPATH`, and pytest's ini files."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.options import Options
from grpc2connect.sources.import_paths import home, is_named, roots
from grpc2connect.sources.required import about_modules

FOLDERS = ("gen", "src/gen", "api/app", "api/gen", "lib")
DOCKER = "FROM python:3.12\nWORKDIR /srv\n"


def said(tmp_path: Path, name: str, text: str) -> list[str]:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / ".git").mkdir()
    assert is_named(Path(name).name)
    return sorted(Path(root).relative_to(tmp_path).as_posix() for root in roots(tmp_path / name, text))


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Dockerfile", f"{DOCKER}COPY . .\nENV PYTHONPATH=/srv/gen:/srv\n", [".", "gen"]),
        ("Dockerfile", f"{DOCKER}COPY . /srv/\nENV PYTHONPATH /srv/gen\n", ["gen"]),
        ("Dockerfile", f'{DOCKER}COPY . .\nENV A=1 \\\n    PYTHONPATH="${{PYTHONPATH}}:/srv/gen"\n', ["gen"]),
        ("api/Dockerfile", f"{DOCKER}COPY . .\nENV PYTHONPATH=/srv/gen\n", ["api/gen"]),
        ("api/Dockerfile", f"{DOCKER}COPY api/app ./app\nCOPY gen ./stubs\nENV PYTHONPATH=stubs\n", ["gen"]),
        ("api/Dockerfile", f'{DOCKER}COPY ["src/gen", "/stubs/"]\nENV PYTHONPATH=/stubs\n', ["src/gen"]),
        ("docker/web.Dockerfile", f"{DOCKER}COPY src src\nENV PYTHONPATH=$PYTHONPATH:/srv/src/gen\n", ["src/gen"]),
        ("Dockerfile", f"{DOCKER}ENV PYTHONPATH=/opt/gen\n", ["gen"]),  # it is mounted there, perhaps
        ("Makefile", "export PYTHONPATH := $(CURDIR)/gen:$(PYTHONPATH)\n", ["gen"]),
        ("Makefile", "test:\n\tPYTHONPATH=$(shell pwd)/gen:. pytest\n", [".", "gen"]),
        ("Makefile", "PYTHONPATH ?= src/gen\n", ["src/gen"]),
        ("scripts/run.sh", 'export PYTHONPATH="$PYTHONPATH:$(pwd)/gen"\n', ["gen"]),
        ("run.sh", "PYTHONPATH=`pwd`/gen:$PWD python app.py\n", [".", "gen"]),
        ("docker-compose.yml", "services:\n  a:\n    environment:\n      - PYTHONPATH=/app/src/gen\n", ["src/gen"]),
        ("compose.yaml", "services:\n  a:\n    environment:\n      PYTHONPATH: '/app/gen:/app/lib'\n", ["gen", "lib"]),
        ("tox.ini", "[testenv]\nsetenv =\n    PYTHONPATH = {toxinidir}/gen\n", ["gen"]),
        ("tox.ini", "[pytest]\npythonpath = gen src/gen\n", ["gen", "src/gen"]),
        ("pytest.ini", "[pytest]\npythonpath =\n    lib\n    gen\n", ["gen", "lib"]),
    ],
)
def test_what_is_said(tmp_path: Path, name: str, text: str, found: list[str]) -> None:
    assert said(tmp_path, name, text) == found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", f"{DOCKER}COPY . .\n# ENV PYTHONPATH=/srv/gen\n"),
        ("Dockerfile", f"{DOCKER}COPY --from=built /gen /srv/other\nENV PYTHONPATH=/srv/other\n"),
        ("Dockerfile", f"{DOCKER}ENV PYTHONPATH=/srv\n"),  # nothing of the project is known to be there
        ("Dockerfile", f"{DOCKER}ENV PYTHONPATH=$GENERATED\nENV OTHER=/srv/gen\n"),
        ("Makefile", "OTHER_PYTHONPATH = gen\nMY = $(PYTHONPATH):gen\n"),
        ("Makefile", "PYTHONPATH = gen/$(VERSION)\n"),
        ("Makefile", "PYTHONPATH = nowhere\n"),
        ("run.sh", "docker run -v $PYTHONPATH:gen -e X=gen image\n"),
        ("pytest.ini", "[pytest\npythonpath = gen\n"),
        ("pytest.ini", "[tool:pytest]\npythonpath = gen\n"),
        ("docker-compose.yml", "services:\n  a:\n    environment:\n      PYTHONPATH: /usr/lib/python3\n"),
    ],
)
def test_what_says_nothing(tmp_path: Path, name: str, text: str) -> None:
    assert said(tmp_path, name, text) == []


def test_which_folder_a_file_is_about() -> None:
    assert home(Path("/p/api/Dockerfile")) == Path("/p/api")
    assert home(Path("/p/deploy/docker/Dockerfile")) == Path("/p")
    assert not is_named("Dockerfile.md") and not is_named("app.py") and not is_named("values.yaml")


def test_a_kept_result_depends_on_it(tmp_path: Path) -> None:
    options = Options(tmp_path, (tmp_path,))
    (tmp_path / "gen").mkdir()
    found = []
    for text in ("all:\n", "export PYTHONPATH=gen\n", "export PYTHONPATH=.\n", "all:\n"):
        (tmp_path / "Makefile").write_text(text, encoding="utf-8")
        found.append(about_modules(options, ()))
    assert len(set(found)) == 3 and found[0] == found[3]
