"""The folders that imports start from by `PYTHONPATH`, where the files that set it say so, and by pytest's ini files.

Read are Dockerfiles, compose files, Makefiles and scripts of a shell, by their text alone, and nothing that has to be
computed: a variable counts only at the start of an entry, as the folder that a program is started in. A folder of an
image is the one that is copied there, or the one of the project whose path ends like its own.

Source: "Command line and environment" of Python; the documentation of Docker (`ENV`, `COPY`, `WORKDIR`), compose
(`environment`), make, tox (`setenv`) and pytest (`pythonpath`).
"""

from __future__ import annotations

import configparser
import os
import posixpath
import re
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grpc2connect.sources.content import is_dockerfile

_COMPOSE = re.compile(r".*compose.*\.ya?ml", re.IGNORECASE)
_MAKE = re.compile(r"(?:gnu)?makefile|.*\.mk", re.IGNORECASE)
_INI = frozenset({"pytest.ini", ".pytest.ini", "tox.ini"})
_ASIDE = frozenset(
    {"docker", "dockerfiles", "deploy", "deployment", "build", "ci", "compose", "scripts", "bin", "tools", "make"}
    | {".devcontainer", ".docker"}
)
"""Folders of files that speak for the folder above."""

_NAME = "PYTHONPATH"
_COMPUTED = r"\$\{\{[^}\n]*\}\}|\$\([^)\n]*\)|\$\{[^}\n]*\}|`[^`\n]*`"
_VALUE = rf"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|(?:{_COMPUTED}|[^\s\"'`,;&|#])+)"
_SET = re.compile(rf"(?<![$\w{{(]){_NAME}[\"']?[ \t]*(?:[:?+]?=|:(?!=))[ \t]*{_VALUE}")
_SET_BY_ENV = re.compile(rf"^[ \t]*ENV[ \t]+{_NAME}[ \t]+{_VALUE}", re.MULTILINE | re.IGNORECASE)
_ENTRY = re.compile(rf"(?:{_COMPUTED}|[^:;])+")
_FIRST = re.compile(rf"(?:{_COMPUTED}|\$\w+|\{{\w+\}})(?:/|$)")
_HERE = re.compile(r"pwd|curdir|root|workspace|toxinidir|project|base|dir", re.IGNORECASE)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_CONTINUED = re.compile(r"\\\r?\n")
_LEVELS = 6
"""So many folders above a Dockerfile may be the one that an image is built in."""


def is_named(name: str) -> bool:
    """Whether a file may say where imports start from, by its name."""
    if name in _INI or name.endswith(".sh") or _MAKE.fullmatch(name) or _COMPOSE.fullmatch(name):
        return True
    return is_dockerfile(name)


def home(path: Path) -> Path:
    """The folder whose programs such a file is about."""
    folder = path.parent
    while folder.name in _ASIDE:
        folder = folder.parent
    return folder


def roots(path: Path, text: str) -> frozenset[str]:
    """The folders of the project that a file says imports start from, as absolute paths; only such as are there."""
    found: set[Path] = set()
    if path.name in _INI:
        found.update(path.parent / one for one in _of_pytest(text))
    if _NAME in text:
        text = _CONTINUED.sub(" ", _COMMENT.sub("", text))
        image = _Image(path, text) if is_dockerfile(path.name) else None
        for entry in _entries(text, docker=image is not None):
            found.update(_places(path, entry) if image is None else image.places(entry))
    return frozenset(os.path.normpath(one) for one in found if one.is_dir())


def _of_pytest(text: str) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    return parser.get("pytest", "pythonpath", fallback="").split()


def _entries(text: str, *, docker: bool) -> Iterator[str]:
    """The folders of each import path that a text sets, as they are written after what is computed at their start."""
    for found in [*_SET.finditer(text), *(_SET_BY_ENV.finditer(text) if docker else ())]:
        for part in _ENTRY.findall(found["value"].strip("\"'")):
            entry = part.strip()
            if _NAME in entry:
                continue  # what it was before
            first = _FIRST.match(entry)
            rest = entry[first.end() :] if first else entry
            if first and not rest and not _HERE.search(first[0]):
                continue
            if not set(rest) & set("$`{*"):
                yield rest or "."


def _places(path: Path, entry: str) -> Iterator[Path]:
    """The folders of the project that an entry may be; the nearest that is there, of one that is of an image."""
    start = home(path)
    if not entry.startswith("/"):
        yield start / entry
        return
    parts = PurePosixPath(entry).parts[1:]
    for index in range(len(parts)):
        place = start.joinpath(*parts[index:])
        if place.is_dir():
            yield place
            return


class _Image:
    """What a Dockerfile copies to where."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._copies: list[tuple[str, list[str]]] = []
        self._workdir = "/"
        for line in text.splitlines():
            instruction, _, rest = line.strip().partition(" ")
            if instruction.upper() == "WORKDIR":
                self._workdir = posixpath.normpath(posixpath.join(self._workdir, rest.strip().strip("\"'")))
            elif instruction.upper() in ("COPY", "ADD") and "--from" not in rest:
                words = [word for word in _words(rest) if not word.startswith("--")]
                if len(words) > 1:
                    where = posixpath.normpath(posixpath.join(self._workdir, words[-1]))
                    self._copies.append((where, words[:-1]))

    def places(self, entry: str) -> Iterator[Path]:
        """The folders of the project that a folder of the image is made of."""
        wanted = PurePosixPath(posixpath.normpath(posixpath.join(self._workdir, entry)))
        made = [
            (source, wanted.relative_to(where).parts)
            for where, sources in self._copies
            if wanted.is_relative_to(where)
            for source in sources
        ]
        folder = self._context()
        known = [
            folder.joinpath(source.lstrip("/"), *rest)
            for source, rest in made
            if (folder / source.lstrip("/")).is_dir()
        ]
        yield from known or _places(self._path, entry)

    def _context(self) -> Path:
        """The folder that the image is built in: the nearest above the file that has most of what it copies."""
        folders = []
        for folder in self._path.parents[:_LEVELS]:
            folders.append(folder)
            if (folder / ".git").exists():
                break
        named = [source.lstrip("/") for _, sources in self._copies for source in sources]
        return max(folders, key=lambda folder: sum((folder / name).exists() for name in named))


def _words(text: str) -> list[str]:
    if text.lstrip().startswith("["):
        return re.findall(r"\"([^\"]*)\"", text)
    try:
        return shlex.split(text)
    except ValueError:
        return []
