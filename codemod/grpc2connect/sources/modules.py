"""By which dotted names the files of a project are imported, and which of them a name in the settings is about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from grpc2connect.options import Options
from grpc2connect.sources.content import is_python
from grpc2connect.sources.files import around, find


class Named(Protocol):
    """A module, by its path, and its dotted name below the nearest folder that is no package."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def name(self) -> str:
        """The dotted name; "" if none can import it."""


class ModuleName(NamedTuple):
    """A module of which nothing else is known."""

    path: Path
    name: str


def dotted_name(path: Path, files: frozenset[str], top: Path) -> str:
    """The dotted name of a file under its import root (the nearest folder above without `__init__.py`)."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while str(folder / "__init__.py") in files and folder != top:
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts))


def names(public: str, module: Named) -> bool:
    """Whether a module is a public one, or lies in a public package and has no private name there.

    Folders above a module's own package may belong to the public name, as those of namespace packages do.
    """
    own = f".{module.name}."
    _, found, below = own.partition(f".{public}.")
    if not found and module.name:
        parts = module.path.parts
        folders = parts[: len(parts) - own.count(".") + (module.path.stem != "__init__")]
        before = "." + ".".join(folders)
        first, found, below = (before + own).rpartition(f".{public}.")
        if len(first) + len(found) < len(before) + 3:  # it ends above the module's own name
            return False
    return bool(found) and not any(part.startswith("_") for part in below.split("."))


def known(options: Options) -> list[ModuleName]:
    """The modules of a run's project: those of its paths, and what lies around them."""
    paths, _ = find(options)
    python = [path for path in (*paths, *around(options, paths)) if is_python(path)]
    files = frozenset(map(str, python))
    top = options.project or options.root
    return [ModuleName(path, dotted_name(path, files, top)) for path in python]
