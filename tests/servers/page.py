"""Results as text, JSON and Markdown, and the generated part of docs/serving.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from grpc2connect.serving.table import DEPLOYMENTS, Server, table

from .matrix import Row
from .outcomes import OK
from .program import REPOSITORY

PAGE = REPOSITORY / "docs" / "serving.md"
_PART = re.compile(r"(<!-- (\w+): .*? -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
_SHOWN = {
    "app": "shop.asgi:app",
    "wsgi": "shop.asgi:wsgi_app",
    "main": "shop.server",
    "host": "127.0.0.1",
    "port": "8080",
    "connect_port": "8080",
    "config": ".",
}
_EXAMPLE = {
    "folder": "/var/lib/shop",
    "connect": "127.0.0.1:8080",
    "grpc": "127.0.0.1:50051",
    "host": "0.0.0.0",
    "h1_port": "80",
    "h2_port": "50050",
    "directory": "/srv/shop",
    "use_sockets": "True",
    "socket_port": "8080",
}
_UNDER = {
    "supervisord.conf": "hypercorn shop.asgi:app -c hypercorn.toml -b 127.0.0.1:8080",
    "circus.ini": "hypercorn shop.asgi:app -c hypercorn.toml -b fd://$(circus.sockets.web)",
}


def line(row: Row) -> str:
    """A server's result in a line."""
    bad = [f"{probe}={one.name}" for probe, one in row.outcomes.items() if one.name != OK]
    fine = len(row.outcomes) - len(bad)
    skipped = f", {len(row.skipped)} skipped" if row.skipped else ""
    return f"{row.server.name}: {fine} of {len(row.outcomes)} ok{skipped} {' '.join(bad)}".strip()


def as_json(rows: Sequence[Row], missing: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "servers": {
            row.server.name: {
                "versions": dict(row.versions),
                "outcomes": {probe: {"outcome": one.name, "detail": one.detail} for probe, one in row.outcomes.items()},
                "skipped": row.skipped,
                "problems": row.problems(),
            }
            for row in rows
        },
        "missing": {name: list(names) for name, names in missing.items() if names},
    }


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rest))


def results(rows: Sequence[Row]) -> str:
    """The outcomes as a Markdown table, a probe in each line."""
    lines = [["probe", *(row.server.name for row in rows)]]
    for probe in table().probes:
        cells = [_cell(row, probe) for row in rows]
        if any(cells):
            lines.append([probe, *cells])
    return _table(lines)


def _cell(row: Row, probe: str) -> str:
    if probe in row.skipped:
        return "skipped"
    return row.outcomes[probe].name if probe in row.outcomes else ""


def page() -> str:
    """docs/serving.md with its generated parts as they have to be."""
    parts = {"matrix": _matrix, "commands": _commands, "nginx": _nginx, "supervisor": _supervisor, "circus": _circus}
    text = PAGE.read_text(encoding="utf-8")
    return _PART.sub(lambda match: f"{match[1]}\n{parts[match[2]]()}\n{match[4]}", text)


def _matrix() -> str:
    reasons: dict[str, int] = {}
    lines = [["", *(server.name for server in table().servers)]]
    for probe, title in table().probes.items():
        group = {"connect": "Connect: ", "grpc": "gRPC: "}.get(probe.partition("_")[0], "")
        if probe == "grpc_web":
            group = "gRPC-Web: "
        lines.append([f"{group}{title}", *(_shown(server, probe, reasons) for server in table().servers)])
    notes = "".join(f"{number}. {why}.\n" for why, number in reasons.items())
    return f"{_table(lines)}\n{notes}"


def _shown(server: Server, probe: str, reasons: dict[str, int]) -> str:
    limit = server.limits.get(probe)
    if limit is None:
        return "yes"
    number = reasons.setdefault(limit.why, len(reasons) + 1)
    return f"**no** ({number})"


def _commands() -> str:
    parts = []
    for server in table().servers:
        if server.interface == "main" and server.of == "sync":
            continue
        title = server.title if server.interface == "main" else f"{server.title} (`{server.name}`)"
        variables = "".join(f"{name}={text.format_map(_SHOWN)} " for name, text in server.environment.items())
        requires = " ".join(f"`{one}`" for one in server.requires)
        block = [f"{variables}{server.line('tcp', _SHOWN)}"]
        block += [f"{server.line(place, _SHOWN)}" for place in ("unix", "fd", "tls") if place in server.places]
        files = "".join(f"\n`{name}`:\n\n```toml\n{text}```\n" for name, text in server.files.items())
        note = f"\n{server.note}\n" if server.note else ""
        parts.append(
            f"**{title}**, needs {requires}; tried with {server.tried}\n\n"
            f"```\n{chr(10).join(block)}\n```\n{files}{note}"
        )
    return "\n".join(parts)


def _deployment(name: str, language: str) -> str:
    text = (DEPLOYMENTS / name).read_text(encoding="utf-8")
    return f"```{language}\n{text.format_map(_EXAMPLE | {'command': _UNDER.get(name, '')})}```\n"


def _nginx() -> str:
    return _deployment("nginx.conf", "nginx")


def _supervisor() -> str:
    return _deployment("supervisord.conf", "ini")


def _circus() -> str:
    return _deployment("circus.ini", "ini")
