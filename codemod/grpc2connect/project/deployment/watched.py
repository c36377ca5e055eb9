"""Dashboards, alerts and rules that ask for metrics by gRPC's names, where the project's programs emit them.

Source: py-grpc-prometheus; OpenTelemetry's RPC conventions, and what opentelemetry-instrumentation-grpc 0.66 and
connectrpc-otel 0.3 emit (docs/observability.md, whose table is tested); Istio's and Envoy's metrics.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from grpc2connect.project.deployment.found import WATCHED, Advice, File, Looked, Spot
from grpc2connect.project.deployment.world import World
from grpc2connect.project.texts import Malformed, position
from grpc2connect.results import State

LOOKS_LIKE_ONE = re.compile(r'"panels"\s*:|"expr"\s*:|"dashboard"\s*:|^\s*-?\s*(?:expr|record|alert)\s*:', re.MULTILINE)
_SERVICE = re.compile(r"grpc_service\s*(=~|!=|!~|=)\s*\\?\"((?:[^\"\\]|\\\\.)*)\\?\"")


@dataclass(frozen=True)
class Family:
    """Metrics that belong together: their names, which of the project's sources emit them, and what to say."""

    names: re.Pattern[str]
    emitted_by: tuple[bytes, ...]
    why: str
    message: str = ""
    todo: str = ""


FAMILIES = (
    Family(
        re.compile(
            r"\bgrpc_(?:server|client)_(?:started|handled|completed|msg_received|msg_sent|handling|handled_latency|"
            r"completed_latency|msg_recv_handling|msg_send_handling)\w*"
        ),
        (b"grpc_prometheus", b"grpc_server_handled", b"grpc_server_started", b"prometheus_grpc", b"grpcprom"),
        "interceptors written for grpcio go on counting, whichever wire carries the call",
    ),
    Family(
        re.compile(
            r"\brpc[._](?:server|client)[._](?:duration|requests?[._]\w+|responses?[._]\w+)\w*"
            r"|\brpc[._]grpc[._]status_code\b|\brpc[._]system\b(?![._]name)|\brpc[._]service\b"
        ),
        (b"instrumentation.grpc", b"GrpcInstrumentor", b"GrpcAioInstrumentor", b"opentelemetry"),
        "gRPC's instrumentors go on where grpcio carries the calls",
        "these are names of OpenTelemetry's gRPC instrumentation; what connectrpc-otel emits for Connect has others",
        "ask for rpc.server.call.duration, rpc.system.name, rpc.method and rpc.response.status_code as well "
        "(docs/observability.md)",
    ),
    Family(
        re.compile(r"\bgrpc_(?:server|client)_(?:call|attempt)_\w+|\bgrpc\.(?:server|client)\.(?:call|attempt)\.\w+"),
        (b"grpc_observability",),
        "gRPC's own OpenTelemetry plugin goes on where grpcio carries the calls",
        "these count what grpcio carries; calls by Connect are not among them",
        "count those by connectrpc-otel's rpc.server.call.duration (docs/observability.md)",
    ),
    Family(
        re.compile(
            r"\bgrpc_response_status\b|\brequest_protocol\s*=~?\s*\\?\"grpc|\benvoy_\w*_grpc_\w+"
            r"|\bistio_(?:request|response)_messages_total\b"
        ),
        (),
        "calls by gRPC are counted as before",
        "a mesh counts calls by Connect as HTTP: request_protocol is http, and the status is response_code",
        "where Connect's clients come, ask for response_code as well",
    ),
)


def look(file: File, world: World) -> Looked:
    """What a dashboard or a file of rules asks for by gRPC's names. Raises `Malformed` if it is no JSON."""
    found = Looked()
    if not LOOKS_LIKE_ONE.search(file.text):
        return found
    if file.path.suffix == ".json":
        try:
            json.loads(file.text)
        except ValueError as problem:
            raise Malformed(getattr(problem, "lineno", 1), getattr(problem, "msg", "cannot be read")) from problem
        except RecursionError as problem:
            raise Malformed(1, "it is nested too deeply") from problem
    for family in FAMILIES:
        if family.emitted_by and not world.mentions(family.emitted_by):
            continue
        spots = []
        for match in family.names.finditer(file.text):
            line, column = position(file.text, match.start())
            if file.path.suffix != ".json" and file.lines[line - 1].lstrip().startswith("#"):
                continue
            if _asks_for_others(file.lines[line - 1], world):
                continue
            spots.append(Spot(line, column, WATCHED, "metric", match[0], State.BRIDGED, family.why))
        if spots and family.message:
            names = sorted({spot.text for spot in spots})
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            count = f" ({len(spots)} times: {shown})" if len(spots) > 1 else f" ({shown})"
            first = spots[0]
            told = Advice(family.message + count, family.todo)
            spots[0] = Spot(first.line, first.column, WATCHED, first.kind, first.text, first.state, first.why, told)
        found.spots += spots
    return found


def _asks_for_others(line: str, world: World) -> bool:
    """Whether a query names services, and none of them is one that moves."""
    asked = _SERVICE.findall(line)
    if not asked or any("$" in value for _, value in asked):
        return False
    for operator, value in asked:
        if operator == "=" and value in world.services:
            return False
        if operator in ("!=", "!~"):
            return False
        if operator == "=~":
            try:
                pattern = re.compile(value.replace("\\\\", "\\"))
            except re.error:
                return False
            if any(pattern.fullmatch(service) for service in world.services):
                return False
    return True
