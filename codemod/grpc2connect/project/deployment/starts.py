"""Start commands and probes: what they start or ask, whether that has moved, and what they do to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.project.deployment import agents
from grpc2connect.project.deployment.commands import Command, command, parts, words_of
from grpc2connect.project.deployment.found import FORK, PROBE, START, Advice, Spot
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.results import Severity, State

if TYPE_CHECKING:
    from grpc2connect.project.deployment.dockerfile import Image

_GOES_ON = "it starts the migrated program as it started the old one"
_ASKS = "it asks gRPC's health service on a port that goes on speaking gRPC"
_GRPC_TOOLS = re.compile(r"(?:.*/)?(?:grpc[_-]health[_-]probe|grpcurl|grpc_cli|evans|grpcdebug|ghz)(?:-[\w.-]+)?$")
_SCRIPTS = (".sh", ".bash")
_TESTS = frozenset({"tox", "nox", "pytest", "pre-commit", "make", "jupyter", "ruff", "mypy", "protoc", "buf"})
_MOST_BYTES = 200_000


def commands_of(words: list[str], scripts: Iterable[Path] = ()) -> list[Command]:
    """What a line starts; a shell script of the project's is read for what it starts itself."""
    found = [command(part) for part in parts(words)]
    for path in scripts:
        found += [command(part) for line in _shell_lines(path) for part in parts(words_of(line))]
    return found


def _shell_lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")
    except OSError:
        return []
    joined = re.sub(r"\\\r?\n", " ", text)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def program_of_image(made: Image, world: World) -> tuple[Program | None, bool]:
    """The program that an image starts, from the files that are copied into it; and whether its start is known."""
    words = made.start
    scripts = [path for word in words if word.endswith(_SCRIPTS) for path in _copied(word, made)]
    programs = []
    for one in commands_of(words, scripts):
        programs += [world.of_script(path) for path in _python_files(one, made, world)]
    found = [program for program in programs if program is not None]
    if found:
        return found[0], True
    if programs or (words and words[0].rsplit("/", 1)[-1] in _TESTS):
        return None, True
    if not any(word.endswith((".py", *_SCRIPTS)) or "python" in word for word in words) and not _may_be_python(made):
        return None, False
    folders = sorted({path for path, _ in made.sources if path.is_dir()}, key=lambda path: len(path.parts))
    known = (world.of_folder(path) for path in reversed(folders))
    return next((program for program in known if program is not None), None), False


def _may_be_python(made: Image) -> bool:
    """Whether the image installs Python packages; what it starts may then be one of their scripts."""
    return any(re.search(r"\bpip3?\b|\bpoetry\b|\buv\b|\bpdm\b", one.text) for one in made.of("RUN"))


def _python_files(one: Command, made: Image, world: World) -> list[Path]:
    if one.script:
        inside = os.path.normpath(os.path.join(made.workdir, one.script))
        exact = [path for path in _host_paths(inside, made) if path.is_file()]
        return exact[:1] or _below(world.named(one.script), made)
    if one.module:
        near = [path for path, _ in made.sources if path.is_dir()]
        near += [path / "src" for path in near]
        return _below(world.modules(one.module, near, run=True), made)
    for folder in [path for path, _ in made.sources if path.is_dir()] if one.tool and "/" not in one.tool else []:
        module = console_script(one.tool, folder)
        if module:
            return world.modules(module, [folder, folder / "src"])
    return []


def console_script(name: str, folder: Path) -> str:
    """The module in which the console script `name` of the project in `folder` is; empty if there is none."""
    for settings in ("pyproject.toml", "setup.cfg", "setup.py"):
        try:
            text = (folder / settings).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found = re.search(rf"(?:^|[\s\"'\[,]){re.escape(name)}[\"']?\s*=\s*[\"']?([A-Za-z_][\w.]*):[\w.]+", text)
        if found is not None:
            return found[1]
    return ""


