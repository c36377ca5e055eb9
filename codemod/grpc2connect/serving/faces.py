"""The guide as text and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grpc2connect.serving.guide import PROTOCOLS, Choice, Guide
from grpc2connect.serving.programs import KINDS, Program, Project, Service

_WORDS = {kind: kind.replace("_", " ") for kind in KINDS.values()}


def _counts(service: Service) -> str:
    return ", ".join(f"{number} {word}" for kind, word in _WORDS.items() if (number := service.count(kind)))


def _carried(choice: Choice, protocol: str, kinds: Sequence[str]) -> str:
    possible = [kind for kind in kinds if kind in PROTOCOLS[protocol]]
    carried = choice.carries[protocol]
    if not possible:
        return "-"
    if carried == possible:
        return "all"
    return "no" if not carried else f"not {', '.join(_WORDS[kind] for kind in possible if kind not in carried)}"


def _command(choice: Choice, place: str) -> str:
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in choice.environment.items())
    return f"{variables} {choice.commands[place]}".strip()


def _place(program: Program, root: Path) -> str:
    return f"{_shown(program.source.path, root)}:{program.server.lineno}"


def text(guides: Sequence[Guide], project: Project, root: Path) -> Iterator[str]:
    """What `serve-guide` prints."""
    for guide in guides:
        yield from _guide(guide, root, name_of(guide, guides, root) if len(guides) > 1 else "")
        yield ""
    for name, service in project.applications.items():
        yield f"{name} is an application of {service.name} as it is: any ASGI server takes it"
    for source, line in project.handed:
        yield f"{_shown(source.path, root)}:{line} makes a server for services that it is handed: see who calls it"
    for source, one in project.elsewhere:
        yield f"{_shown(source.path, root)}:{one.line} adds {one.service.name} to a server that is made elsewhere"
    served = {one.service.name for guide in guides for one in guide.program.registrations}
    served |= {one.service.name for _, one in project.elsewhere} | {one.name for one in project.applications.values()}
    if missing := [one.name for one in project.services if one.name not in served]:
        yield f"no server was found for {', '.join(missing)}"
    yield from _servers(guides)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def name_of(guide: Guide, guides: Sequence[Guide], root: Path) -> str:
    """What `--program` takes for one of several: its module, or its file where modules of two have one name."""
    name = guide.program.source.name
    alone = [one.program.source.name for one in guides].count(name) == 1
    return name if alone else _shown(guide.program.source.path, root)


def _guide(guide: Guide, root: Path, name: str) -> Iterator[str]:
    program, module = guide.program, guide.module
    what = "AioServer" if program.kind == "aio" else "Server"
    made = f", made by {program.function.name}()" if program.function else ""
    yield f"{_place(program, root)}  {what}{made}"
    for one in program.registrations:
        handlers = f"; handlers: {one.handlers}" if one.handlers else ""
        yield f"  {one.service.name}: {_counts(one.service)}{handlers}"
    if (folder := program.source.root) != root:
        yield f"  run it in {_shown(folder, root)}, or with that on PYTHONPATH"
    yield ""
    rows = [("server", *PROTOCOLS, "SIGTERM", "run")]
    rows += [
        (
            choice.server.name,
            *(_carried(choice, protocol, program.kinds) for protocol in PROTOCOLS),
            "waits" if choice.server.carries("stop_connect") else "cuts off",
            _command(choice, "tcp"),
        )
        for choice in guide.choices
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    if not module.is_there:
        named = f" --program {name}" if name else ""
        file = _shown(program.source.path.parent / f"{module.name.rpartition('.')[2]}.py", root)
        yield f"  {module.name} is to be written once: grpc2connect serve-guide --app-module{named} > {file}"
    yield from (f"    then fill in {hole}" for hole in module.holes)
    yield from (f"    {warning}" for warning in module.warnings)


def _servers(guides: Sequence[Guide]) -> Iterator[str]:
    """What is to be said of each server, once."""
    limits: dict[str, dict[str, None]] = {}
    servers = {}
    for guide in guides:
        for choice in guide.choices:
            servers[choice.server.name] = choice.server
            limits.setdefault(choice.server.name, {}).update(dict.fromkeys(choice.limits))
    for name, server in servers.items():
        yield ""
        yield f"{name}: {server.title}; pip install {shlex.join(server.requires)}"
        for file, content in server.files.items():
            yield f"  {file}:"
            yield from (f"    {line}" for line in content.splitlines())
        yield from (f"  not {limit}" for limit in limits[name])
        yield from (f"  {server.places[place]}: {_WHERE[place]}" for place in _WHERE if place in server.places)
        if server.note:
            yield f"  {server.note}"


_WHERE = {
    "unix": "on a UNIX socket",
    "fd": "on a socket that it is started with (systemd, circus)",
    "tls": "TLS",
}


def as_json(guides: Sequence[Guide], project: Project, root: Path) -> dict[str, Any]:
    """The same for machines."""
    return {
        "programs": [_program(guide, root) for guide in guides],
        "applications": {name: service.name for name, service in project.applications.items()},
        "registered_elsewhere": [
            {"file": _shown(source.path, root), "line": one.line, "service": one.service.name}
            for source, one in project.elsewhere
        ],
        "servers_for_handed_services": [
            {"file": _shown(source.path, root), "line": line} for source, line in project.handed
        ],
    }


def _program(guide: Guide, root: Path) -> dict[str, Any]:
    program, module = guide.program, guide.module
    return {
        "module": program.source.name,
        "place": _place(program, root),
        "folder": _shown(program.source.root, root),
        "function": program.function.name if program.function else None,
        "kind": program.kind,
        "wire": program.wire,
        "services": [
            {"name": one.service.name, "methods": dict(one.service.methods), "handlers": one.handlers or None}
            for one in program.registrations
        ],
        "app_module": {
            "name": module.name,
            "is_there": module.is_there,
            "app": module.app,
            "wsgi_app": module.wsgi_app,
            "text": module.text,
            "holes": list(module.holes),
            "warnings": list(module.warnings),
        },
        "servers": [
            {
                "name": choice.server.name,
                "title": choice.server.title,
                "interface": choice.server.interface,
                "requires": list(choice.server.requires),
                "commands": choice.commands,
                "environment": choice.environment,
                "files": dict(choice.server.files),
                "carries": choice.carries,
                "limits": list(choice.limits),
                "note": choice.server.note,
            }
            for choice in guide.choices
        ],
    }
