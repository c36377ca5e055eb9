"""Settings that do nothing: an override that no reference of the whole project is about is mostly a typing error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from grpc2connect.config import Config, suggestion
from grpc2connect.options import Override
from grpc2connect.report.paint import shown
from grpc2connect.results import Finding, Place, RunResult, Severity

CODE = "G2C025"


def with_idle(result: RunResult, config: Config, paths: tuple[Path, ...]) -> RunResult:
    """`result` with a finding for each override that is about nothing, if `paths` hold what the settings are for."""
    if config.path is None or not any(config.path.parent.is_relative_to(path) for path in paths):
        return result
    found = [
        Finding(
            CODE, Place(config.path, 1, 1), f"override {number} is about nothing here: {what}", step, Severity.WARNING
        )
        for number, override in enumerate(config.overrides, 1)
        for what, step in _idle(override, result)
    ]
    return replace(result, findings=(*result.findings, *found)) if found else result


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
