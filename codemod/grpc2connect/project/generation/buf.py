"""`buf.gen.yaml`, v1 and v2: the plugin of connectrpc after that of gRPC; at the end, without it.

Source: buf's documentation of `buf.gen.yaml` v1beta1, v1 and v2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grpc2connect.project.generation import place as places
from grpc2connect.project.generation.place import Task, Way
from grpc2connect.project.situation import PLUGIN, Answer, ProjectFile, Situation
from grpc2connect.project.texts import Edit
from grpc2connect.results import FileError, Severity

if TYPE_CHECKING:
    from yaml import MappingNode, Node

NAMES = re.compile(r"buf\.gen(?:\.[\w-]+)?\.ya?ml|buf\.gen-[\w-]+\.ya?ml")
_KEYS = ("remote", "local", "plugin", "name")
_GRPC = re.compile(
    r"(?:buf\.build/)?grpc/python(?::.*)?|grpc[_-]python|(?:.*/)?protoc-gen-grpc[_-]python|(?:.*/)?grpc_python_plugin"
)
_CONNECT = re.compile(
    r"(?:buf\.build/)?connectrpc/python(?::v?(?P<version>[\d.]+))?.*|connectrpc|(?:.*/)?protoc-gen-connectrpc"
)


@dataclass(frozen=True)
class _Plugin:
    """An entry of `plugins`: the key that names the plugin, its name, its folder, all else as text; lines from 0."""

    node: MappingNode
    key: str
    name: str
    out: str
    options: str


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    import yaml

    answer = Answer()
    try:
        document = yaml.compose(file.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        what = f"line {line}: {problem.problem}"
        answer.errors.append(FileError(file.path, "G2C913", what, "correct it, then run again"))
        return answer
    plugins = _plugins(document)
    connect = [plugin for plugin in plugins if _CONNECT.fullmatch(plugin.name)]
    for plugin in plugins:
        if not _GRPC.fullmatch(plugin.name):
            continue
        task = Task(file.place(plugin.node.start_mark.index), f"{plugin.key}: {plugin.name}", (), plugin.out)
        beside = [one for one in connect if one.out == plugin.out]
        if situation.cleanup:
            why = situation.stays((), places.out_folder(task)) or (
                "" if beside else "nothing makes Connect code beside it"
            )
            if why:
                places.kept(answer, task, why, "move that, then clean up again")
            else:
                start, end = _lines(file.text, plugin.node)
                answer.edits.append(Edit(start, end, ""))
                places.cleaned(answer, task)
            continue
        how = places.way(task, situation, fixed=False)
        if how is Way.GENERATE:
            _generate(file, situation, answer, task)
        elif beside:
            places.done(answer, task)
        elif how is Way.NONE:
            places.idle(answer, task)
        else:
            answer.edits.append(_after(file, plugin))
            places.moved(answer, task, how)
    for one in connect:
        _check(file, one, answer)
    return answer


def _generate(file: ProjectFile, situation: Situation, answer: Answer, task: Task) -> None:
    """What buf's plugin would write would not import: `buf generate` is followed by `grpc2connect generate` instead."""
    from grpc2connect.project.generation.scripts import calls_buf

    situation.buf_out[file.path.parent] = task.out or "."
    callers = [path for path in situation.files if calls_buf(path)]
    if callers:
        places.done(answer, task)
    else:
        places.by_hand(answer, task, Way.GENERATE, "what the plugin writes would not import, and nothing here runs buf")


def _check(file: ProjectFile, plugin: _Plugin, answer: Answer) -> None:
    """A plugin of connectrpc that was there before: is it the one that the migrated code needs?"""
    found = _CONNECT.fullmatch(plugin.name)
    version = found["version"] if found else None
    old = version is not None and tuple(map(int, version.split(".")[:2])) != (0, 13)
    if old or "protobuf=google" not in plugin.options.replace(" ", ""):
        place = file.place(plugin.node.start_mark.index)
        message = f"`{plugin.name}` generates other code than the migrated code needs"
        answer.warn(places.CODE, place, message, f"use '{PLUGIN}' with `opt: protobuf=google`", Severity.WARNING)


def _plugins(document: Node | None) -> list[_Plugin]:
    import yaml

    if not isinstance(document, yaml.MappingNode):
        return []
    found = []
    for key, value in document.value:
        if getattr(key, "value", None) != "plugins" or not isinstance(value, yaml.SequenceNode):
            continue
        for node in value.value:
            if not isinstance(node, yaml.MappingNode):
                continue
            entries: dict[str, Any] = {one.value: two for one, two in node.value if isinstance(one, yaml.ScalarNode)}
            kind = next((one for one in _KEYS if one in entries), None)
            if kind is not None:
                out = _text(entries["out"]) if "out" in entries else ""
                name = _text(entries[kind]).rpartition(",")[2]  # of a command, the program
                found.append(_Plugin(node, kind, name, out, _text(entries.get("opt"))))
    return found


def _text(node: Node | None) -> str:
    """A scalar, or the items of a list with commas between them."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return ",".join(_text(item) for item in node.value)
    return ""


def _after(file: ProjectFile, plugin: _Plugin) -> Edit:
    _, end = _lines(file.text, plugin.node)
    start = file.text.rfind("\n", 0, plugin.node.start_mark.index) + 1
    lead = file.text[start : plugin.node.start_mark.index]
    inner = " " * len(lead)
    key = plugin.key if plugin.key in ("plugin", "name") else "local"
    name = "connectrpc" if key != "local" else "protoc-gen-connectrpc"
    dash = lead if lead.strip() == "-" else " " * (len(lead) - 2) + "- "
    lines = [f"{dash}{key}: {name}", f"{inner}out: {plugin.out or '.'}", f"{inner}opt: protobuf=google"]
    text = "".join(f"{line}{file.newline}" for line in lines)
    if end and not file.text[:end].endswith("\n"):
        text = file.newline + text.rstrip("\r\n")
    return Edit(end, end, text)


def _lines(text: str, node: MappingNode) -> tuple[int, int]:
    """The lines of an entry, without comments and empty lines after it."""
    start = text.rfind("\n", 0, node.start_mark.index) + 1
    end = start + len(text[start : node.end_mark.index].rstrip())
    while True:
        last = text.rfind("\n", 0, end) + 1
        if last <= node.start_mark.index or not text[last:end].lstrip().startswith("#"):
            break
        end = last - 1
    stop = text.find("\n", end)
    return start, len(text) if stop < 0 else stop + 1
