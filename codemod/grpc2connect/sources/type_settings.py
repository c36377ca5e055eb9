"""Whether the settings of a project's type checker ask that generic classes are named with their type arguments.

Source: mypy's configuration file (`strict`, `disallow_any_generics`); the configurations of pyright
(`typeCheckingMode`, `strict`, `reportMissingTypeArgument`) and of basedpyright, whose default is stricter.
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from typing import Any

FILES = frozenset({"mypy.ini", "pyrightconfig.json"})
"""What says nothing else of a project."""

_MYPY = ("strict", "disallow_any_generics")
_LENIENT = ("off", "basic", "standard")


def of_file(name: str, text: str) -> bool:
    """Whether one of `FILES` asks so.

    Raises `ValueError` or `configparser.Error` if it cannot be read.
    """
    if name == "pyrightconfig.json":
        return _of_pyright(json.loads(text))
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    return of_settings(parser)


def of_settings(parser: configparser.ConfigParser) -> bool:
    """Whether `[mypy]`, in `mypy.ini` or `setup.cfg`, asks so."""
    return any(parser.get("mypy", name, fallback="").strip().lower() in ("true", "1", "yes", "on") for name in _MYPY)


def of_table(tool: Mapping[str, Any]) -> bool:
    """Whether a table `[tool]` of `pyproject.toml` asks so."""
    mypy, based = tool.get("mypy"), tool.get("basedpyright")
    if isinstance(mypy, dict) and any(mypy.get(name) is True for name in _MYPY):
        return True
    if isinstance(based, dict) and based.get("typeCheckingMode", "recommended") not in _LENIENT:
        return True
    return _of_pyright(tool.get("pyright")) or _of_pyright(based)


def _of_pyright(settings: object) -> bool:
    if not isinstance(settings, dict):
        return False
    asks = settings.get("reportMissingTypeArgument", False) not in (False, "none")
    return asks or settings.get("typeCheckingMode") == "strict" or bool(settings.get("strict"))
