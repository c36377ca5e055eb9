"""A look at what a migration wrote finds left what the migration said: as many references, for the same reasons."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grpc2connect.engine import run
from grpc2connect.options import Choices, Options, Stage
from tests.e2e.projects import FIXTURES
from tests.left import Left, left

PROJECTS = sorted(folder.name for folder in FIXTURES.iterdir() if (folder / "requirements.txt").is_file())
HOLDS = (
    ("gateway_downstream", "shop.v1.Checkout"),
    ("gateway_downstream", "shop.v1.Stock"),
    ("noprotos", "lending.Basement"),
    ("noprotos", "lending.Catalogue"),
    ("noprotos", "lending.Loans"),
    ("signals_half", "rail.signals.v1.Alarms"),
    ("signals_half", "rail.signals.v1.Signals"),
)
"""The services of the projects that have several: each of them stays in turn."""


def before_and_after(options: Options) -> tuple[Left, Left]:
    """What a migration says that it leaves, and what is left in what it wrote, which it would not write otherwise."""
    first = run(options)
    assert first.audit.holds, first.audit
    for change in first.changes:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        change.path.write_bytes(change.after)
    second = run(options)
    assert second.audit.holds, second.audit
    assert [change.path.name for change in second.changes] == []
    return left(first), left(second)


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize("name", PROJECTS)
def test_of_a_whole_project(name: str, tmp_path: Path) -> None:
    project = copied(name, tmp_path)
    said, found = before_and_after(Options(project, (project,), project=project))
    assert found == said


@pytest.mark.parametrize(("name", "service"), HOLDS)
def test_beside_a_service_that_stays(name: str, service: str, tmp_path: Path) -> None:
    project = copied(name, tmp_path)
    choices = Choices(stay=frozenset({service}))
    said, found = before_and_after(Options(project, (project,), project=project, choices=choices))
    assert said, "nothing stays"
    assert found == said


@pytest.mark.parametrize("stage", [Stage.SERVER, Stage.CLIENT])
@pytest.mark.parametrize("name", PROJECTS)
def test_of_one_side(name: str, stage: Stage, tmp_path: Path) -> None:
    project = copied(name, tmp_path)
    said, found = before_and_after(Options(project, (project,), project=project, stage=stage))
    assert said, "nothing stays"
    assert found == said
