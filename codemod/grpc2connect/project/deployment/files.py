"""Which files can matter: by name first, then by a cheap search over bytes; only then is one read as what it is."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.sources import find

MAX_BYTES = 4 * 1024 * 1024
"""Larger files, in bytes, are data: nobody deploys by them."""


class Kind(enum.Enum):
    """What a file is by its name."""

    DOCKERFILE = "Dockerfile"
    YAML = "YAML"
    CI = "continuous integration"
    JSON = "JSON"
    PROCFILE = "Procfile"
    UNIT = "unit"
    VARIABLES = "variables"
    TEMPLATE = "template"
    SETTINGS = "settings"
    GUNICORN = "gunicorn"


_DOCKER = re.compile(r"(?:dockerfile|containerfile)(?:[.\-_].*)?$|.*\.(?:dockerfile|containerfile)$", re.IGNORECASE)
_NOT_DOCKER = (".md", ".dockerignore", ".py", ".sh", ".txt", ".rst", ".j2", ".tpl")
_VARIABLES = re.compile(r"\.env(?:\..*)?$|.*\.env$|\.envrc$")
_GUNICORN = re.compile(r"gunicorn[\w.-]*\.py$")

_PYTHON = (".py", ".pyw")
_MARKS = (
    b"grpc",
    b"http_proxy",
    b"https_proxy",
    b"h2c",
    b"rpc.server",
    b"rpc.client",
    b"rpc.system",
    b"rpc_server",
    b"rpc_client",
    b"rpc_system",
)
"""What a file that is not about starting programs has in it, in small letters, if it has to do with gRPC."""
_KEYS = (b"image:", b"name:", b"app:", b"host:")
"""What stands before the name of an image or of a Service in a manifest."""
_WORDS = re.compile(rb"[a-z0-9]+")
_CI = re.compile(
    r"(?:^|/)(?:\.github/(?:workflows|actions)/.*|\.circleci/[^/]*|\.azure/.*|(?:[^/]*[.-])?gitlab-ci|\.gitlab/.*"
    r"|azure-pipelines[^/]*|bitbucket-pipelines)\.ya?ml$"
)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|@@\w+@@")


def kind_of(name: str) -> Kind | None:
    """What a file is by its name alone; None if it cannot matter."""
    lower = name.lower()
    if lower.endswith((".yaml", ".yml")):
        return Kind.YAML
    if lower.endswith(".json"):
        return None if lower in ("package.json", "package-lock.json", "tsconfig.json") else Kind.JSON
    if _DOCKER.match(lower) and not lower.endswith(_NOT_DOCKER):
        return Kind.DOCKERFILE
    if lower == "procfile" or lower.startswith("procfile."):
        return Kind.PROCFILE
    if lower.endswith((".service", ".conf", ".ini", ".rules")):
        return Kind.UNIT if not lower.endswith(".rules") else Kind.YAML
    if _VARIABLES.match(lower):
        return Kind.VARIABLES
    if lower.endswith((".tpl", ".yaml.j2", ".yml.j2", ".yaml.gotmpl")):
        return Kind.TEMPLATE
    return Kind.GUNICORN if _GUNICORN.match(lower) else None


def candidates(options: Options) -> tuple[list[tuple[Path, Kind]], list[Path]]:
    """The files of a run that can matter by their names, with what they are; and its Python files."""
    found = find(options, lambda name: kind_of(name) is not None or name.endswith(_PYTHON))[0]
    kinds = ((path, kind_at(path)) for path in found)
    return [(path, kind) for path, kind in kinds if kind is not None], [
        path for path in found if path.name.endswith(_PYTHON)
    ]


def kind_at(path: Path) -> Kind | None:
    """What a file is by its name and its folder."""
    kind = kind_of(path.name)
    return Kind.CI if kind is Kind.YAML and _CI.search(path.as_posix()) else kind


def with_marks(paths: Iterable[tuple[Path, Kind]], names: Iterable[str]) -> Iterator[tuple[Path, Kind, bytes]]:
    """The files that can matter by what is in them, with their bytes.

    These are those that say gRPC, those that start something and have all words of one of `names` (of images, of
    folders) or name a Python script, and those that always start programs.
    """
    asked: dict[bytes, list[frozenset[bytes]]] = {}
    for name in names:
        words = frozenset(_WORDS.findall(name.lower().encode()))
        if words:
            asked.setdefault(max(words, key=len), []).append(words)
    for path, kind in paths:
        data = _bytes(path)
        if data is None:
            continue
        if kind not in _ALWAYS:
            small = data.lower()
            if not any(mark in small for mark in _MARKS) and (kind is Kind.JSON or not _names(path, small, asked)):
                continue
        yield path, kind, data


def _names(path: Path, data: bytes, asked: dict[bytes, list[frozenset[bytes]]]) -> bool:
    """Whether a file starts Python, or a value in it that can be an image's or a Service's has the words of a name."""
    if (
        "compose" in path.name.lower()
        or "values" in path.name.lower()
        or path.name.endswith((".service", ".tpl"))
        or b"python" in data
        or b".py" in data
    ):
        return True
    if b"kind:" not in data:
        return False
    values = [value for key in _KEYS for value in _values(data, key)]
    if asked.keys().isdisjoint(_WORDS.findall(b"\n".join(values))):
        return False
    return any(_is_asked(value, asked) for value in values)


def _values(data: bytes, key: bytes) -> Iterator[bytes]:
    at = data.find(key)
    while at >= 0:
        start = at + len(key)
        end = data.find(b"\n", start)
        yield data[start:end] if end >= 0 else data[start:]
        at = data.find(key, start)


def _is_asked(value: bytes, asked: dict[bytes, list[frozenset[bytes]]]) -> bool:
    words = set(_WORDS.findall(value))
    return any(one <= words for word in words & asked.keys() for one in asked[word])


def read(data: bytes) -> str | None:
    """The text of a file, without a byte order mark; None if it is not UTF-8."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def is_template(text: str) -> bool:
    """Whether a text is filled in before it is read as what its name says."""
    return _TEMPLATE.search(text) is not None


_ALWAYS = frozenset({Kind.DOCKERFILE, Kind.PROCFILE, Kind.GUNICORN})


def _bytes(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        size = os.fstat(handle).st_size
        data = os.read(handle, size + 1) if size <= MAX_BYTES else b"\0"
    except OSError:
        return None
    finally:
        os.close(handle)
    return None if b"\0" in data[:1024] else data
