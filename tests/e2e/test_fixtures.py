"""The fixture projects are sound before anything is done to them: plain grpc-python throughout."""

from __future__ import annotations

from tests.e2e import running
from tests.e2e.conftest import Copies, observe
from tests.e2e.projects import FIXTURES, PROJECTS, Project


def test_every_folder_is_tested() -> None:
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} == {project.name for project in PROJECTS}


def test_own_tests_pass(project: Project, copies: Copies) -> None:
    running.own_tests(project, copies.old(project))


def test_scenario_of_old_client_and_old_server(project: Project, server: str, copies: Copies) -> None:
    certs = copies.certs() if project.backend else copies.old(project)
    assert observe(project, server, "old-old", {"old": copies.old(project)}, certs)


def test_awkward_bytes_are_there() -> None:
    """What git or an editor could have tidied away."""
    flat, accounts = FIXTURES / "hello_flat", FIXTURES / "accounts_aio" / "accounts"
    assert (flat / "aio_server.py").read_bytes().count(b"\r\n") == (flat / "aio_server.py").read_bytes().count(b"\n")
    assert b"\n\t\tstub = " in (flat / "client.py").read_bytes()
    assert not (flat / "aio_client.py").read_bytes().endswith(b"\n")
    assert (accounts / "teller.py").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "für".encode("latin-1") in (accounts / "service.py").read_bytes()
