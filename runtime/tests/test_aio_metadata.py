"""`Metadata` beside `grpc.aio.Metadata`: the same operations give the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from grpc2connect_runtime import Metadata

PAIRS = (("a", "1"), ("b-bin", b"\x00"), ("a", "2"))


def changed(change: Callable[[Any], None]) -> Callable[[Any], Any]:
    def run(metadata: Any) -> Any:
        change(metadata)
        return tuple(metadata)

    return run


@pytest.mark.parametrize(
    "ask",
    [
        tuple,
        len,
        dict,
        lambda m: m["a"],
        lambda m: m.get("a"),
        lambda m: m.get("x"),
        lambda m: m.get("x", "none"),
        lambda m: m.get_all("a"),
        lambda m: m.get_all("x"),
        lambda m: ["a" in m, "x" in m, ("a", "1") in m],
        lambda m: [list(m.keys()), list(m.values()), list(m.items())],
        lambda m: [m == PAIRS, m == tuple(m), m == type(m)(*m), m == type(m)(), m == 1, m != 1],
        lambda m: tuple(m + tuple([("c", "3")])),
        lambda m: tuple(m + type(m)(("c", "3"))),
        lambda m: tuple(type(m).from_tuple(PAIRS[:1])),
        lambda m: tuple(type(m).from_tuple(())),
        repr,
        changed(lambda m: m.add("a", "3")),
        changed(lambda m: m.set_all("a", ["7"])),
        changed(lambda m: m.delete_all("a")),
        changed(lambda m: m.__setitem__("a", "9")),
        changed(lambda m: m.__setitem__("x", "9")),
        changed(lambda m: m.__delitem__("a")),
        changed(lambda m: m.__delitem__("b-bin")),
        lambda m: m["x"],
        lambda m: m.delete_all("x"),
        lambda m: m.__delitem__("x"),
        lambda m: m + 1,
        hash,
    ],
)
def test_as_grpcio(ask: Callable[[Any], Any]) -> None:
    results = []
    for kind in (grpc.aio.Metadata, Metadata):
        try:
            results.append(ask(kind(*PAIRS)))
        except (KeyError, TypeError) as error:
            results.append(type(error))
    assert results[0] == results[1]
