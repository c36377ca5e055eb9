"""The guide: for each program of a project, which servers carry its RPCs, and the commands that run it with them."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.results import FileError
from grpc2connect.serving import app_module, programs
from grpc2connect.serving.programs import Program, Project, Source
from grpc2connect.serving.table import Server, table
from grpc2connect.sources import find, read
from grpc2connect.syntax import SyntaxProblem, parse
from grpc2connect.syntax.imported import imported_names
from grpc2connect.syntax.walking import walk

PROTOCOLS = {
    "Connect": {kind: f"connect_{kind}" for kind in ("unary", "client_stream", "server_stream", "bidi")},
    "gRPC-Web": {"unary": "grpc_web", "server_stream": "grpc_web"},
    "gRPC": {kind: f"grpc_{kind}" for kind in ("unary", "client_stream", "server_stream", "bidi")},
}
"""For each protocol and kind of RPC the probe that shows it; browsers' gRPC-Web has no other kinds."""

WORTH_KNOWING = ("connect_deadline", "grpc_deadline", "grpc_refused", "stop_connect", "stop_grpc")
"""Probes whose limits matter to every program."""

VALUES = {"host": "0.0.0.0", "port": "8080", "connect_port": "8080", "config": "."}
"""What commands are shown with."""

_FOREIGN = ("grpc2connect_runtime",)


@dataclass(frozen=True)
class Choice:
    """A server for a program: for each protocol the kinds that it carries, and what else there is to know."""

    server: Server
    carries: dict[str, list[str]]
    commands: dict[str, str]
    environment: dict[str, str]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Guide:
    """A program with the servers that can run it, the most able first, and the module that they import."""

    program: Program
    module: app_module.AppModule
    choices: tuple[Choice, ...]

    def is_called(self, name: str, root: Path) -> bool:
        """Whether it is what `--program` means: a module's name, or a file."""
        path = self.program.source.path
        return name in (self.program.source.name, str(path), os.path.relpath(path, root), os.path.relpath(path))


def load(options: Options) -> tuple[Project, list[FileError]]:
    """Read a project; a file that cannot be read or parsed is an error and nothing more."""
    paths, errors = find(options)
    files = frozenset(str(path) for path in paths)
    trees: dict[Path, tuple[str, ast.Module]] = {}
    for path in paths:
        if path.suffix != ".py" or set(path.parts) & set(_FOREIGN) or programs.is_test(path, options.root):
            continue
        found = read(path)
        if isinstance(found, FileError):
            errors.append(found)
            continue
        try:
            trees[path] = found.text, parse(path, found.text).tree
        except (SyntaxProblem, RecursionError, MemoryError) as problem:
            errors.append(FileError(path, "G2C002", str(problem), "correct the syntax, then run again"))
    imported = {name for _, tree in trees.values() for name, level in imported_names(walk(tree)) if not level}
    sources = []
    for path, (text, tree) in trees.items():
        name = _dotted(path, files, imported, options.root)
        imports = programs.imports_of(tree, name, is_package=path.name == "__init__.py")
        sources.append(Source(path, name, text, tree, imports))
    return programs.read(sources), errors


def _dotted(path: Path, files: frozenset[str], imported: Container[str], root: Path) -> str:
    """The name that a file is imported by: the longest in use, else from the nearest folder that is no package."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while str(folder / "__init__.py") in files:
        parts.append(folder.name)
        folder = folder.parent
    name = ".".join(reversed(parts))
    while folder != root and folder.is_relative_to(root):
        parts.append(folder.name)
        folder = folder.parent
        if (longer := ".".join(reversed(parts))) in imported:
            name = longer
    return name


def guides(project: Project, wanted: Sequence[str] = ()) -> list[Guide]:
    """A guide for each program; `wanted` are names of servers, all by default."""
    folders = Counter(program.source.path.parent for program in project.programs if not program.applications)
    modules = [app_module.write(one, alone=folders[one.source.path.parent] <= 1) for one in project.programs]
    there = {module.name: module for module in modules if module.is_there}
    written = {module.name for module in modules if not module.is_there}
    found = []
    for program, module in zip(project.programs, modules, strict=True):
        if module.is_there and module.name in written:
            continue  # what the guide had written for another program
        choices = tuple(_choices(program, module, wanted))
        found.append(Guide(program, there.get(module.name, module), choices))
    return found


def _choices(program: Program, module: app_module.AppModule, wanted: Sequence[str]) -> Iterator[Choice]:
    main = program.starter or f"<what starts {program.source.name}>"
    values = VALUES | {"app": module.app, "wsgi": module.wsgi_app, "main": main}
    for server in table().servers:
        if (server.of and server.of != program.kind) or (wanted and server.name not in wanted):
            continue
        if {"main": module.is_there, "wsgi": not module.wsgi_app}.get(server.interface):
            continue
        carries = {
            protocol: [kind for kind in program.kinds if kind in probes and server.carries(probes[kind])]
            for protocol, probes in PROTOCOLS.items()
        }
        places = ("tcp",) if server.interface == "main" else tuple(server.places)
        commands = {place: server.line(place, values) for place in places}
        environment = {name: text.format_map(values) for name, text in server.environment.items()}
        yield Choice(server, carries, commands, environment, tuple(_limits(program, server)))


def _limits(program: Program, server: Server) -> Iterator[str]:
    """What the program's users would miss, each reason once."""
    probes = table().probes
    for probes_of in PROTOCOLS.values():
        missing = [probes_of[kind] for kind in program.kinds if kind in probes_of]
        yield from _reasons(server, missing)
    yield from (
        f"{probes[probe].partition(':')[0]}: {server.limits[probe].why}"
        for probe in WORTH_KNOWING
        if probe in server.limits and (server.carries("grpc_unary") or "grpc" not in probe)
    )


def _reasons(server: Server, wanted: Iterable[str]) -> Iterator[str]:
    by_why: dict[str, list[str]] = {}
    for probe in dict.fromkeys(wanted):
        if probe in server.limits:
            by_why.setdefault(server.limits[probe].why, []).append(probe)
    for why, found in by_why.items():
        kinds = [one.partition("_")[2].replace("_", " ") for one in found]
        protocol = "Connect" if found[0].startswith("connect") else "gRPC"
        yield f"{protocol} {', '.join(kinds)}: {why}"
