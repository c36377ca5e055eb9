"""Copies of the fixture projects, old and migrated, and what is seen of them; each made once in a run."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import running
from tests.e2e.projects import FIXTURES, PROJECTS, Project

# client-server, and where a third service stands behind the server, two that move one end of the inner call alone.
# What is new runs on the Connect wire, and again, as `.../grpcio`, on grpcio's.
BASELINE = "old-old"
COMBINATIONS = ("new-old", "old-new", "new-new")
WITH_BACKEND = ("old-new-old", "old-old-new")
WIRES = {"": "connect", "/grpcio": "grpcio"}


class Copies:
    """Both copies of each project; the new one is migrated when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, str], Path] = {}
        self._failed: dict[str, str] = {}
        self._certs: Path | None = None

    def old(self, project: Project) -> Path:
        return self._made.get((project.name, "old")) or self._copy(project, "old")

    def new(self, project: Project) -> Path:
        if project.name in self._failed:
            pytest.fail(self._failed[project.name])
        if made := self._made.get((project.name, "new")):
            return made
        folder = self._copy(project, "new")
        done = running.migrate(folder)
        if done.returncode:
            self._failed[project.name] = f"migrate {project.name}: {running.said(done)}"
            pytest.fail(self._failed[project.name])
        return folder

    def certs(self) -> Path:
        if self._certs is None:
            if shutil.which("openssl") is None:
                pytest.skip("no openssl on this machine")
            self._certs = self._folder / "certs"
            script = FIXTURES / "gateway_downstream" / "make_certs.sh"
            subprocess.run(["sh", str(script), str(self._certs)], check=True, timeout=60)
        return self._certs

    def _copy(self, project: Project, side: str) -> Path:
        made = running.copy(project, self._folder / project.name / side)
        self._made[project.name, side] = made
        return made


class Observations:
    """What each combination of old and new sees, per project and server."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._seen: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, project: Project, server: str) -> dict[str, Any]:
        if (project.name, server) not in self._seen:
            ways = COMBINATIONS + (WITH_BACKEND if project.backend else ())
            combinations = (BASELINE, *(f"{way}{wire}" for wire in WIRES for way in ways))
            sides = {"old": self._copies.old(project), "new": self._copies.new(project)}
            certs = self._copies.certs() if project.backend else Path()
            with ThreadPoolExecutor(3) as pool:
                seen = pool.map(lambda one: observe(project, server, one, sides, certs), combinations)
                self._seen[project.name, server] = dict(zip(combinations, seen, strict=True))
        return self._seen[project.name, server]


def observe(project: Project, server: str, combination: str, sides: dict[str, Path], certs: Path) -> dict[str, Any]:
    """One scenario against a fresh server: its state is part of what is seen."""
    ends, slash, wire = combination.partition("/")
    client, front, back = (*ends.split("-"), ends.split("-")[1])[:3]
    carried = {"G2C_WIRE": WIRES[slash + wire]}
    with running.system(project, server, sides[front], sides[back], certs, carried) as (port, extra):
        return running.scenario(project, sides[client], port, {**extra, **carried})


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    return Copies(tmp_path_factory.mktemp("e2e"))


@pytest.fixture(scope="session")
def observations(copies: Copies) -> Observations:
    return Observations(copies)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`project` is each project; with `server` it is each server of each project."""
    if "server" in metafunc.fixturenames:
        pairs = [(project, server) for project in PROJECTS for server in project.servers]
        metafunc.parametrize(("project", "server"), pairs, ids=[f"{one.name}-{server}" for one, server in pairs])
    elif "project" in metafunc.fixturenames:
        metafunc.parametrize("project", PROJECTS, ids=[project.name for project in PROJECTS])
