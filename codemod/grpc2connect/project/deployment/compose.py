"""docker compose: the services that are built from the project's images, or start its scripts.

Source: the Compose specification (`build`, `command`, `entrypoint`, `env_file`, `environment`,
`healthcheck`, `ports`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.project.deployment import advice, starts
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.commands import words_of
from grpc2connect.project.deployment.found import Advice, File, Looked
from grpc2connect.project.deployment.images import Images
from grpc2connect.project.deployment.world import Program, World


@dataclass(frozen=True)
class Built:
    """A service's build: the folder, the Dockerfile, and the names of the image."""

    context: Path
    dockerfile: Path
    names: tuple[str, ...]


def is_compose(document: y.Node) -> bool:
    """Whether a document is one of docker compose: services that are mappings, and no kind of Kubernetes' own."""
    services = y.get(document, "services")
    known = {"image", "build", "command", "entrypoint", "ports", "environment", "extends", "depends_on"}
    return y.get(document, "kind") is None and any(
        known & {key for key, _, _ in y.pairs(service)} for _, _, service in y.pairs(services)
    )


def builds(path: Path, document: y.Node) -> Iterator[Built]:
    """What the services are built from."""
    for name, _, service in y.pairs(y.get(document, "services")):
        build = y.get(service, "build")
        if build is None:
            continue
        context = y.text_of(build) or y.text_of(y.get(build, "context")) or "."
        dockerfile = y.text_of(y.get(build, "dockerfile")) or "Dockerfile"
        if "://" in context or "$" in context:
            continue
        folder = Path(os.path.normpath(path.parent / context))
        names = (name, y.text_of(y.get(service, "image")), y.text_of(y.get(service, "container_name")))
        yield Built(folder, Path(os.path.normpath(folder / dockerfile)), tuple(one for one in names if one))


def artifacts(path: Path, document: y.Node) -> Iterator[Built]:
    """What skaffold builds."""
    for one in y.items(y.get(document, "build", "artifacts")):
        context = y.text_of(y.get(one, "context")) or "."
        dockerfile = y.text_of(y.get(one, "docker", "dockerfile")) or "Dockerfile"
        folder = Path(os.path.normpath(path.parent / context))
        name = y.text_of(y.get(one, "image"))
        if name:
            yield Built(folder, Path(os.path.normpath(folder / dockerfile)), (name,))


def look(file: File, document: y.Node, world: World, images: Images) -> Looked:
    """What a compose file has that belongs to the migrated services."""
    found = Looked()
    by_dockerfile = {one.names[0]: one for one in builds(file.path, document)}
    for name, key, service in y.pairs(y.get(document, "services")):
        build = by_dockerfile.get(name)
        program = _program(file, service, build, world, images)
        if program is None or not program.moved:
            continue
        _start(service, program, world, found)
        for variable, value, node in environment(y.get(service, "environment")):
            found.spots += advice.variable(variable, value, *y.place(node), program, world)
        test = y.get(service, "healthcheck", "test")
        if test is not None:
            words = y.strings(test)
            words = words[1:] if words and words[0] in ("CMD", "CMD-SHELL") else words
            words = words_of(words[0]) if len(words) == 1 else words
            found.spots += starts.probe_spots(words, *y.place(test), program, world)
        if program.serves and not world.single:
            _ports(
                file, key, service, program, world, images.starts_with_port(build.dockerfile if build else None), found
            )
    return found


def env_files(file: File, document: y.Node, world: World, images: Images) -> Iterator[tuple[Path, Program]]:
    """The files of variables that services of ours name, each with the program that takes them."""
    by_name = {one.names[0]: one for one in builds(file.path, document)}
    for name, _, service in y.pairs(y.get(document, "services")):
        paths = _env_files(file, service)
        program = _program(file, service, by_name.get(name), world, images) if paths else None
        if program is not None and program.moved:
            yield from ((path, program) for path in paths)


def _env_files(file: File, service: y.Node) -> list[Path]:
    given = y.get(service, "env_file")
    named = [*y.strings(given), *(y.text_of(y.get(item, "path")) for item in y.items(given))]
    return [Path(os.path.normpath(file.path.parent / one)) for one in named if one and "$" not in one]


def _has_port(path: Path) -> bool:
    """Whether a file of variables says where Connect is served."""
    try:
        return (
            re.search(rb"^\s*(?:export\s+)?G2C_(?:CONNECT_ADDRESS|WIRE)=", path.read_bytes(), re.MULTILINE) is not None
        )
    except OSError:
        return False


def _program(file: File, service: y.Node, build: Built | None, world: World, images: Images) -> Program | None:
    words = [word for part in ("entrypoint", "command") for word in _words(y.get(service, part))]
    near = [build.context, build.dockerfile.parent] if build else [file.path.parent]
    named = starts.program_of_command(words, world, near) if words else None
    if named is not None:
        return named
    if build is not None:
        return images.of_dockerfile(build.dockerfile)
    image = y.text_of(y.get(service, "image"))
    return images.of_name(image).program if image else None


def _words(node: y.Node) -> list[str]:
    if node is None:
        return []
    return words_of(node.value) if node.id == "scalar" else y.strings(node)


def _start(service: y.Node, program: Program, world: World, found: Looked) -> None:
    for part in ("command", "entrypoint"):
        node = y.get(service, part)
        if node is not None:
            words = _words(node)
            found.spots += starts.spots(words, *y.place(node), program, world, " ".join(words))
            return


def environment(node: y.Node) -> Iterator[tuple[str, str, y.Node]]:
    """Names and values of an `environment`, whether a mapping or a list of `NAME=value`."""
    for name, key, value in y.pairs(node):
        yield name, y.text_of(value), key
    for item in y.items(node):
        name, _, value = y.text_of(item).partition("=")
        yield name, value, item


def _ports(
    file: File, key: y.Node, service: y.Node, program: Program, world: World, in_image: bool, found: Looked
) -> None:
    """The port that Connect clients have, said once: where the service publishes ports, else where it is defined."""
    variables = {name for name, _, _ in environment(y.get(service, "environment"))}
    if {"G2C_CONNECT_ADDRESS", "G2C_WIRE"} & variables or any(map(_has_port, _env_files(file, service))):
        return
    published = y.get(service, "ports")
    everywhere = {int(one) for one in re.findall(r"(?<![\d.])(\d{2,5})(?![\d.])", " ".join(_published(published)))}
    port, obstacle = advice.connect_port(world, program, everywhere)
    lines = [] if in_image else [f"`G2C_CONNECT_ADDRESS: 0.0.0.0:{port}` to its `environment`"]
    if published is not None:
        lines.append(f'`- "{port}:{port}"` to its `ports`')
    if not lines:
        return
    place = published if published is not None else key
    told = advice.no_connect_port("add " + " and ".join(lines), port, obstacle)
    if world.options.connect_port and not obstacle:
        # Which port of the host is free, only who runs it knows.
        told = Advice("its port for Connect is not published to the host", "add " + " and ".join(lines))
    text = " ".join(_published(published)) or key.value
    found.spots.append(advice.connect_port_spot(*y.place(place), text, told, program))


def _published(node: y.Node) -> list[str]:
    found = []
    for item in y.items(node):
        found.append(y.text_of(item) or f"{y.text_of(y.get(item, 'published'))}:{y.text_of(y.get(item, 'target'))}")
    return found
