"""Variables that containers take from ConfigMaps, all (`envFrom`) or one by one (`configMapKeyRef`).

Source: the Kubernetes API, `core/v1` `EnvFromSource` and `ConfigMapKeySelector`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from grpc2connect.project.deployment import advice
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.found import Looked
from grpc2connect.project.deployment.world import Program, World

KIND = "ConfigMap"


@dataclass
class ConfigMaps:
    """Which programs take all of a ConfigMap, with what before each name; and what is in each."""

    takers: dict[str, list[tuple[Program, str]]] = field(default_factory=dict)
    data: dict[str, dict[str, str]] = field(default_factory=dict)

    def taken(self, container: y.Node, program: Program) -> None:
        """Note what a container of a program takes as a whole."""
        for item in y.items(y.get(container, "envFrom")):
            name = y.text_of(y.get(item, "configMapRef", "name"))
            if name:
                self.takers.setdefault(name, []).append((program, y.text_of(y.get(item, "prefix"))))

    def names(self, container: y.Node) -> set[str]:
        """The variables that a container takes so."""
        found = set()
        for item in y.items(y.get(container, "envFrom")):
            given = self.data.get(y.text_of(y.get(item, "configMapRef", "name")), {})
            found |= {y.text_of(y.get(item, "prefix")) + key for key in given}
        return found

    def collect(self, document: y.Node) -> None:
        """Note what a ConfigMap has."""
        if is_config_map(document):
            given = {key: y.text_of(value) for key, _, value in y.pairs(y.get(document, "data"))}
            self.data.setdefault(_name(document), given)

    def value(self, variable: y.Node) -> str:
        """The value of an item of `env`: its own, or that of the key that it names."""
        named = y.get(variable, "valueFrom", "configMapKeyRef")
        of_map = self.data.get(y.text_of(y.get(named, "name")), {})
        return y.text_of(y.get(variable, "value")) or of_map.get(y.text_of(y.get(named, "key")), "")


def is_config_map(document: y.Node) -> bool:
    """Whether a document is a ConfigMap."""
    return y.text_of(y.get(document, "kind")) == KIND


def look(document: y.Node, maps: ConfigMaps, world: World) -> Looked:
    """The variables of a ConfigMap that programs of ours take as a whole."""
    found = Looked()
    for key, node, value in y.pairs(y.get(document, "data") if is_config_map(document) else None):
        for program, prefix in _each(maps.takers.get(_name(document), [])):
            spots = advice.variable(prefix + key, y.text_of(value), *y.place(node), program, world)
            if spots:
                found.spots += spots
                break
    return found


def _each(takers: list[tuple[Program, str]]) -> Iterator[tuple[Program, str]]:
    """Those that call first: to them variables mean most."""
    return iter(sorted(takers, key=lambda one: not one[0].calls))


def _name(document: y.Node) -> str:
    return y.text_of(y.get(document, "metadata", "name"))
