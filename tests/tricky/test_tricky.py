"""What the trickiest idioms do is the same before and after migration, or they are left and say why."""

from __future__ import annotations

import pytest

from grpc2connect.results import State
from tests.tricky import page
from tests.tricky.programs import NAMES, Printed, Programs

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs(tmp_path_factory.mktemp("tricky"))


@pytest.fixture(scope="module")
def printed(programs: Programs) -> tuple[Printed, dict[str, Printed]]:
    return programs.observe()


def by_speaker(text: str) -> list[list[str]]:
    """Lines of the client and those of the server; how the two interleave is up to their threads."""
    lines = text.splitlines()
    return [[line for line in lines if line.startswith("client") is client] for client in (True, False)]


def test_every_row_has_a_program() -> None:
    assert [name.partition("-")[0] for name in NAMES] == [f"{number:02}" for number in range(1, 42)]


def test_the_run_holds(programs: Programs) -> None:
    assert programs.result.audit.holds
    assert not programs.result.errors
    assert [change.path.name for change in programs.again().changes] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_seen(printed: tuple[Printed, dict[str, Printed]], name: str) -> None:
    old, new = printed
    assert "client got" in old[name] or "host got" in old[name]
    assert "Traceback" not in old[name], old[name]
    for wire in page.idiom(name).wires:
        assert by_speaker(new[wire][name]) == by_speaker(old[name]), f"G2C_WIRE={wire}\n{new[wire][name]}"


@pytest.mark.parametrize("name", NAMES)
def test_it_moves_or_says_why_not(programs: Programs, name: str) -> None:
    left = [entry for entry in programs.result.ledger if entry.state is State.LEFT and name in entry.place.path.parts]
    behaving = [f"{entry.place}: {entry.why}" for entry in left if entry.behaviour]
    if page.idiom(name).left:
        assert behaving
        assert all(entry.why for entry in left)
    else:
        assert behaving == []


def test_the_page_is_due(programs: Programs) -> None:
    due = page.page(programs.result)
    assert page.PAGE.read_bytes().decode() == due, "run scripts/tricky_page.py"
