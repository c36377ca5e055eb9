"""Where in a file commands of a shell stand: the file as a whole, the `RUN` lines of a Dockerfile, scalars of YAML.

Makefiles, just and tox files are read as if they were scripts: what else they say is commands that nobody looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.project.texts import Malformed
from grpc2connect.sources import is_dockerfile

if TYPE_CHECKING:
    from yaml import Node

_RUN = re.compile(
    r"^[ \t]*(?:ONBUILD[ \t]+)?RUN[ \t]+(?:--\w+[^\s]*[ \t]+(?:\\\r?\n[ \t]*)?)*", re.MULTILINE | re.IGNORECASE
)
_INSTRUCTION = re.compile(r"[ \t]*(?:FROM|ARG)\b", re.IGNORECASE)
_SETTING = re.compile(r"^[\w.\-]+[ \t]*=[ \t]*", re.MULTILINE)
_SHELLS = frozenset({".sh", ".bash", ".zsh", ".ksh", ".mk", ".bat", ".cmd", ".ps1"})
_MAKE = frozenset({"makefile", "gnumakefile", "justfile", ".justfile", "jenkinsfile"})


@dataclass(frozen=True)
class Region:
    """Characters `start` to `end` hold commands.

    `own_line` is what another line has to begin with that is a command of its own, after the indentation; None where
    there can be no such line. `shell` is False where lines are not given to a shell, so that operators mean nothing.
    `folded` is True where a line end is a blank.
    """

    start: int
    end: int
    own_line: str | None = ""
    shell: bool = True
    folded: bool = False


def kind_of(path: Path, text: str = "") -> str:
    """What kind of file with commands in it this is, by its name: `docker`, `shell`, `make`, `ini`, `yaml`; else ``."""
    name = path.name.lower()
    if is_dockerfile(name):
        return "docker"
    if name in _MAKE or path.suffix == ".mk" or name.startswith("makefile."):
        return "make"
    if path.suffix.lower() in _SHELLS or (not path.suffix and re.match(r"#!.*\b\w*sh\b", text)):
        return "shell"
    if name in ("tox.ini", "setup.cfg"):
        return "ini"
    return "yaml" if path.suffix.lower() in (".yml", ".yaml") else ""


def regions(path: Path, text: str) -> list[Region]:
    """Where commands stand in a file. Raises `Malformed`."""
    kind = kind_of(path, text)
    if kind == "docker":
        return _of_dockerfile(text)
    if kind == "ini":
        return _of_ini(text)
    if kind == "yaml":
        return list(_of_yaml(text))
    return [Region(0, len(text))] if kind else []


def _of_dockerfile(text: str) -> list[Region]:
    code = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if code and not _INSTRUCTION.match(code[0]):
        number = text.splitlines().index(code[0]) + 1
        raise Malformed(number, "a Dockerfile begins with FROM")
    found = []
    for run in _RUN.finditer(text):
        end = run.end()
        while True:
            stop = text.find("\n", end)
            stop = len(text) if stop < 0 else stop
            line = text[end:stop].rstrip()
            end = min(stop + 1, len(text))
            if end == len(text) or not (line.endswith("\\") or line.lstrip().startswith("#")):
                break
        found.append(Region(run.end(), stop, run[0].lstrip().replace("\\\n", "")))
    return found


def _of_ini(text: str) -> list[Region]:
    """Lines, each without the `key =` at its start: they are run one by one and by no shell."""
    settings = list(_SETTING.finditer(text))
    ends = [*(found.start() for found in settings[1:]), len(text)]
    return [Region(found.end(), end, "", shell=False) for found, end in zip(settings, ends, strict=False)]


def _of_yaml(text: str) -> Iterator[Region]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if text.isascii() else yaml.SafeLoader
    try:
        documents = list(yaml.compose_all(text, Loader=loader))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        raise Malformed(mark.line + 1 if mark else 1, problem.problem or "is no YAML") from problem
    except (yaml.YAMLError, RecursionError) as problem:
        raise Malformed(1, str(problem).splitlines()[0]) from problem
    for document in documents:
        if document is not None:
            yield from _scalars(text, document, set())


def _scalars(text: str, node: Node, seen: set[int]) -> Iterator[Region]:
    import yaml

    if id(node) in seen:
        return  # an alias: what it stands for has been read
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(text, key, seen)
            yield from _scalars(text, value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(text, value, seen)
    elif isinstance(node, yaml.ScalarNode) and "\n" not in text[node.start_mark.index : node.start_mark.index + 1]:
        start, end = node.start_mark.index, node.end_mark.index
        if node.style == "|":
            begin = text.find("\n", start) + 1
            yield Region(begin, begin + len(text[begin:end].rstrip()), "")
        elif node.style == ">":
            begin = text.find("\n", start) + 1
            yield Region(begin, begin + len(text[begin:end].rstrip()), None, folded=True)
        else:
            quoted = node.style in ("'", '"')
            yield Region(start + quoted, end - quoted, None, folded=True)
