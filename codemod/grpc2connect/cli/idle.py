"""Settings that do nothing, mostly for a typing error: an override that no reference of the whole project is about, and
a public module that the project does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from grpc2connect.config import Config, suggestion
from grpc2connect.options import Options, Override
from grpc2connect.report.paint import shown
from grpc2connect.results import Finding, Place, RunResult, Severity
from grpc2connect.sources.modules import ModuleName, known, names

CODE = "G2C025"


def with_idle(result: RunResult, config: Config, paths: tuple[Path, ...], options: Options) -> RunResult:
    """`result` with a finding for each setting that is about nothing, if `paths` hold what the settings are for."""
    if config.path is None or not any(config.path.parent.is_relative_to(path) for path in paths):
        return result
    said = [
        (f"override {number} is about nothing here: {what}", step)
        for number, override in enumerate(config.overrides, 1)
        for what, step in _idle(override, result)
    ]
    said += _unknown_modules(config.public, options)
    place = Place(config.path, 1, 1)
    found = [Finding(CODE, place, what, step, Severity.WARNING) for what, step in said]
    return replace(result, findings=(*result.findings, *found)) if found else result


def _unknown_modules(public: tuple[str, ...], options: Options) -> Iterator[tuple[str, str]]:
    """The public modules that are none, and what to do about each."""
    if not public:
        return
    there = known(options)
    for name in public:
        if not any(names(name, module) for module in there):
            holder = _file_above(name, there)
            step = suggestion(name, {module.name for module in there if module.name})
            if holder:
                step = f"{holder!r} is one: write that, and all that is public in it counts"
            yield f"public {name!r} is about nothing here: no module or package is called so", step


def _file_above(name: str, there: Sequence[ModuleName]) -> str:
    """The module that a name goes on behind, which is no package; "" if there is none."""
    files = [f".{module.name}" for module in there if module.path.stem != "__init__"]
    while name := name.rpartition(".")[0]:
        if any(one.endswith(f".{name}") for one in files):
            return name
    return ""


def _idle(override: Override, result: RunResult) -> Iterator[tuple[str, str]]:
    """What of an override matches no reference, and what to do about it."""
    services = sorted({unit for entry in result.ledger for unit in entry.units})
    for pattern in override.service:
        if not any(fnmatchcase(name, pattern) for name in services):
            yield f"no reference belongs to a service {pattern!r}", suggestion(pattern, services)
    if override.path:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(override.path)
        if not any(spec.match_file(shown(entry.place.path, result.root)) for entry in result.ledger):
            named = ", ".join(override.path)
            yield f"no reference is in files that match {named}", "correct the path, or take the override out"
