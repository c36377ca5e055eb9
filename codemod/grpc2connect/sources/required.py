"""Which libraries a project says that it requires, and what distributions it is made of itself.

By their names alone, as PEP 503 writes them: by which name a library is imported, none of these files says. What is
required by its path, or as a part of a workspace, is of the project. What they say of the project's own modules is in
`declared_modules`, and what other files say of where its imports start, in `import_paths`.

Source: PEP 508, 518, 621 and 735; the documentation of pip, setuptools, poetry, pipenv, pdm, hatch and uv.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc2connect.options import Options
from grpc2connect.results import FileError
from grpc2connect.sources import import_paths, type_settings
from grpc2connect.sources.content import read
from grpc2connect.sources.declared_modules import NOTHING, OwnModules, of_script, of_settings, of_table
from grpc2connect.sources.files import find

_NAMES = type_settings.FILES | {"pyproject.toml", "Pipfile", "setup.cfg", "setup.py"}
_LISTS = (".txt", ".in", ".pip")
_FOLDERS = ("requirements", "reqs", "requirements.d")
_LIST = re.compile(r".*(?:requirements?.*|[-_.]reqs?)\.(?:txt|in|pip)", re.IGNORECASE)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[[^\]]*\]\s*)?+(?![/:\\+])(@?)\s*(file:|\.|/)?")
_OWN = ("path", "workspace", "develop")


@dataclass(frozen=True)
class Declared:
    """What a file says: the distribution that it is about ("" if none), and the libraries that are required.

    `own` is what it says of the modules of that distribution, `type_arguments` whether type checkers are to ask for
    those of generic classes.
    """

    name: str = ""
    required: frozenset[str] = frozenset()
    own: OwnModules = NOTHING
    type_arguments: bool = False


def normal(name: str) -> str:
    """A name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_list(path: str) -> bool:
    """Whether a file may require libraries, or say where imports start, by its name and its folder's."""
    folder, name = os.path.split(path)
    if name in _NAMES or import_paths.is_named(name) or _LIST.fullmatch(name):
        return True
    return name.endswith(_LISTS) and os.path.basename(folder) in _FOLDERS


def lists(options: Options) -> list[Path]:
    """The files of a run's project that may require libraries, or say where imports start."""
    paths = (options.project,) if options.project is not None else options.paths
    found, _ = find(Options(options.root, paths), _is_wanted)
    return [path for path in found if is_list(str(path))]


def _is_wanted(name: str) -> bool:
    return name in _NAMES or name.endswith(_LISTS) or import_paths.is_named(os.path.basename(name))


def about_modules(options: Options, paths: Iterable[Path]) -> str:
    """What the project says of its libraries, and of those that it is made of and modules are called by, to compare."""
    names = {normal(part.partition(".")[0]) for path in paths for part in path.parts}
    said = []
    for path in lists(options):
        found = declared(path)
        name = found.name if found.name in names else ""
        own = found.own
        if name or found.required or own != NOTHING or found.type_arguments:
            modules, roots = sorted(own.modules), sorted(own.roots)
            said.append((home(path).as_posix(), name, sorted(found.required), modules, roots, found.type_arguments))
    return repr(sorted(said))


def home(path: Path) -> Path:
    """The folder that a file speaks for."""
    if import_paths.is_named(path.name):
        return import_paths.home(path)
    return path.parents[1] if path.parent.name in _FOLDERS else path.parent


def declared(path: Path) -> Declared:
    """What a file says; nothing if it cannot be read as what it is."""
    source = read(path)
    if isinstance(source, FileError):
        return Declared()
    text = source.text
    if import_paths.is_named(path.name):
        return Declared(own=OwnModules(roots=import_paths.roots(path, text)))
    try:
        if path.name in ("pyproject.toml", "Pipfile"):
            return _of_table(tomllib.loads(text))
        if path.name in type_settings.FILES:
            return Declared(type_arguments=type_settings.of_file(path.name, text))
        if path.name == "setup.cfg":
            return _of_settings(text)
        if path.name == "setup.py":
            return _of_script(ast.parse(text))
    except (ValueError, SyntaxError, RecursionError, configparser.Error):
        return Declared()
    return Declared(required=_names(text.splitlines()))


def _names(entries: Iterable[object]) -> frozenset[str]:
    """The names of requirements; one by a path has none that counts."""
    found = (_NAME.match(entry) for entry in entries if isinstance(entry, str))
    return frozenset(normal(one[1]) for one in found if one and not (one[2] and one[3]))


def _of_table(data: dict[str, Any]) -> Declared:
    tool, project = _table(data.get("tool")), _table(data.get("project"))
    poetry, uv = _table(tool.get("poetry")), _table(tool.get("uv"))
    listed: list[object] = [project.get("dependencies"), uv.get("dev-dependencies")]
    for groups in (
        project.get("optional-dependencies"),
        data.get("dependency-groups"),
        _table(tool.get("pdm")).get("dev-dependencies"),
    ):
        listed += _table(groups).values()
    listed += [_table(one).get("dependencies") for one in _table(_table(tool.get("hatch")).get("envs")).values()]
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies"), data.get("packages")]
    tables += [
        data.get("dev-packages"),
        *(_table(one).get("dependencies") for one in _table(poetry.get("group")).values()),
    ]
    entries = [entry for one in listed if isinstance(one, list) for entry in one]
    named = {key: value for table in tables for key, value in _table(table).items()}
    sources = {**_table(uv.get("sources")), **named}
    own = {normal(key) for key, value in sources.items() if any(_table(value).get(word) for word in _OWN)}
    name = project.get("name", poetry.get("name", ""))
    required = _names([*entries, *named]) - own
    strict = type_settings.of_table(tool)
    return Declared(normal(name) if isinstance(name, str) else "", required, of_table(project, tool), strict)


def _of_settings(text: str) -> Declared:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    lines = parser.get("options", "install_requires", fallback="").splitlines()
    if parser.has_section("options.extras_require"):
        lines += [line for _, value in parser.items("options.extras_require") for line in value.splitlines()]
    name = normal(parser.get("metadata", "name", fallback=""))
    return Declared(name, _names(lines), of_settings(parser), type_settings.of_settings(parser))


def _of_script(tree: ast.Module) -> Declared:
    name, required = "", []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require", "tests_require"):
            required += [one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)]
        elif isinstance(node, ast.keyword) and node.arg == "name" and isinstance(node.value, ast.Constant):
            name = name or str(node.value.value)
    return Declared(normal(name), _names(required), of_script(tree))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def installed(site: Path, parts: list[str]) -> bool:
    """Whether a folder of the import path has a module of a dotted name, or the library that would have it."""
    for part in parts:
        if (site / part / "__init__.py").exists() or (site / f"{part}.py").exists():
            return True
        if any(_extensions(site, part)):
            return True
        site /= part
        if not site.is_dir():
            return False
    return True


def _extensions(site: Path, name: str) -> Iterator[Path]:
    for suffix in (".so", ".pyd"):
        yield from site.glob(f"{name}.*{suffix}")
        yield from site.glob(f"{name}{suffix}")


def distributions(site: Path) -> frozenset[str]:
    """The names of the distributions that are installed in a folder."""
    found = (path.name.partition("-")[0] for path in site.glob("*.dist-info"))
    return frozenset(map(normal, found))
