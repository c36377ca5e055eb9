"""Where a virtual environment keeps its packages; found by looking, never by running its interpreter.

Source of the facts: the documentation of the standard library's `site` and `venv`.
"""

from __future__ import annotations

import os
from pathlib import Path

_LAYOUTS = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages")
_WINDOWS_LAYOUT = "Lib/site-packages"


def search_paths(python: Path) -> list[Path]:
    """The folders that imports are searched in, in an environment: `site-packages` and what `.pth` files add.

    `python` is the environment's folder, its interpreter, or a `site-packages` folder itself. Lines of `.pth` files
    that start with `import` are code and are ignored. An environment that is not there has no folders.
    """
    found: dict[Path, None] = {}
    for site in _site_packages(Path(os.path.abspath(python))):
        found[site] = None
        for added in _pth_entries(site):
            found[added] = None
    return list(found)


def _site_packages(python: Path) -> list[Path]:
    if python.name in ("site-packages", "dist-packages") and python.is_dir():
        return [python]
    # The interpreter is in `bin` or `Scripts`, and is a link out of the environment, so it is not resolved.
    home = python if python.is_dir() else python.parent.parent
    if home.name in ("bin", "Scripts") and not list(home.glob("lib*")):
        home = home.parent
    found = [path for layout in _LAYOUTS for path in sorted(home.glob(layout)) if path.is_dir()]
    windows = home.joinpath(*_WINDOWS_LAYOUT.split("/"))
    if windows.is_dir():
        found.append(windows)
    unique: dict[str, Path] = {}
    for path in found:
        unique.setdefault(os.path.realpath(path), path)
    return list(unique.values())


def _pth_entries(site: Path) -> list[Path]:
    found = []
    for pth in sorted(site.glob("*.pth")):
        try:
            text = pth.read_bytes().decode("utf-8-sig", "surrogateescape")
        except OSError:
            continue
        for line in text.splitlines():
            entry = line.strip()
            if not entry or entry.startswith("#") or line.startswith(("import ", "import\t")) or "\0" in entry:
                continue
            folder = Path(os.path.normpath(site / entry))
            if folder.is_dir():
                found.append(folder)
    return found
