"""Where rules are declared, found and looked up. Each reference is claimed by exactly one rule."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from grpc2connect.config import suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.facts.reference import Reference
from grpc2connect.rules_api.outcome import Outcome

RuleFunction = Callable[..., Iterator[Outcome]]
GROUP = "grpc2connect.rules"
BUILTIN = "grpc2connect_rules"
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,9}[0-9]{3}")

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
    unsafe: str = ""


@dataclass(frozen=True)
class Rule:
    """A declared rule: which references it claims and what it makes of them."""

    code: str
    on: type[Reference]
    names: frozenset[str]
    attribute: str
    function: RuleFunction
    documentation: str
    replaces: frozenset[str] = frozenset()
    unsafe: str = ""

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

        A rule of a pack goes before those that it says it replaces. Raises `ValueError` where two rules of the same
        precision claim it.
        """
        claims = [rule for rule in self.rules if rule.claims(reference)]
        replaced = {code for rule in claims for code in rule.replaces}
        claims = [rule for rule in claims if rule.code not in replaced]
        named = [rule for rule in claims if rule.names] or claims
        if len(named) > 1:
            raise ValueError(f"{', '.join(rule.code for rule in named)} all claim {reference.kind}")
        return named[0] if named else None

    def outcomes(self, claimed: Rule, reference: Reference) -> Iterator[Outcome]:
        """What a rule offers for a reference, and after that what the rule offers that it replaces."""
        yield from claimed.function(reference)
        others = Registry([rule for rule in self.rules if rule.code in claimed.replaces])
        behind = others.claim(reference)
        if behind is not None:
            yield from others.outcomes(behind, reference)


class PackError(Failure):
    """A rule pack that cannot be used."""

    def __init__(self, name: str, cause: str, step: str) -> None:
        super().__init__(Title.RULE_PACK_INVALID, f"--rules {name}: {cause}", step)


_declared: list[Rule] = []


def rule(
    code: str,
    *,
    on: type[Reference],
    names: frozenset[str] | set[str] = frozenset(),
    attribute: str = "name",
    replaces: Iterable[str] = (),
    unsafe: str = "",
) -> Callable[[RuleFunction], RuleFunction]:
    """Declare a rule for a kind of reference, or for those of the kind whose `attribute` is among `names`.

    `replaces` are the codes of rules that it goes before: what they offer comes after all that this one offers, so that
    it need only know its own case. `unsafe` says what its unsafe outcomes change in what a program does.
    """

    def declare(function: RuleFunction) -> RuleFunction:
        documentation = (sys.modules[function.__module__].__doc__ or "").strip()
        _declared.append(
            Rule(code, on, frozenset(names), attribute, function, documentation, frozenset(replaces), unsafe)
        )
        return function

    return declare


@cache
def load(packs: tuple[str, ...] = ()) -> Registry:
    """The built-in rules, and those of the packs that the user has named: see `_pack`.

    A pack that is merely installed is not loaded. Raises `PackError`.
    """
    for info in _modules(importlib.import_module(BUILTIN)):
        importlib.import_module(info)
    names = {BUILTIN}
    for name in packs:
        names.add(_load_pack(name))
    rules = [one for one in _declared if one.function.__module__.partition(".")[0] in names]
    return Registry(sorted(rules, key=lambda declared: declared.code))


def _modules(package: ModuleType) -> list[str]:
    found = pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.")
    return sorted(info.name for info in found)


def _load_pack(name: str) -> str:
    """Import all of a pack, and check what it declares; the name of its top package."""
    try:
        package = _pack(name)
        for module in _modules(package):
            importlib.import_module(module)
    except PackError:
        raise
    except Exception as problem:
        what = f"cannot be imported: {type(problem).__name__}: {problem}"
        raise PackError(name, what, "correct it, or install what it needs beside grpc2connect") from problem
    top = package.__name__.partition(".")[0]
    own = [one for one in _declared if one.function.__module__.partition(".")[0] == top]
    others = {one.code for one in _declared if one not in own}
    if not own:
        raise PackError(name, "declares no rule", "see docs/writing-rules.md")
    for one in own:
        if not _CODE.fullmatch(one.code) or one.code.startswith("G2C") or one.code in others:
            raise PackError(name, f"{one.code!r} is no code for it", "take letters of its own and three digits")
        unknown = sorted(one.replaces - others)
        if unknown:
            raise PackError(name, f"{one.code} replaces {unknown[0]}, which is no rule", suggestion(unknown[0], others))
    return top


def _pack(name: str) -> ModuleType:
    """A pack by a folder or file, by its name in the entry-point group, or by the name of an importable package."""
    path = Path(name)
    if os.sep in name or "/" in name or path.suffix == ".py" or (path / "__init__.py").is_file():
        return _from_path(name, Path(os.path.abspath(path)))
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return importlib.import_module(entry.value)
    return importlib.import_module(name)


def _from_path(name: str, path: Path) -> ModuleType:
    file = path / "__init__.py" if path.is_dir() else path
    if not file.is_file() or file.suffix != ".py":
        raise PackError(name, "is no package and no module", "name a folder with an __init__.py")
    if file.stem in sys.modules or path.stem in sys.modules:
        loaded = sys.modules[path.stem]
        if getattr(loaded, "__file__", None) == str(file):
            return loaded
        raise PackError(name, f"{path.stem!r} is the name of another module", "give it one of its own")
    locations = [str(path)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(path.stem, file, submodule_search_locations=locations)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def catalogue(packs: tuple[str, ...] = ()) -> list[RuleInfo]:
    """The documentation of every rule, in the order of codes (rules of one module share a text)."""
    return [
        RuleInfo(found.code, _title(found), found.documentation, _family(found), found.unsafe)
        for found in load(packs).rules
    ]


def _family(found: Rule) -> str:
    if found.code.startswith("G2C"):
        return FAMILIES[found.code[3]]
    return found.function.__module__.partition(".")[0]


def _title(found: Rule) -> str:
    first = (found.function.__doc__ or found.documentation).strip().partition("\n")[0]
    return first.removeprefix(f"{found.code}: ")
