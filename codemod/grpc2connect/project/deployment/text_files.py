"""Files that are lines of text: Procfiles, units, supervisor's and circus' settings, variables, Helm's templates.

Templates are not YAML before they are filled in: what stands in them is said, and nothing is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect.project.deployment import advice, starts
from grpc2connect.project.deployment.commands import words_of
from grpc2connect.project.deployment.found import PORT, PROBE, ROUTE, Advice, File, Looked, Spot
from grpc2connect.project.deployment.images import Images
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.project.texts import line_of
from grpc2connect.results import State

_SECTION = re.compile(r"\[([^\]]+)\]\s*$")
_SETTING = re.compile(r"([A-Za-z][\w.\-]*)\s*[=:]\s*(.*)$")
_COMMANDS = {"execstart", "execstartpre", "execstartpost", "command", "cmd", "execreload"}
_VARIABLE_KEYS = {"environment", "env"}
_PAIR = re.compile(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^,\s\"']*)")
_EXPORT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$")
_PROBE_KEY = re.compile(r"^\s*grpc:\s*(?:\{.*\}|)\s*(?:#.*)?$")
_PROBE_TOOL = re.compile(r"grpc[_-]health[_-]probe")
_NAMED_PORT = re.compile(
    r"^\s*-?\s*(?:name|appProtocol):\s*[\"']?(?:grpc(?:-[\w-]*)?|kubernetes\.io/h2c|h2c)[\"']?\s*$"
)
_ROUTED = re.compile(r"backend-protocol(?:-version)?[\"']?\s*:\s*[\"']?GRPCS?\b|^\s*kind:\s*GRPCRoute\b")
_NAME = re.compile(r"\b(GRPC_[A-Z_]+|(?:no_)?grpc_proxy)\b")


def procfile(file: File, world: World) -> Looked:
    """A Procfile: `name: command`."""
    found = Looked()
    for number, line in enumerate(file.lines, 1):
        setting = re.match(r"([\w-]+):\s*(.+)", line)
        if setting is not None:
            _started(words_of(setting[2].strip()), number, setting.start(2) + 1, setting[2].strip(), file, world, found)
    return found


def unit(file: File, world: World) -> Looked:
    """A systemd unit, or the settings of supervisor, circus or uWSGI."""
    found = Looked()
    sections: dict[str, list[tuple[int, int, str, str]]] = {}
    section = ""
    for number, line in _joined(file.lines):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        heading = _SECTION.match(line.strip())
        if heading is not None:
            section = f"{heading[1]}:{number}"
            continue
        setting = _SETTING.match(line.strip())
        if setting is not None and section:
            column = line.index(setting[1]) + 1
            sections.setdefault(section, []).append((number, column, setting[1].lower(), setting[2].strip()))
    for name, settings in sections.items():
        kind = name.split(":")[0].lower()
        if kind == "uwsgi":
            _uwsgi(settings, file, world, found)
        elif kind in ("service", "program", "watcher", "fcgi-program", "env"):
            _section(settings, file, world, found)
    return found


def _section(settings: list[tuple[int, int, str, str]], file: File, world: World, found: Looked) -> None:
    program = None
    for number, column, key, value in settings:
        if key in _COMMANDS:
            more = [given for _, _, other, given in settings if other == "args" and key == "cmd"]
            words = words_of(" ".join([value.lstrip("@-:+!"), *more]))
            program = _started(words, number, column, " ".join(words), file, world, found) or program
    if program is None:
        return
    for number, column, key, value in settings:
        if key in _VARIABLE_KEYS:
            pairs = _PAIR.findall(value.strip("\"'") if value.count('"') == 2 and value.startswith('"') else value)
        else:
            pairs = [(key.upper(), value)] if key.startswith("grpc_") else []
        for name, given in pairs:
            found.spots += advice.variable(name, given.strip("\"'"), number, column, program, world)


def _uwsgi(settings: list[tuple[int, int, str, str]], file: File, world: World, found: Looked) -> None:
    given = {key: value for _, _, key, value in settings}
    module = given.get("module", given.get("wsgi", "")).partition(":")[0]
    words = ["python", given["wsgi-file"]] if "wsgi-file" in given else ["python", "-m", module] if module else []
    program = starts.program_of_command(words, world, _near(file, world)) if words else None
    lazy = any(
        given.get(key, "").lower() in ("true", "1", "yes", "on", "") for key in ("lazy-apps", "lazy") if key in given
    )
    if program is not None and program.moved and program.calls and not lazy:
        number, column, key, value = next(one for one in settings if one[2] in ("module", "wsgi", "wsgi-file"))
        found.spots.append(starts.fork_spot(number, column, f"{key} = {value}", program, "uwsgi"))


def _started(
    words: list[str], line: int, column: int, text: str, file: File, world: World, found: Looked
) -> Program | None:
    program = starts.program_of_command(words, world, _near(file, world))
    if program is None or not program.moved:
        return None
    found.spots += starts.spots(words, line, column, program, world, text)
    for one in starts.commands_of(words):
        for name, value in one.assigned.items():
            found.spots += advice.variable(name, value, line, column, program, world)
    if program.serves and not world.single and "G2C_CONNECT_ADDRESS" not in file.text and "G2C_WIRE" not in file.text:
        port, _ = advice.connect_port(world, program, set())
        told = Advice(
            "its port serves gRPC as before; for Connect, gRPC-Web and JSON it has none",
            f"where such clients come, set G2C_CONNECT_ADDRESS=0.0.0.0:{port}, or another port that is free there",
        )
        found.spots.append(advice.connect_port_spot(line, column, text, told, program))
    return program


def _near(file: File, world: World) -> list[Path]:
    folders = [file.path.parent, *file.path.parent.parents]
    return [one for folder in folders if folder.is_relative_to(world.root) for one in (folder, folder / "src")]


def _joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines with those that a backslash continues, by the number of the first."""
    first, held = 0, ""
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r")
        if line.rstrip().endswith("\\") and not line.lstrip().startswith(("#", ";")):
            first, held = (
                first or number,
                f"{held}{line.strip()[:-1].rstrip() if held else line.rstrip()[:-1].rstrip()} ",
            )
            continue
        yield first or number, held + (line.strip() if held else line)
        first, held = 0, ""


