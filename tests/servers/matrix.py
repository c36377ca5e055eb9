"""The matrix: every server with every probe, beside what the table says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from grpc2connect.serving.table import Server

from . import fronts, probes_connect, probes_grpc, probes_life
from .installed import Environment
from .outcomes import OK, Outcome, is_one_of, joined, named, outcome
from .probes_connect import Limited
from .program import Program
from .starting import NotStarted, Place, Process, Starter
from .targets import Target

PLAIN: Mapping[str, Callable[[Target], None]] = {
    probe.__name__: probe for probe in (*probes_connect.PROBES, *probes_grpc.PROBES)
}
FRONTS = ("nginx", "nginx_grpc")
STOPS = ("stop_connect", "stop_grpc")
SOCKETS = ("unix", "fd")
OVER = {"supervisor": fronts.supervisor, "circus": fronts.circus}
TLS = {"tls_connect": probes_life.tls_connect, "tls_grpc": probes_life.tls_grpc}
NO_GRPC = Outcome("no gRPC")

SMOKE = ("connect_unary", "connect_json", "connect_errors", "grpc_web", "grpc_unary", "grpc_bidi", *STOPS)
"""What the suite tries on each server; the rest takes too long for it."""


@dataclass
class Row:
    """What came of the probes of one server."""

    server: Server
    versions: Mapping[str, str | None]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """That another version is installed than the table was tried with; empty if not."""
        first = self.server.requires[0]
        if (version := self.versions.get(first)) == self.server.tried:
            return ""
        return f"{self.server.name}: {first} is here as {version}; the table was tried with {self.server.tried}"

    def problems(self) -> list[str]:
        """Where the outcomes are not what the table says."""
        found = []
        for probe, one in self.outcomes.items():
            limit = self.server.limits.get(probe)
            wanted = (OK,) if limit is None else limit.outcomes
            if not is_one_of(one, wanted):
                found.append(
                    f"{self.server.name}: {probe}: {one.name}, not {' or '.join(wanted)} ({one.detail[-800:]})"
                )
        return found


def row(server: Server, environment: Environment, program: Program, wanted: Collection[str]) -> Row:
    """Try the wanted probes on one server."""
    found = Row(server, {one: environment.version(one) for one in server.requires})
    with tempfile.TemporaryDirectory(prefix="g2c-") as scratch:
        trial = _Trial(Starter(server, environment, program, Path(scratch)), set(wanted), found)
        trial.plain()
        trial.secure()
        trial.stop()
        trial.sockets()
        trial.over()
    return found


class _Trial:
    def __init__(self, starter: Starter, wanted: set[str], found: Row) -> None:
        self._starter = starter
        self._wanted = wanted
        self._row = found
        self._services = ("Blocking",) if starter.server.of == "sync" else ("Blocking", "Looped")
        self._grpc = starter.server.carries("grpc_unary")

    def _targets(self, place: Place) -> list[Target]:
        return [Target(self._starter.program, service, place) for service in self._services]

    def _try(self, name: str, probe: Callable[..., None], place: Place, **options: Any) -> None:
        def one(target: Target) -> Outcome:
            return outcome(lambda: probe(target, **options))

        targets = self._targets(place)
        with ThreadPoolExecutor(len(targets)) as pool:
            results = dict(zip(self._services, pool.map(one, targets), strict=True))
        self._row.outcomes[name] = joined(results)

    def _at(self, place: str, names: Collection[str], run: Callable[[Process, Place], None]) -> None:
        """Start it and run something; if it cannot be started, that is the outcome for all names."""
        if not names:
            return
        try:
            if not self._starter.offers(place):
                raise Limited("not offered")
            with self._starter.at(place) as (process, where):
                run(process, where)
        except (Limited, NotStarted) as error:
            self._row.outcomes.update({name: named(error) for name in names if name not in self._row.outcomes})

    def plain(self) -> None:
        names = [name for name in (*PLAIN, *FRONTS) if name in self._wanted]

        def run(_: Process, place: Place) -> None:
            for name in names:
                if name in PLAIN:
                    self._try(name, PLAIN[name], place)
            self._behind_nginx(place, [name for name in names if name in FRONTS])

        self._at("tcp", names, run)

    def _behind_nginx(self, place: Place, names: list[str]) -> None:
        if names and fronts.nginx_program() is None:
            self._row.skipped.update(dict.fromkeys(names, fronts.NO_NGINX))
            return
        if "nginx_grpc" in names and not self._grpc:
            names.remove("nginx_grpc")
            self._row.outcomes["nginx_grpc"] = NO_GRPC
        if not names:
            return
        try:
            with fronts.behind_nginx(place, self._starter.scratch) as front:
                for name in names:
                    self._try(name, getattr(fronts, name), front)
        except NotStarted as error:
            self._row.outcomes.update({name: named(error) for name in names})

    def secure(self) -> None:
        names = [name for name in TLS if name in self._wanted]

        def run(_: Process, place: Place) -> None:
            for name in names:
                self._try(name, TLS[name], place)

        self._at("tls", names, run)

    def stop(self) -> None:
        names = [name for name in STOPS if name in self._wanted]

        def run(process: Process, place: Place) -> None:
            found = probes_life.stopped(process, self._targets(place), grpc=self._grpc)
            outcomes = {name: joined(by_service) for name, by_service in found.items()}
            self._row.outcomes.update({name: outcomes.get(name, NO_GRPC) for name in names})

        self._at("tcp", names, run)

    def sockets(self) -> None:
        for name in SOCKETS:
            if name in self._wanted:
                self._at(name, [name], partial(self._on_socket, name))

    def _on_socket(self, name: str, _: Process, place: Place) -> None:
        self._try(name, probes_life.on_socket, place, grpc=self._grpc)

    def over(self) -> None:
        target = self._targets(Place("", ""))[0]
        for name, probe in OVER.items():
            if name not in self._wanted:
                continue
            if self._starter.installed.program(f"{name}d") is None and name == "circus":
                self._row.skipped[name] = f"{name} is not installed: pip install {name}"
                continue
            self._row.outcomes[name] = outcome(probe, self._starter, target)