def _host_paths(inside: str, made: Image) -> list[Path]:
    """Where in the project a path of the image can come from."""
    found = []
    for source, target in reversed(made.sources):
        place = os.path.normpath(os.path.join(made.workdir, target))
        if source.is_dir() and (inside == place or inside.startswith(place.rstrip("/") + "/")):
            found.append(source / os.path.relpath(inside, place))
        elif source.is_file() and inside in (place, os.path.join(place, source.name)):
            found.append(source)
    return found


def _below(paths: list[Path], made: Image) -> list[Path]:
    """Those of some paths that are in the image; if none is said to be, the only one there is."""
    inside = [path for path in paths if any(path.is_relative_to(source) for source, _ in made.sources)]
    if inside or made.sources:
        return inside if len(inside) == 1 else []
    beside = [path for path in paths if path.is_relative_to(made.path.parent)]  # brought in when the container starts
    return beside if len(beside) == 1 else []


def _copied(word: str, made: Image) -> list[Path]:
    inside = os.path.normpath(os.path.join(made.workdir, word))
    exact = [path for path in _host_paths(inside, made) if path.is_file()]
    name = word.rsplit("/", 1)[-1]
    return exact[:1] or [path / name for path, _ in made.sources if (path / name).is_file()][:1]


def program_of_command(words: list[str], world: World, near: Iterable[Path]) -> Program | None:
    """The program that a command starts from one of some folders, by the script or the module that it names."""
    folders = list(near)
    for one in commands_of(words):
        files: list[Path] = []
        if one.script:
            here = [folder / one.script for folder in folders]
            files = [path for path in here if path.is_file()][:1] or world.named(one.script)
        elif one.module:
            files = world.modules(one.module, folders, run=True)
        if len(files) == 1:
            return world.of_script(files[0])
    return None


def spots(words: list[str], line: int, column: int, program: Program, world: World, text: str) -> list[Spot]:
    """A start command of a migrated program: what it is, and what to know of it."""
    why = f"{_GOES_ON}, on the same port" if program.serves else _GOES_ON
    found = [Spot(line, column, START, "start command", text, State.NATIVE, why, units=program.units)]
    for one in commands_of(words):
        if one.forks_loaded and program.calls:
            found.append(fork_spot(line, column, text, program, one.tool))
        found += agents.spots(one.wrappers, line, column, program, world)
    return found


def fork_spot(line: int, column: int, text: str, program: Program, tool: str) -> Spot:
    """A server that forks after the program is loaded, and so after calls that loading makes."""
    message = f"{tool} forks after it has loaded the program: a channel that was used before is cut off in the workers"
    todo = "make no calls while loading, or make channels in the workers, or set G2C_WIRE=grpcio"
    told = Advice(message, todo, Severity.WARNING)
    why = "channels that the workers make themselves are carried by grpcio"
    return Spot(line, column, FORK, "forking server", text, State.BRIDGED, why, told, program.units)


def probe_spots(words: list[str], line: int, column: int, program: Program, world: World) -> list[Spot]:
    """A health check by a command: gRPC's tools, and Python that imports grpc by itself."""
    text = " ".join(words)
    if any(_GRPC_TOOLS.fullmatch(word) for part in parts(words) for word in part[:1]):
        return [Spot(line, column, PROBE, "health probe", text, State.BRIDGED, _ASKS, units=program.units)]
    if re.search(r"\bimport grpc\b|\bfrom grpc", text):
        told = None
        if world.single:
            message = "this check imports grpc, which nothing else may need any more"
            told = Advice(message, "keep grpcio in the image, or ask /grpc.health.v1.Health/Check by HTTP")
        why = "grpcio stays installed, and the port goes on speaking gRPC"
        return [Spot(line, column, PROBE, "health probe", text, State.BRIDGED, why, told, program.units)]
    return []


def grpc_probe(line: int, column: int, text: str, units: tuple[str, ...]) -> Spot:
    """A probe of Kubernetes' own kind `grpc`."""
    return Spot(line, column, PROBE, "health probe", text, State.BRIDGED, _ASKS, units=units)
