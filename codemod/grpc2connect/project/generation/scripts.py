"""Scripts, Makefiles, Dockerfiles, tox and just files, and CI files: commands that run protoc, or buf."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.project.files import mentions
from grpc2connect.project.generation import place as places
from grpc2connect.project.generation.commands import (
    DONE,
    Protoc,
    after_corrections,
    find,
    folder_word,
    generating,
    is_fixer,
)
from grpc2connect.project.generation.lines import beside, followed, without
from grpc2connect.project.generation.place import Task, Way
from grpc2connect.project.generation.words import Command, commands
from grpc2connect.project.scripts_in_files import Region, kind_of, regions
from grpc2connect.project.situation import TOOL, Answer, ProjectFile, Situation
from grpc2connect.project.texts import Edit, Malformed, applied
from grpc2connect.results import FileError, Severity

_UNSURE_PIPE = "what follows it is not known to come after it"
_UNSURE_CORRECTED = "where what corrects the imports is done with them is not plain"


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    answer = Answer()
    try:
        parts = regions(file.path, file.text)
    except Malformed as problem:
        what = f"line {problem.line}: {problem.message}"
        answer.errors.append(FileError(file.path, "G2C913", what, "correct it, then run again"))
        return answer
    found: list[Command] = []
    regions_of: dict[int, Region] = {}
    for region in parts:
        inside = commands(file.text, region.start, region.end, folded=region.folded)
        found += inside
        regions_of |= {command.start: region for command in inside}
    protocs = list(find(file.text, found))
    for index, protoc in enumerate(protocs):
        answer.add(_Place(file, situation, regions_of, found, protoc, protocs[index + 1 :]).answer())
    if not situation.cleanup:
        answer.add(_buf(file, situation, regions_of, found))
    if situation.cleanup and answer.edits:
        _check_rest(file, answer)
    return answer


class _Place:
    """One command that runs protoc, among the commands around it."""

    def __init__(
        self,
        file: ProjectFile,
        situation: Situation,
        regions_of: dict[int, Region],
        around: list[Command],
        protoc: Protoc,
        later: list[Protoc],
    ) -> None:
        self.file, self.situation, self.regions_of, self.around = file, situation, regions_of, around
        self.protoc, self.later = protoc, later
        text = " ".join(word.raw for word in protoc.command.words)
        self.task = Task(file.place(protoc.option[0]), text[:120], protoc.stems, protoc.out)

    def answer(self) -> Answer:
        """What becomes of it."""
        answer = Answer()
        anchor, fixers = self._last()
        generated = any(mark in self._text(anchor) for mark in DONE[1:]) or self._is_followed(anchor)
        if self.situation.cleanup:
            self._clean(answer, fixers, connect=self.protoc.done or generated)
        elif self.protoc.done or generated:
            places.done(answer, self.task)
        else:
            self._move(answer, anchor, fixers)
        if any(name in self._words(self.protoc.command) for name in ("grpc_tools", "grpc.tools", "grpc-tools")):
            answer.tools.add(self.file.path)
        return answer

    def _move(self, answer: Answer, anchor: Command, fixers: list[Command]) -> None:
        how = places.way(self.task, self.situation, fixed=bool(fixers))
        protoc = self.protoc
        if how in places.SETTLED:
            places.idle(answer, self.task, how)
        elif how is Way.OPTIONS:
            if protoc.starter is None:
                places.by_hand(answer, self.task, how, protoc.unsure)
            else:
                answer.edits.append(beside(self.file.text, protoc, self.file.newline))
                places.moved(answer, self.task, how)
        else:
            edit = None
            after = self._after_corrections(anchor)
            if (command := generating(protoc)) is not None and after is not None:
                edit = followed(self.file.text, after, command, self.file.newline, self.regions_of[after.start])
            if edit is None:
                unsure = protoc.unsure or (_UNSURE_PIPE if after is not None else _UNSURE_CORRECTED)
                places.by_hand(answer, self.task, how, unsure)
                return
            if not self._same_follows():
                answer.edits.append(edit)
            places.moved(answer, self.task, how)
            if fixers:
                at = self.file.place(fixers[0].start)
                message = (
                    "this corrects the imports of what protoc writes; Connect modules get theirs from grpc2connect"
                )
                answer.warn(places.FIXERS, at, message, "", Severity.NOTE)

    def _clean(self, answer: Answer, fixers: list[Command], *, connect: bool) -> None:
        protoc = self.protoc
        why = self.situation.stays(protoc.stems, places.out_folder(self.task))
        if not connect:
            places.kept(answer, self.task, "it does not generate Connect code yet", "migrate it first")
        elif why:
            places.kept(answer, self.task, why, "move that, then clean up again")
        else:
            edits = without(self.file.text, protoc.command)
            for fixer in fixers:
                if "_pb2_grpc" in self.file.text[fixer.start : fixer.end]:
                    gone = self._gone(fixer)
                    if gone is None:
                        places.kept(
                            answer, self.task, "what corrects imports after it names *_pb2_grpc.py", "edit both"
                        )
                        return
                    edits.append(gone)
            answer.edits += edits
            places.cleaned(answer, self.task)

    def _gone(self, fixer: Command) -> Edit | None:
        """The edit that takes out a command that is about gRPC stubs alone."""
        raw = self.file.text[fixer.start : fixer.end]
        if not fixer.alone or any(word.value.endswith("_pb2.py") for word in fixer.words) or "*" in raw:
            return None
        start = self.file.text.rfind("\n", 0, fixer.start) + 1
        end = self.file.text.find("\n", fixer.end)
        return Edit(start, len(self.file.text) if end < 0 else end + 1, "")

    def _last(self) -> tuple[Command, list[Command]]:
        """The last of the commands that protoc's output goes through, and those that correct imports."""
        at = self.around.index(self.protoc.command)
        last, fixers = self.protoc.command, []
        for command in self.around[at + 1 :]:
            words = self._words(command)
            if is_fixer(self.file.text, command):
                fixers.append(command)
            elif "grpc2connect generate" in words:
                return command, fixers
            elif "--python_out" not in words and "--grpc_python_out" not in words:
                break
            last = command
        if not fixers and last is not self.protoc.command:
            last = self.protoc.command
        return last, fixers

    def _after_corrections(self, anchor: Command) -> Command | None:
        """What `grpc2connect generate` goes after: more of the same script may correct imports further on."""
        if kind_of(self.file.path, self.file.text) in ("make", "ini"):  # which go on with something else
            return anchor
        return after_corrections(self.file.text, anchor, self._later(anchor), self.protoc.out)

    def _later(self, anchor: Command) -> list[Command]:
        region = self.regions_of[anchor.start]
        later = self.around[self.around.index(anchor) + 1 :]
        return [command for command in later if self.regions_of[command.start] is region]

    def _is_followed(self, anchor: Command) -> bool:
        """Whether `grpc2connect generate` for its folder stands further on in the same script."""
        out = folder_word(self.protoc)
        return any(
            "grpc2connect generate" in self._words(command) and command.words[-1].raw == out
            for command in self._later(anchor)
        )

    def _same_follows(self) -> bool:
        """Whether a later command of the same run of commands gets the same line."""
        after = self._after()
        return any(
            other.out == self.protoc.out and other.starter == self.protoc.starter and not other.done
            and _Place(self.file, self.situation, self.regions_of, self.around, other, [])._after() is after
            for other in self.later
        )  # fmt: skip

    def _after(self) -> Command | None:
        return self._after_corrections(self._last()[0])

    def _words(self, command: Command) -> str:
        return " ".join(word.value for word in command.words)

    def _text(self, command: Command) -> str:
        return self._words(command)


