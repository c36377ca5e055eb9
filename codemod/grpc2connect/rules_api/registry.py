"""Where rules are declared, found and looked up. Each reference is claimed by exactly one rule."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

from grpc2connect.facts.reference import Reference
from grpc2connect.rules_api.outcome import Outcome

RuleFunction = Callable[..., Iterator[Outcome]]
GROUP = "grpc2connect.rules"

FAMILIES = {
    "0": "engine",
    "1": "servicers",
    "2": "context",
    "3": "servers",
    "4": "channels and stubs",
    "5": "calls",
    "6": "errors",
    "7": "interceptors",
    "8": "tests and typing",
    "9": "project files",
}


@dataclass(frozen=True)
class RuleInfo:
    """A rule as its documentation shows it."""

    code: str
    title: str
    documentation: str
    family: str


@dataclass(frozen=True)
class Rule:
    """A declared rule: which references it claims and what it makes of them."""

    code: str
    on: type[Reference]
    names: frozenset[str]
    attribute: str
    function: RuleFunction
    documentation: str

    def claims(self, reference: Reference) -> bool:
        """Whether the rule speaks for a reference."""
        if not isinstance(reference, self.on):
            return False
        return not self.names or getattr(reference, self.attribute) in self.names


@dataclass
class Registry:
    """The rules of a run."""

    rules: list[Rule] = field(default_factory=list)

    def claim(self, reference: Reference) -> Rule | None:
        """The one rule for a reference: one that names it goes before one that claims its whole kind.

        Raises `ValueError` where two rules of the same precision claim it.
        """
        claims = [rule for rule in self.rules if rule.claims(reference)]
        named = [rule for rule in claims if rule.names] or claims
        if len(named) > 1:
            raise ValueError(f"{', '.join(rule.code for rule in named)} all claim {reference.kind}")
        return named[0] if named else None


_declared: list[Rule] = []


def rule(
    code: str, *, on: type[Reference], names: frozenset[str] | set[str] = frozenset(), attribute: str = "name"
) -> Callable[[RuleFunction], RuleFunction]:
    """Declare a rule for a kind of reference, or for those of the kind whose `attribute` is among `names`."""

    def declare(function: RuleFunction) -> RuleFunction:
        documentation = (importlib.import_module(function.__module__).__doc__ or "").strip()
        _declared.append(Rule(code, on, frozenset(names), attribute, function, documentation))
        return function

    return declare


@cache
def load() -> Registry:
    """The built-in rules: every module of the packages in the entry-point group `grpc2connect.rules`."""
    packages = {entry.value for entry in entry_points(group=GROUP)} or {"grpc2connect_rules"}
    for name in sorted(packages):
        package = importlib.import_module(name)
        for info in sorted(pkgutil.walk_packages(package.__path__, f"{name}."), key=lambda found: found.name):
            importlib.import_module(info.name)
    return Registry(sorted(_declared, key=lambda declared: declared.code))


def catalogue() -> list[RuleInfo]:
    """The documentation of every rule, in the order of codes (rules of one module share a text)."""
    return [RuleInfo(found.code, _title(found), found.documentation, FAMILIES[found.code[3]]) for found in load().rules]


def _title(found: Rule) -> str:
    first = (found.function.__doc__ or found.documentation).strip().partition("\n")[0]
    return first.removeprefix(f"{found.code}: ")
