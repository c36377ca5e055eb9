"""Proof after the edit: what does not hold is refused, with a reason that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grpc2connect.rewrite.proof import ProofFailed, prove
from grpc2connect.syntax import parse

BEFORE = "import grpc  # noqa: F401\n# why\na = 1  # one\nb = 2  # one\n"


@pytest.mark.parametrize(
    ("after", "introduced", "reason"),
    [
        ("# why\na = 1  # one\n", (), "a comment would be lost: # one"),
        ("a = 1  # one\nb = 2  # one\n", (), "a comment would be lost: # why"),
        ("# why\na = '# one'  # one\n", (), "a comment would be lost: # one"),
        (BEFORE + "raise Code\n", ("Code",), "a name would be unbound: Code"),
        (BEFORE + "def f(x)\n", (), "the result does not parse"),
        (BEFORE + "return 1\n", (), "the result does not compile"),
        (BEFORE + "def f():\n    nonlocal x\n", (), "the result does not compile"),
        (BEFORE + "def f(x, x): ...\n", (), "the result does not compile"),
        (BEFORE + "from __future__ import annotations\n", (), "the result does not compile"),
    ],
)
def test_refused(after: str, introduced: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ProofFailed) as caught:
        prove(parse(Path("a.py"), BEFORE), after, frozenset(introduced))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("after", "introduced"),
    [
        (BEFORE, ()),
        ("# why\na = 1\n\n# one\n# one\n# new\n", ()),
        (BEFORE + "from x import y as Code\nraise Code\n", ("Code",)),
        (BEFORE + "try:\n    import Code\nexcept ImportError:\n    pass\n", ("Code",)),
        ("a = 1  # one\r\nb = 2  # one\r\n# why\r\n", ()),
    ],
)
def test_accepted(after: str, introduced: tuple[str, ...]) -> None:
    assert prove(parse(Path("a.py"), BEFORE), after, frozenset(introduced)).text == after


def test_only_directives_go_with_their_statement() -> None:
    for comment in ("# noqa", "# type: ignore[attr-defined]", "# pylint: disable=all", "# pragma: no cover"):
        assert prove(parse(Path("a.py"), f"a = 1  {comment}\n"), "a = 1\n", frozenset()).comments == ()
    for comment in ("# notes", "# typed", "# a noqa", "# TODO: isort"):
        with pytest.raises(ProofFailed, match=comment):
            prove(parse(Path("a.py"), f"a = 1  {comment}\n"), "a = 1\n", frozenset())
