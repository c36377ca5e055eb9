"""Kubernetes manifests: workloads that run the project's images, services in front of them, and their probes.

A workload is ours by its image or its command; a Service is by its selector. What names no program of the project's is
somebody else's and is passed by.

Source: the Kubernetes API (`core/v1` containers, probes, services; `appProtocol`); Istio, "Protocol Selection".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from grpc2connect.project.deployment import advice, starts
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.config_maps import ConfigMaps
from grpc2connect.project.deployment.edits import can_be_edited
from grpc2connect.project.deployment.found import PORT, ROUTE, Advice, File, Insertion, Looked, Spot
from grpc2connect.project.deployment.images import Images
from grpc2connect.project.deployment.world import Program, World
from grpc2connect.results import State

PORT_NAME = "http-connect"
_GRPC_PORT = ("grpc", "grpc-web", "http2", "h2c", "kubernetes.io/h2c")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True)
class Workload:
    """Pods of one kind: their labels, and the program of ours that runs in them."""

    labels: dict[str, str]
    program: Program
    serves_connect: bool


@dataclass
class Cluster:
    """What all manifests of the project say together."""

    workloads: list[Workload] = field(default_factory=list)
    services: dict[str, Program] = field(default_factory=dict)
    config_maps: ConfigMaps = field(default_factory=ConfigMaps)

    def selected(self, selector: y.Node) -> Workload | None:
        """The workload of ours that a selector picks."""
        wanted = {key: y.text_of(value) for key, _, value in y.pairs(selector)}
        if not wanted:
            return None
        return next((one for one in self.workloads if wanted.items() <= one.labels.items()), None)


def pods(document: y.Node) -> Iterator[tuple[y.Node, y.Node]]:
    """The pod templates of a document: what has `spec.containers`, with that `spec`."""
    for node in y.walk(document):
        spec = y.get(node, "spec")
        if spec is not None and y.items(y.get(spec, "containers")):
            yield node, spec


def containers(spec: y.Node, world: World, images: Images) -> Iterator[tuple[y.Node, Program, bool]]:
    """The containers of a pod that run programs of ours which have moved; and whether the image serves Connect."""
    for container in [*y.items(y.get(spec, "containers")), *y.items(y.get(spec, "initContainers"))]:
        image = y.text_of(y.get(container, "image"))
        words = [*y.strings(y.get(container, "command")), *y.strings(y.get(container, "args"))]
        known = images.of_name(image) if image else images.of_name("")
        program = known.program
        if words and (named := starts.program_of_command(words, world, [world.root])) is not None:
            program = named
        if program is not None and program.moved:
            yield container, program, images.starts_with_port(images.dockerfile_of(image))


def collect(document: y.Node, world: World, images: Images, cluster: Cluster) -> bool:
    """Note the workloads of a document; whether it runs a program of ours."""
    ours = False
    for template, spec in pods(document):
        labels = {key: y.text_of(value) for key, _, value in y.pairs(y.get(template, "metadata", "labels"))}
        for container, program, connect in containers(spec, world, images):
            ours = True
            cluster.config_maps.taken(container, program)
            if program.serves:
                cluster.workloads.append(Workload(labels, program, connect))
    return ours


def collect_services(document: y.Node, cluster: Cluster) -> None:
    """Note which Services lead to our workloads."""
    if y.text_of(y.get(document, "kind")) == "Service":
        workload = cluster.selected(y.get(document, "spec", "selector"))
        name = y.text_of(y.get(document, "metadata", "name"))
        if workload is not None and name:
            cluster.services[name] = workload.program


def look(file: File, document: y.Node, world: World, images: Images, cluster: Cluster) -> Looked:
    """What one manifest has that belongs to the migrated services."""
    found = Looked()
    for _, spec in pods(document):
        for container, program, in_image in containers(spec, world, images):
            _container(file, spec, container, program, in_image, world, cluster, found)
    if y.text_of(y.get(document, "kind")) == "Service":
        workload = cluster.selected(y.get(document, "spec", "selector"))
        if workload is not None:
            _service(file, document, workload, world, found)
    return found


def _container(
    file: File,
    spec: y.Node,
    container: y.Node,
    program: Program,
    in_image: bool,
    world: World,
    cluster: Cluster,
    found: Looked,
) -> None:
    command = y.get(container, "command") or y.get(container, "args")
    if command is not None:
        words = y.strings(command)
        found.spots += starts.spots(words, *y.place(command), program, world, " ".join(words))
    for name in _PROBES:
        probe = y.get(container, name)
        for key, node, value in y.pairs(probe):
            if key == "grpc":
                text = f"{name}: grpc: {y.text_of(y.get(value, 'port'))}"
                found.spots.append(starts.grpc_probe(*y.place(node), text, program.units))
            elif key == "exec":
                command = y.get(value, "command")
                if command is not None:
                    found.spots += starts.probe_spots(y.strings(command), *y.place(command), program, world)
    variables = cluster.config_maps.names(container)
    for item in y.items(y.get(container, "env")):
        name = y.text_of(y.get(item, "name"))
        variables.add(name)
        value = cluster.config_maps.value(item)
        found.spots += advice.variable(name, value, *y.place(y.get(item, "name") or item), program, world)
    if program.serves and not world.single and not {"G2C_CONNECT_ADDRESS", "G2C_WIRE"} & variables:
        _connect_port(file, spec, container, program, in_image, world, found)


def _container_ports(spec: y.Node) -> set[int]:
    """The ports of all containers of a pod, which share them."""
    every = [*y.items(y.get(spec, "containers")), *y.items(y.get(spec, "initContainers"))]
    given = (y.text_of(y.get(port, "containerPort")) for one in every for port in y.items(y.get(one, "ports")))
    return {int(port) for port in given if port.isdigit()}


def _connect_port(
    file: File, spec: y.Node, container: y.Node, program: Program, in_image: bool, world: World, found: Looked
) -> None:
    taken = _container_ports(spec)
    ports, env = y.get(container, "ports"), y.get(container, "env")
    there = any(y.text_of(y.get(one, "name")) == PORT_NAME for one in y.items(ports))
    port, obstacle = advice.connect_port(world, program, taken)
    line, column = y.place(ports if ports is not None else container)
    if there:
        return
    ports_lines = (f"- name: {PORT_NAME}", f"  containerPort: {port}")
    env_lines = () if in_image else ("- name: G2C_CONNECT_ADDRESS", f"  value: 0.0.0.0:{port}")
    writes = world.options.connect_port is not None and not obstacle and _takes_lines(file, ports)
    if writes and (in_image or y.is_block(env)):
        found.insertions.append(_after(file, ports, ports_lines))
        if env_lines:
            found.insertions.append(_after(file, env, env_lines))
        why = "Connect has a port of its own"
        found.spots.append(Spot(line, column, PORT, "Connect port", str(port), State.NATIVE, why, units=program.units))
        return
    how = f"add `{{name: {PORT_NAME}, containerPort: {port}}}` to the container's `ports`"
    if env_lines:
        how += f" and `{{name: G2C_CONNECT_ADDRESS, value: 0.0.0.0:{port}}}` to its `env`"
    told = advice.no_connect_port(how, port, obstacle)
    text = y.text_of(y.get(container, "name"))
    found.spots.append(advice.connect_port_spot(line, column, text, told, program))


def _takes_lines(file: File, sequence: y.Node) -> bool:
    """Whether an item can be put in by itself: the sequence is a block, and nothing in the file stands for another."""
    return y.is_block(sequence) and can_be_edited(file.text) and not y.has_aliases(file.text)


def _after(file: File, sequence: y.Node, lines: tuple[str, ...]) -> Insertion:
    """Lines as a further item of a sequence, indented as its items are."""
    first = sequence.value[0].start_mark
    before = file.lines[first.line][: first.column]
    indent = before[: before.rfind("-")] if "-" in before else before
    return Insertion(y.last_line(sequence), tuple(indent + line for line in lines))


def _service(file: File, document: y.Node, workload: Workload, world: World, found: Looked) -> None:
    ports = y.get(document, "spec", "ports")
    units = workload.program.units
    for item in y.items(ports):
        for key in ("name", "appProtocol"):
            node = y.get(item, key)
            value = y.text_of(node)
            if value in _GRPC_PORT or (key == "name" and value.startswith(("grpc-", "http2-"))):
                why = "the port goes on speaking gRPC"
                why += ", over HTTP/2 as Connect may too" if world.single else ""
                found.spots.append(
                    Spot(*y.place(node), ROUTE, "port of a Service", f"{key}: {value}", State.BRIDGED, why, units=units)
                )
    asked = world.options.connect_port
    named = any(y.text_of(y.get(item, "name")) == PORT_NAME for item in y.items(ports))
    every_named = all(y.get(item, "name") is not None for item in y.items(ports))
    if world.single or not asked or named or not y.items(ports):
        return
    numbers = {y.text_of(y.get(item, "port")) for item in y.items(ports)}
    if every_named and _takes_lines(file, ports) and str(asked) not in numbers:
        lines = (f"- name: {PORT_NAME}", f"  port: {asked}", f"  targetPort: {asked}")
        found.insertions.append(_after(file, ports, lines))
        why = "Connect has a port of its own"
        found.spots.append(Spot(*y.place(ports), PORT, "Connect port", str(asked), State.NATIVE, why, units=units))
        return
    what = f"`{{name: {PORT_NAME}, port: {asked}, targetPort: {asked}}}`"
    how = "its ports have no names, which several need" if not every_named else "it cannot be put in here"
    told = Advice(f"this Service does not lead to the Connect port; {how}", f"add {what} to its `ports`")
    found.spots.append(
        Spot(*y.place(ports), PORT, "Connect port", "ports", State.BRIDGED, "the port is gRPC's", told, units)
    )
