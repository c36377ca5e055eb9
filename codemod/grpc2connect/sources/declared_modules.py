"""What a project's files say of its own modules: the folders that their imports start from, and the names of some.

Source: PEP 621; the documentation of setuptools (`package_dir`, `packages.find`), poetry (`packages`, `scripts`,
`plugins`), hatch (`packages`, `sources`), pdm (`package-dir`), uv (`module-root`) and pytest (`pythonpath`).
"""

from __future__ import annotations

import ast
import configparser
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_ENTRY = re.compile(r"\s*(?:[^=]*=)?\s*([^\W\d]\w*(?:\.\w+)*)\s*(?::|\[|$)")


@dataclass(frozen=True)
class OwnModules:
    """`modules` are named by entry points; imports start from `roots`: folders, seen from that of the file."""

    modules: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()


NOTHING = OwnModules()


def of_table(project: dict[str, Any], tool: dict[str, Any]) -> OwnModules:
    """What the tables `project` and `tool` of a `pyproject.toml` say."""
    entries = [_at(project, "scripts"), _at(project, "gui-scripts"), *_tables(_at(project, "entry-points"))]
    entries += [_at(tool, "poetry", "scripts"), *_tables(_at(tool, "poetry", "plugins"))]
    values = [value for table in entries if isinstance(table, dict) for value in table.values()]
    values += [value.get("callable") or value.get("reference") for value in values if isinstance(value, dict)]
    roots: list[object] = [
        _at(tool, "pytest", "ini_options", "pythonpath"),
        _at(tool, "setuptools", "package-dir", ""),
        _at(tool, "setuptools", "packages", "find", "where"),
        _at(tool, "pdm", "build", "package-dir"),
        _at(tool, "uv", "build-backend", "module-root"),
    ]
    packages = _at(tool, "poetry", "packages")
    roots += [_at(one, "from") for one in packages] if isinstance(packages, list) else []
    for target in _tables(_at(tool, "hatch", "build", "targets")):
        named = _at(target, "packages")
        roots += [os.path.dirname(one) for one in _texts(named)] + [_at(target, "sources")]
    return _made(values, [root for given in roots for root in _texts(given)])


def of_settings(parser: configparser.ConfigParser) -> OwnModules:
    """What a `setup.cfg` says."""
    folders = [line.partition("=") for line in parser.get("options", "package_dir", fallback="").splitlines()]
    roots = [folder.strip() for name, _, folder in folders if not name.strip()]
    roots += parser.get("options.packages.find", "where", fallback="").split()
    roots += parser.get("tool:pytest", "pythonpath", fallback="").split()
    entries = parser.items("options.entry_points") if parser.has_section("options.entry_points") else []
    return _made((line for _, value in entries for line in value.splitlines()), roots)


def of_script(tree: ast.Module) -> OwnModules:
    """What a `setup.py` says in plain texts."""
    roots: list[str] = []
    entries: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "package_dir" and isinstance(node.value, ast.Dict):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            roots += [text for key, value in pairs if _text(key) == "" and (text := _text(value))]
        elif isinstance(node, ast.keyword) and node.arg == "entry_points":
            entries += [text for one in ast.walk(node.value) for text in (_text(one) or "").splitlines() if "=" in text]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("find_packages", "find_namespace_packages")
        ):
            where = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "where")]
            roots += [text for one in where if (text := _text(one))]
    return _made(entries, roots)


def _made(entries: Iterable[object], roots: Iterable[str]) -> OwnModules:
    found = (_ENTRY.match(entry) for entry in entries if isinstance(entry, str))
    return OwnModules(frozenset(one[1] for one in found if one), frozenset(root for root in roots if root))


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(value: object) -> Iterator[str]:
    """A text, or those of a list."""
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def _at(value: object, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value.values() if isinstance(one, dict)] if isinstance(value, dict) else []
