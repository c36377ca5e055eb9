"""Agents that watch a program from outside: what starts it, or what it imports first, puts its own into grpcio.

Their traces go on where grpcio carries what they watch: the servers of `--serve dual`, and channels, which the runtime
has grpcio carry where an agent has replaced what they are made of (`grpc2connect_runtime.wire.instrumented`).

Source: opentelemetry-instrument, ddtrace-run, newrelic-admin, sw-python and elasticapm-run, and what these agents,
and Sentry's integration, replace of grpcio in their sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect.project.deployment.commands import AGENTS
from grpc2connect.project.deployment.found import AGENT, Advice, Spot
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.project.texts import position
from grpc2connect.results import Severity, State
from grpc2connect.sources import bytes_of

_IMPORTS = re.compile(
    rb"^[ \t]*(?:import[ \t]+(?:newrelic\.agent|ddtrace\.auto|sentry_sdk\.integrations\.grpc)\b"
    rb"|from[ \t]+ddtrace[ \t]+import[^\n]*\bpatch(?:_all)?\b"
    rb"|from[ \t]+newrelic[ \t]+import[^\n]*\bagent\b"
    rb"|from[ \t]+skywalking[ \t]+import[^\n]*\bagent\b"
    rb"|from[ \t]+sentry_sdk\.integrations\.grpc\b"
    rb"|import[ \t]+elasticapm\b|from[ \t]+elasticapm\b)[^\n]*",
    re.MULTILINE,
)
"""What of an agent a program imports to be watched by it."""
_WORDS = (b"newrelic", b"ddtrace", b"skywalking", b"sentry_sdk", b"elasticapm")
_NAMES = re.compile(b"|".join(_WORDS).decode())
_WHY = "it goes on where grpcio carries the calls"
_OWN = "install connectrpc-otel (docs/observability.md), or serve with G2C_WIRE=grpcio"


def spots(wrappers: Iterable[str], line: int, column: int, program: Program, world: World) -> list[Spot]:
    """What to know of the agent that a start command names, if it names one."""
    name = next((one for one in wrappers if one in AGENTS), "")
    return [_spot(name, name, line, column, program, world)] if name else []


def imported(world: World) -> Iterator[tuple[Path, Spot]]:
    """The places where the Python of programs that have moved imports an agent."""
    for path in world.python:
        data = bytes_of(path)
        if not any(name in data for name in _WORDS):
            continue
        for found in _IMPORTS.finditer(data):
            program = world.of_script(path) or world.of_folder(path.parent)
            if program is None or not program.moved:
                break
            text = data.decode("utf-8", "replace")
            shown = found[0].decode("utf-8", "replace").strip()
            line, column = position(text, text.index(shown))
            named = _NAMES.search(shown)
            yield path, _spot(named[0] if named else shown, shown, line, column, program, world)
            break


def _spot(name: str, text: str, line: int, column: int, program: Program, world: World) -> Spot:
    if world.single and program.serves:
        message = f"{name} sees gRPC by what it puts into grpcio, and with one port for all grpcio serves nothing"
        told = Advice(message, _OWN, Severity.WARNING)
    else:
        message = f"{name} watches what it finds in grpcio, and nothing that Connect's transport carries"
        todo = (
            "keep grpcio installed there, and do not set G2C_WIRE=connect; calls of Connect's clients are watched by "
            "connectrpc-otel (docs/observability.md)"
        )
        told = Advice(message, todo)
    return Spot(line, column, AGENT, "agent", text, State.BRIDGED, _WHY, told, program.units)
