"""The table is one that the matrix tries in full, and docs/serving.md shows it."""

from __future__ import annotations

import string

import pytest

from grpc2connect.serving.guide import PROTOCOLS
from grpc2connect.serving.table import DEPLOYMENTS, PLACES, Server, table

from . import matrix, page

HOLES = {"app", "wsgi", "main", "host", "port", "connect_port", "path", "fd", "key", "cert", "config"}
TRIED = {*matrix.PLAIN, *matrix.TLS, *matrix.STOPS, *matrix.SOCKETS, *matrix.FRONTS, *matrix.OVER}


def test_every_probe_is_tried_and_named() -> None:
    assert list(table().probes) == [probe for probe in table().probes if probe in TRIED]
    assert set(table().probes) == TRIED
    assert {probe for kinds in PROTOCOLS.values() for probe in kinds.values()} <= TRIED
    assert set(matrix.SMOKE) <= TRIED


@pytest.mark.parametrize("server", table().servers, ids=lambda server: server.name)
def test_a_server_says_how_it_is_run_and_what_it_lacks(server: Server) -> None:
    assert set(server.limits) <= set(table().probes)
    for limit in server.limits.values():
        assert limit.why
        assert limit.outcomes
        assert "ok" not in limit.outcomes
    texts = [server.command, *server.places.values(), *server.environment.values()]
    assert {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name} <= HOLES
    assert set(server.places) <= set(PLACES)
    if server.interface != "main":
        assert {"tcp", "tls"} <= set(server.places)
        for place in ("unix", "fd"):
            assert (place in server.places) == server.carries(place)


def test_names_are_unique() -> None:
    names = [server.name for server in table().servers]
    assert len(set(names)) == len(names)


def test_the_page_shows_the_table() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python scripts/serving_page.py"


def test_deployments_are_shown_in_full() -> None:
    shown = page.PAGE.read_text(encoding="utf-8")
    assert sorted(path.name for path in DEPLOYMENTS.iterdir()) == ["circus.ini", "nginx.conf", "supervisord.conf"]
    assert "grpc_pass" in shown
    assert "use_sockets" in shown
    assert "stopwaitsecs" in shown
