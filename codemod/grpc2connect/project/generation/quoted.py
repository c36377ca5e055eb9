"""Commands in the strings of TOML and JSON files: tasks of pdm, poe, hatch, taskipy, npm."""

from __future__ import annotations

import re

from grpc2connect.project.generation import place as places
from grpc2connect.project.generation.commands import find, generating
from grpc2connect.project.generation.lines import beside, followed, without
from grpc2connect.project.generation.place import Task, Way
from grpc2connect.project.generation.words import commands
from grpc2connect.project.scripts_in_files import Region
from grpc2connect.project.situation import Answer, ProjectFile, Situation

_STRING = re.compile(r'"""(.*?)"""|\'\'\'(.*?)\'\'\'|"((?:[^"\\\n]|\\.)*)"|\'([^\'\n]*)\'', re.DOTALL)


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    answer = Answer()
    for string in _STRING.finditer(file.text):
        index = string.lastindex or 0
        if not index or "--grpc_python_out" not in string[index]:
            continue
        words = commands(file.text, *string.span(index))
        for protoc in find(file.text, words):
            text = string[index].strip()[:120]
            task = Task(file.place(protoc.option[0]), text, protoc.stems, protoc.out)
            done = protoc.done or any("grpc2connect" in word.raw for command in words for word in command.words)
            if "grpc_tools" in string[index]:
                answer.tools.add(file.path)
            if situation.cleanup:
                why = situation.stays(protoc.stems, places.out_folder(task))
                if done and not why:
                    answer.edits += without(file.text, protoc.command)
                    places.cleaned(answer, task)
                else:
                    places.kept(answer, task, why or "it does not generate Connect code yet", "move that first")
                continue
            how = places.way(task, situation, fixed=False)
            if done:
                places.done(answer, task)
            elif how in places.SETTLED:
                places.idle(answer, task, how)
            elif (command := generating(protoc)) is None:
                places.by_hand(answer, task, how, protoc.unsure)
            elif how is Way.OPTIONS:
                answer.edits.append(beside(file.text, protoc, file.newline))
                places.moved(answer, task, how)
            elif (
                edit := followed(
                    file.text,
                    protoc.command,
                    command,
                    file.newline,
                    Region(*string.span(index), None, shell=file.path.suffix == ".json" or "&&" in string[index]),
                )
            ) is not None:
                answer.edits.append(edit)
                places.moved(answer, task, how)
            else:
                places.by_hand(answer, task, how, "not every runner of tasks knows `&&`")
    return answer