def _buf(file: ProjectFile, situation: Situation, regions_of: dict[int, Region], around: list[Command]) -> Answer:
    """`buf generate` where buf's configuration beside it needs more than the plugin."""
    answer = Answer()
    out = next((situation.buf_out[folder] for folder in file.path.parents if folder in situation.buf_out), None)
    if out is None:
        return answer
    for index, command in enumerate(around):
        values = [word.value.lstrip("@-+") for word in command.words]
        at = next((i for i in range(len(values) - 1) if values[i : i + 2] == ["buf", "generate"]), None)
        if at is None:
            continue
        task = Task(file.place(command.start), " ".join(values)[:120], (), out)
        if any("grpc2connect" in word.value for later in around[index + 1 :][:1] for word in later.words):
            places.done(answer, task)
            continue
        starter = file.text[command.start : command.words[at].start]
        marks = command.words[at].raw[: len(command.words[at].raw) - len(values[at])]
        generate = f"{starter}{marks}grpc2connect generate {out}".replace("npx ", "")
        region = regions_of[command.start]
        edit = followed(file.text, command, generate, file.newline, region)
        if edit is None:
            places.by_hand(answer, task, Way.GENERATE, _UNSURE_PIPE)
        else:
            answer.edits.append(edit)
            answer.needs.add(TOOL)
            places.moved(answer, task, Way.GENERATE)
    return answer


def _check_rest(file: ProjectFile, answer: Answer) -> None:
    """Take back a clean-up of a file that says more of gRPC stubs than is edited: it would be half of one."""
    rest = applied(file.text, answer.edits)
    for number, line in enumerate(rest.splitlines(), 1):
        code = line.split("#")[0]
        if "_pb2_grpc" in code and not any(word in code for word in ("rm ", "*_pb2", "exclude", "omit", "ignore")):
            first = min(found.place for found in answer.found)
            answer.edits.clear()
            answer.found.clear()
            task = Task(first, line.strip()[:120], (), "")
            places.kept(answer, task, f"line {number} names a *_pb2_grpc.py", "edit that by hand, with the option")
            return


def calls_buf(path: Path) -> bool:
    """Whether a file with commands in it runs `buf generate`."""
    return bool(kind_of(path)) and mentions(path, b"buf generate")
