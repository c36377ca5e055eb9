"""The table of servers, as `servers.toml` has it."""

from __future__ import annotations

import fnmatch
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("servers.toml")

DEPLOYMENTS = FILE.with_name("deployments")
"""Settings of what stands in front of a server or over it, with holes."""

PLACES = ("tcp", "unix", "fd", "tls")
"""Where a server can be told to listen."""


@dataclass(frozen=True)
class Limit:
    """What a server does not do: the outcomes that a probe of it may have, and why."""

    outcomes: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Server:
    """One way to serve.

    Attributes:
        name: what it is called on command lines.
        title: what it is called in tables.
        interface: what it takes: "asgi", "wsgi", or "main", a program that serves itself.
        of: the kind of program that it is for, "sync" or "aio"; empty: any.
        requires: requirements to install.
        tried: the version of the first of them that the table was tried with.
        command: the command without its address.
        places: for each of `PLACES` that it can listen on, the arguments for it.
        environment: variables to set.
        files: texts to write, by name.
        note: what else there is to know.
        limits: what it does not do, by probe.
    """

    name: str
    title: str
    interface: str
    requires: tuple[str, ...]
    tried: str
    command: str
    of: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    limits: Mapping[str, Limit] = field(default_factory=dict)

    def carries(self, probe: str) -> bool:
        """Whether a probe has no limit here."""
        return probe not in self.limits

    def line(self, place: str, values: Mapping[str, str]) -> str:
        """The command to run, as a shell takes it; what `values` does not name stays a hole.

        Raises:
            KeyError: it cannot listen on such a place.
        """
        ending = self.places[place] if self.interface != "main" else ""
        return f"{self.command} {ending}".strip().format_map(_Holes(values))

    def arguments(self, place: str, values: Mapping[str, str]) -> list[str]:
        """The same, split; raises as `line`."""
        return shlex.split(self.line(place, {name: shlex.quote(value) for name, value in values.items()}))


class _Holes(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


@dataclass(frozen=True)
class Table:
    """All servers, in the order of the guide, and all probes with what they try."""

    probes: Mapping[str, str]
    servers: Sequence[Server]

    def server(self, name: str) -> Server:
        """The server of this name; KeyError without one."""
        return {server.name: server for server in self.servers}[name]


def _limits(rows: Mapping[str, Any], probes: Mapping[str, str]) -> dict[str, Limit]:
    """The limits of each probe; a name with `*` stands for all that it matches and that have no row of their own."""
    found: dict[str, Limit] = {}
    for name, (outcomes, why) in sorted(rows.items(), key=lambda row: "*" in row[0]):
        for probe in fnmatch.filter(probes, name) or [name]:
            found.setdefault(probe, Limit(tuple(outcomes), why))
    return found


def _server(row: dict[str, Any], probes: Mapping[str, str]) -> Server:
    places = {place: row.pop(place) for place in PLACES if place in row}
    limits = _limits(row.pop("limits", {}), probes)
    files = {name: text.lstrip("\n") for name, text in row.pop("files", {}).items()}
    return Server(**row | {"requires": tuple(row["requires"])}, places=places, limits=limits, files=files)


@cache
def table() -> Table:
    """Read the table."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Table(data["probes"], tuple(_server(row, data["probes"]) for row in data["servers"]))
