"""One analysis of the fixture's code for all tests of what stands around it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.deployment.project import Project


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as it is, which nobody changes."""
    return Project.copied(tmp_path_factory.mktemp("deployment") / "project")


@pytest.fixture
def own(shared: Project, tmp_path: Path) -> Project:
    """A copy that a test may change; the code's result is that of the shared one, at its own paths."""
    folder = tmp_path / "project"
    shutil.copytree(shared.folder, folder)
    return shared.moved(folder)
