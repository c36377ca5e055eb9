"""Lock files: named when what they were made of has changed, and never edited."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grpc2connect.results import Finding, Place, Severity

CODE = "G2C922"
REFRESHED_BY = {
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "pdm.lock": "pdm lock",
    "Pipfile.lock": "pipenv lock",
    "conda-lock.yml": "conda-lock",
    "pylock.toml": "what made it",
}
_MADE_OF = {"Pipfile.lock": ("Pipfile",), "conda-lock.yml": ("environment.yml", "environment.yaml")}


def outdated(edited: Iterable[Path], top: Path) -> list[Finding]:
    """A finding for each lock file that an edited file belongs to: beside it, or above it up to `top`."""
    found: dict[Path, Path] = {}
    for path in sorted(edited):
        for folder in path.parents:
            if not folder.is_relative_to(top):
                break
            for name in REFRESHED_BY:
                lock = folder / name
                if path.name in _MADE_OF.get(name, ("pyproject.toml",)) and lock.is_file():
                    found.setdefault(lock, path)
    return [
        Finding(
            CODE,
            Place(lock, 1, 1),
            f"this was made before {path.name} changed",
            f"refresh it: {REFRESHED_BY[lock.name]}",
            Severity.WARNING,
        )
        for lock, path in sorted(found.items())
    ]
