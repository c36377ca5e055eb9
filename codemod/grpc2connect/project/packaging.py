"""Packaging: a runtime that is written into a project has to be part of what the project's build takes along.

Source: setuptools, "Package Discovery": a flat layout with two top-level packages is refused, a list is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grpc2connect import vendor
from grpc2connect.results import FileChange, Finding, Place, Severity

CODE = "G2C902"
_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_BUILDS = ("[build-system]", "[project]", "[tool.poetry", "[metadata]", "setup(")


def vendored_into_a_build(changes: Iterable[FileChange]) -> list[Finding]:
    """A finding for each new copy of the runtime whose folder, or the one above, is built as a package."""
    homes = {
        change.path.parents[1]
        for change in changes
        if change.before is None and change.path.parts[-2:] == (vendor.PACKAGE, "__init__.py")
    }
    found = []
    for home in sorted(homes):
        built = next((path for folder in (home, home.parent) for path in _builds(folder)), None)
        if built is not None and (built.parent == home or home.name != "src"):
            message = (
                f"what is built from this project has to take {vendor.PACKAGE} along, which is a new package in it"
            )
            advice = "name it among the packages, or migrate with --runtime package"
            found.append(Finding(CODE, Place(built, 1, 1), message, advice, Severity.WARNING))
    return found


def built_by(path: Path) -> Path | None:
    """The nearest file above one that builds a package, if there is any."""
    return next((build for folder in path.parents for build in _builds(folder)), None)


def _builds(folder: Path) -> Iterable[Path]:
    for name in _FILES:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if any(mark in text for mark in _BUILDS):
            yield path
