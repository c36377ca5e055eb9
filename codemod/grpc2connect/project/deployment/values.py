"""Helm's values: the part about an image of the project's, as charts conventionally name what is in it.

What a chart's templates make of its values is known to Helm alone, so nothing is put in.

Source: what `helm create` writes (`image.repository`, `service.port`, `livenessProbe`), and the names that charts use
for lists of variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grpc2connect.project.deployment import advice, starts
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.compose import environment
from grpc2connect.project.deployment.found import ROUTE, Advice, Looked, Spot
from grpc2connect.project.deployment.images import Images
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.results import State

_NAME = re.compile(r"(?:.*[-.])?values(?:[-.].*)?\.ya?ml$", re.IGNORECASE)
_VARIABLES = re.compile(
    r"(?:extra|additional|common|global)?_?env(?:ironment)?(?:_?vars?|_?variables)?s?$", re.IGNORECASE
)
_PORT = re.compile(r"\w*[pP]orts?$")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROTOCOLS = ("grpc", "h2c", "http2", "kubernetes.io/h2c")


def is_values(name: str) -> bool:
    """Whether a file is one of Helm's values, by its name."""
    return _NAME.match(name) is not None


def look(document: y.Node, world: World, images: Images) -> Looked:
    """What values have about images of migrated programs."""
    found = Looked()
    for section, program in _sections(document, images):
        before = len(found.spots)
        names: set[str] = set()
        for key, node, value in _within(section):
            if _VARIABLES.match(key):
                names |= _variables(value, program, world, found)
            elif key in _PROBES:
                _probe(key, value, program, world, found)
            elif key in ("appProtocol", "name") and y.text_of(value) in _PROTOCOLS:
                why, text = "the port goes on speaking gRPC", f"{key}: {y.text_of(value)}"
                at = y.place(node)
                found.spots.append(Spot(*at, ROUTE, "port of a Service", text, State.BRIDGED, why, units=program.units))
        connected = {"G2C_CONNECT_ADDRESS", "G2C_WIRE"} & names
        if program.serves and not world.single and not connected:
            _port(section, program, world, found, before)
    return found


def _sections(document: y.Node, images: Images) -> Iterator[tuple[y.Node, Program]]:
    """The mappings that name an image of a program that has moved."""
    for node in y.walk(document):
        image = y.get(node, "image")
        name = y.text_of(image) or y.text_of(y.get(image, "repository")) or y.text_of(y.get(image, "name"))
        program = images.of_name(name).program if name else None
        if program is not None and program.moved:
            yield node, program


def _within(section: y.Node) -> Iterator[tuple[str, y.Node, y.Node]]:
    """Keys with their nodes and values, but for parts about other images."""
    waiting = [section]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        for key, at, value in y.pairs(node):
            yield key, at, value
            below = [value, *y.items(value)]
            waiting += [one for one in below if one.id == "mapping" and y.get(one, "image") is None]


def _variables(node: y.Node, program: Program, world: World, found: Looked) -> set[str]:
    names = set()
    for item in y.items(node):
        at = y.get(item, "name")
        if at is not None:
            names.add(y.text_of(at))
            value = y.text_of(y.get(item, "value"))
            found.spots += advice.variable(y.text_of(at), value, *y.place(at), program, world)
    for name, value, at in environment(node):
        if name:
            names.add(name)
            found.spots += advice.variable(name, value, *y.place(at), program, world)
    return names


def _probe(name: str, probe: y.Node, program: Program, world: World, found: Looked) -> None:
    for key, at, value in y.pairs(probe):
        if key == "grpc":
            text = f"{name}: grpc: {y.text_of(y.get(value, 'port'))}"
            found.spots.append(starts.grpc_probe(*y.place(at), text, program.units))
        elif key == "exec" and (command := y.get(value, "command")) is not None:
            found.spots += starts.probe_spots(y.strings(command), *y.place(command), program, world)


def _port(section: y.Node, program: Program, world: World, found: Looked, before: int) -> None:
    """The port that Connect clients have: said where the values name one."""
    named = [(key, at, value) for key, at, value in _within(section) if _PORT.match(key) and key != "nodePort"]
    texts = [y.text_of(value) for _, _, value in named]
    if not named:
        return
    port, _ = advice.connect_port(world, program, {int(text) for text in texts if text.isdigit()})
    own = {str(one) for one in program.ports}
    key, at, value = next((one for one in named if y.text_of(one[2]) in own), named[0])
    told = Advice(
        "its port serves gRPC as before; for Connect, gRPC-Web and JSON it has none",
        f"where such clients come, give the chart's container and Service a port `http-connect` ({port}), and the "
        f"container G2C_CONNECT_ADDRESS=0.0.0.0:{port}; values are not edited",
    )
    text = f"{key}: {y.text_of(value)}".rstrip(": ")
    found.spots.insert(before, advice.connect_port_spot(*y.place(at), text, told, program))
