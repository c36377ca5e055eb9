"""The migrated program behaves as the one in grpc-python, over each wire, but for the reviewed differences."""

from __future__ import annotations

import pytest

from tests.semantics import cases, differences, page, program
from tests.semantics.differences import Difference
from tests.semantics.program import REFERENCE, Program, Seen, targets

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Program:
    if not program.wanted():
        pytest.skip("no openssl on this machine")
    return Program(tmp_path_factory.mktemp("semantics"))


@pytest.fixture(scope="module")
def seen(copies: Program) -> Seen:
    return copies.observe()


def test_everything_moves(copies: Program) -> None:
    assert copies.ledger["summary"]["left"] == 0
    assert copies.ledger["audit"]["holds"]


def test_no_case_breaks(seen: Seen) -> None:
    """A probe catches what it expects; an error out of it says nothing about the case."""
    broken = [
        f"{way}, {target}: {case}: {what['broke'][-1500:]}"
        for way, documents in seen.items()
        for target, document in documents.items()
        for case, what in document.items()
        if isinstance(what, dict) and "broke" in what
    ]
    assert not broken, "\n".join(broken)


def test_every_case_is_observed(seen: Seen) -> None:
    for way, documents in seen.items():
        assert set(documents) == set(targets())
        flavour = way.partition(" ")[0]
        names = {case.partition(" ")[0] for case in documents[REFERENCE]}
        assert {case.name for case in cases.probes() if flavour in case.flavours} <= names


def test_every_handler_is_asked(seen: Seen) -> None:
    """As a case of its own, or in the probe of a client."""
    observed = {name.partition(" ")[0] for documents in seen.values() for name in documents[REFERENCE]}
    probes = "".join(path.read_text(encoding="utf-8") for path in cases.FOLDER.glob("*_cases.py"))
    names = {case.name for case in cases.handlers()} - observed
    assert [name for name in names if f".{name.partition('/')[2]}" not in probes] == []


@pytest.mark.parametrize("target", [target for target in targets() if target != REFERENCE])
def test_no_difference_is_unlisted(seen: Seen, target: str) -> None:
    of_target = {way: {name: documents[name] for name in (REFERENCE, target)} for way, documents in seen.items()}
    unlisted, _ = differences.compare(of_target, differences.load())
    assert not unlisted, "\n".join(unlisted)


def test_no_difference_is_stale(seen: Seen) -> None:
    table = differences.load()
    _, used = differences.compare(seen, table)
    assert not (stale := differences.stale(seen, table, used)), "\n".join(stale)


def test_page_is_up_to_date() -> None:
    assert page.PAGE.read_bytes().decode() == page.page(), "run python scripts/semantics_page.py"


def test_every_case_and_difference_says_why() -> None:
    assert [case.name for case in (*cases.handlers(), *cases.probes()) if not case.text] == []
    assert [row.case for row in differences.load() if not row.reason] == []


ROW = Difference("c", "p", "1", "2", ("sync",), ("aio",), ("connect-old",), "because")


def test_comparison() -> None:
    seen = {"sync > aio": {"old-old": {"c": {"p": 1}}, "connect-old": {"c": {"p": 2}}}}
    assert differences.compare(seen, ()) == (["sync > aio, connect-old: c p: '1' became '2'"], set())
    unlisted, used = differences.compare(seen, (ROW,))
    assert (unlisted, used) == ([], {(ROW, "sync > aio", "connect-old")})
    assert differences.stale(seen, (ROW,), used) == []
    same = {"sync > aio": {"old-old": {"c": {"p": 1}}, "connect-old": {"c": {"p": 1}}}}
    assert differences.stale(same, (ROW,), differences.compare(same, (ROW,))[1])


def test_case_that_is_missing_is_a_difference() -> None:
    seen = {"sync > aio": {"old-old": {"c": 1}, "connect-old": {}}}
    assert differences.compare(seen, ())[0]
