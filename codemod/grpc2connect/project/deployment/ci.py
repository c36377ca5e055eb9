"""Continuous integration: the commands of steps that start the project's programs, as tests of whole systems do.

Source: GitHub, "Workflow syntax" (`run`, `working-directory`, `defaults`); GitLab, "CI/CD YAML syntax" (`script`,
`before_script`, `after_script`); CircleCI (`run`, `command`); Azure Pipelines (`script`, `bash`); Bitbucket (`script`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from grpc2connect.project.deployment import starts
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.deployment.commands import command, parts, words_of
from grpc2connect.project.deployment.found import File, Looked
from grpc2connect.project.deployment.world import World

_COMMANDS = ("run", "command", "script", "before_script", "after_script", "bash")
_FOLDERS = ("working-directory", "working_directory", "workingDirectory")
_DEPTH = 50
_BELOW_ROOT = re.compile(r"/(?:\.github|\.circleci|\.azure|\.gitlab)/.+$")


def look(file: File, document: y.Node, world: World) -> Looked:
    """The start commands of migrated programs, and the checks of their health."""
    found = Looked()
    below = _BELOW_ROOT.search(file.path.as_posix())
    top = Path(file.path.as_posix()[: below.start()]) if below is not None else file.path.parent
    seen: set[tuple[int, int]] = set()
    program = None
    for nodes, folder in _scripts(document, "", 0):
        where = Path(os.path.normpath(top / folder))
        for line, column, text in (one for node in nodes for one in _lines(node)):
            if (line, column) in seen:
                continue
            seen.add((line, column))
            for words in parts(words_of(text)):
                if words[0] == "cd" and len(words) == 2:
                    where = Path(os.path.normpath(where / words[1]))
                    continue
                started = None if _is_elsewhere(words, where) else starts.program_of_command(words, world, [where])
                if started is not None and started.moved:
                    program = started
                    found.spots += starts.spots(words, line, column, started, world, _shown(words))
                elif program is not None:
                    found.spots += starts.probe_spots(words, line, column, program, world)
    return found


def _is_elsewhere(words: list[str], where: Path) -> bool:
    """Whether a command names a script that is not in the folder, which is one of the project's."""
    script = command(words).script
    return bool(script) and where.is_dir() and not (where / script).is_file()


def _shown(words: list[str]) -> str:
    """A command without what becomes of its output."""
    last = next((i for i, word in enumerate(words) if re.match(r"\d?[<>]", word)), len(words))
    return " ".join(words[:last])


def _scripts(node: y.Node, folder: str, depth: int) -> Iterator[tuple[list[y.Node], str]]:
    """The texts of steps in their order, those of one shell together, with the folder that it starts in."""
    if depth > _DEPTH:
        return
    for item in y.items(node):
        yield from _scripts(item, folder, depth + 1)
    given = [y.text_of(y.get(node, key)) or y.text_of(y.get(node, "defaults", "run", key)) for key in _FOLDERS]
    folder = next((one for one in given if one and "$" not in one), folder)
    for key, _, value in y.pairs(node):
        if key in _COMMANDS and value.id == "scalar":
            yield [value], folder
        elif key in _COMMANDS and value.id == "sequence":
            lines = [one for item in y.items(value) for one in (y.items(item) or [item])]
            yield [one for one in lines if one.id == "scalar"], folder
        if value.id != "scalar":
            yield from _scripts(value, folder, depth + 1)


def _lines(node: y.Node) -> Iterator[tuple[int, int, str]]:
    """The commands of a text with their places; a line that a backslash ends goes on in the next one."""
    line, column = y.place(node)
    if node.style != "|":
        yield line, column, str(node.value)
        return
    held, first = "", 0
    for number, text in enumerate(str(node.value).split("\n"), line + 1):
        first = first or number
        if text.endswith("\\"):
            held += text[:-1] + " "
            continue
        if (held + text).strip() and not text.lstrip().startswith("#"):
            yield first, 1, held + text
        held, first = "", 0