def variables(file: File, world: World, named_by: Program | None = None) -> Looked:
    """A file of `NAME=value` lines, for the program that a compose file gives it to, else for those in its folder."""
    found = Looked()
    program = named_by or world.of_folder(file.path.parent)
    if program is None or not program.moved:
        return found
    for number, line in enumerate(file.lines, 1):
        setting = _EXPORT.match(line.rstrip("\r"))
        if setting is not None:
            value = setting[2].strip().strip("\"'")
            found.spots += advice.variable(setting[1], value, number, setting.start(1) + 1, program, world)
    return found


def gunicorn(file: File, world: World) -> Looked:
    """gunicorn's settings in Python: whether the program is loaded before workers are forked."""
    found = Looked()
    program = world.of_folder(file.path.parent)
    preload = re.search(r"^preload_app\s*=\s*True\b", file.text, re.MULTILINE)
    if preload is not None and program is not None and program.moved and program.calls:
        line = line_of(file.text, preload.start())
        found.spots.append(starts.fork_spot(line, 1, preload[0], program, "gunicorn"))
    return found


def template(file: File, world: World, images: Images) -> Looked:
    """A template of manifests: what is in it of gRPC, where it is about a program of ours by its name."""
    found = Looked()
    program = _templated(file, images)
    if program is None or not program.moved:
        return found
    units = program.units
    for number, raw in enumerate(file.lines, 1):
        line = raw.rstrip("\r")
        if line.lstrip().startswith("#"):
            continue
        column = len(line) - len(line.lstrip()) + 1
        text = line.strip()
        if _PROBE_KEY.match(line) or _PROBE_TOOL.search(line):
            probe = starts.grpc_probe(number, column, text, units)
            found.spots.append(Spot(number, column, PROBE, probe.kind, text, State.BRIDGED, probe.why, units=units))
        elif _NAMED_PORT.match(line):
            why = "the port goes on speaking gRPC"
            found.spots.append(Spot(number, column, ROUTE, "port of a Service", text, State.BRIDGED, why, units=units))
        elif _ROUTED.search(line):
            told = Advice(
                "this passes calls on as gRPC; Connect's clients need a route with HTTP as its protocol",
                "where such clients come, make another one",
            )
            why = "the port behind it goes on speaking gRPC"
            found.spots.append(Spot(number, column, ROUTE, "route", text, State.BRIDGED, why, told, units))
        for name in _NAME.findall(line):
            found.spots += advice.variable(name, "", number, column, program, world)
    if program.serves and not world.single and "G2C_CONNECT_ADDRESS" not in file.text:
        at = next((i for i, line in enumerate(file.lines, 1) if re.match(r"\s*-?\s*containerPort:", line)), 0)
        if at:
            port, _ = advice.connect_port(world, program, {*map(int, re.findall(r"containerPort:\s*(\d+)", file.text))})
            told = Advice(
                "its port serves gRPC as before; for Connect, gRPC-Web and JSON it has none",
                f"where such clients come, add `- name: http-connect` with `containerPort: {port}` to the container's "
                f"`ports` (G2C_CONNECT_ADDRESS=0.0.0.0:{port} in its `env`, or in the image); templates are not edited",
            )
            text = file.lines[at - 1].strip()
            found.spots.append(
                Spot(at, 1, PORT, "Connect port", text, State.BRIDGED, "the port is gRPC's", told, units, program.key)
            )
    return found


def _templated(file: File, images: Images) -> Program | None:
    """The program that a template is about: by the file's own name, else by the only one that it names."""
    by_stem = images.of_name(re.split(r"[.]", file.path.name)[0])
    if by_stem.built:
        return by_stem.program
    words = {word.lower() for word in re.findall(r"[A-Za-z0-9]+", file.text)}
    named = {
        id(program): program
        for path, program in images.programs.items()
        if program is not None and re.sub(r"[^a-z0-9]", "", path.parent.name.lower()) in words
    }
    return next(iter(named.values())) if len(named) == 1 else None
