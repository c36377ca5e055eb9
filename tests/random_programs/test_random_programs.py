"""What random programs print must not depend on what of them is migrated.

`G2C_RANDOM_PROGRAMS=100:200` tries the programs of these seeds, a few seconds each, in place of the two of a whole run;
`G2C_WIRE=connect` or `grpcio` beside it is the wire of what is migrated.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grpc2connect.results import State
from tests.random_programs.programs import Seen, make, observe


def seeds() -> list[int]:
    first, _, after = os.environ.get("G2C_RANDOM_PROGRAMS", "15:17").partition(":")
    return list(range(int(first), int(after or int(first) + 1)))


def different(expected: list[str], actual: list[str]) -> list[tuple[str, str]]:
    assert len(expected) == len(actual)
    return [pair for pair in zip(expected, actual, strict=True) if pair[0] != pair[1]]


def again(folder: Path, seed: int, seen: Seen) -> Seen:
    """A second look where something differs: grpc.aio's client now and then loses a status (grpc/grpc#36066).

    What differs in the same way both times is no accident.
    """
    base = seen.printed["old", "old"]
    if all(printed == base for printed in seen.printed.values()):
        return seen
    second = observe(folder, seed, os.environ.get("G2C_WIRE", ""))
    lines = {
        ways: [a if a in (b, c) else b for a, b, c in zip(base, printed, second.printed[ways], strict=True)]
        for ways, printed in seen.printed.items()
    }
    return Seen(seen.migration, seen.units, lines)


@pytest.mark.parametrize("seed", seeds())
def test_old_and_new_agree(tmp_path, seed):
    seen = again(tmp_path / "again", seed, observe(tmp_path / "once", seed, os.environ.get("G2C_WIRE", "")))
    assert seen.migration.audit.holds
    assert not seen.migration.errors
    assert [entry.place for entry in seen.migration.ledger if entry.state is State.LEFT] == []
    assert different(*seen.units) == []
    expected = seen.printed["old", "old"]
    assert len(expected) > 100
    for ways, printed in seen.printed.items():
        assert different(expected, printed) == [], ways


def test_a_seed_is_a_program(tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        make(tmp_path / name, seed)
    one, same, other = ((tmp_path / name / "server.py").read_text() for name in ("one", "same", "other"))
    assert one == same
    assert one != other
