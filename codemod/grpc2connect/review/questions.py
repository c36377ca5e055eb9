"""A migration place by place: questions that are given answers, until it is clear what is to be written.

A generator, so that a terminal, an editor or a test can be at the other end. A service moves as a whole or not at all:
what a no to one place means is found out by planning again, shown, and asked for before it counts.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grpc2connect.options import Choices, Refusal
from grpc2connect.report.hunks import Block, Hunk, applied, blocks, hunks
from grpc2connect.results import Entry, FileChange, Region, RunResult, State
from grpc2connect.review.soundness import is_sound
from grpc2connect.sources import is_notebook

_NONE = Choices()
_Key = tuple[Path, tuple[int, int], tuple[bytes, ...], tuple[bytes, ...]]
Plan = Callable[[Choices], RunResult]
"""The result of a run with other choices."""


class Answer(enum.Enum):
    """What can be said to a question; to one that is to be confirmed only `YES`, `NO` and `BACK`."""

    YES = "yes"
    NO = "no"
    RULE = "all of this rule"
    UNIT = "all of this service"
    BACK = "back"
    QUIT = "quit"


@dataclass(frozen=True)
class Edited:
    """The answer that a place is to be so instead; `lines` with their line ends."""

    lines: tuple[bytes, ...]


@dataclass(frozen=True)
class Question:
    """Shall this be changed so? `number` of `total` counts from 1; `problem` says why the last answer did not do."""

    block: Block
    hunk: Hunk
    number: int
    total: int
    problem: str = ""


@dataclass(frozen=True)
class Consequence:
    """A no to `block` means this; is that what is wanted?

    `bridged` end bridged instead of native, `staying` stay on gRPC, each as it was in the plan so far; `units` are the
    services that stay as wholes, and `instead` is what the place becomes (None: nothing, it stays as it is).
    """

    block: Block
    bridged: tuple[Entry, ...]
    staying: tuple[Entry, ...]
    units: tuple[str, ...]
    instead: Hunk | None


@dataclass(frozen=True)
class Conclusion:
    """This would be written; shall it be? With `unasked` places, whose services (`units`) stay for now."""

    result: RunResult
    unasked: int
    units: tuple[str, ...]


Asked = Question | Consequence | Conclusion


@dataclass(frozen=True)
class Decided:
    """What is to be written, and the choices that it follows from."""

    result: RunResult
    choices: Choices


@dataclass(frozen=True)
class _State:
    result: RunResult
    choices: Choices = _NONE
    settled: frozenset[_Key] = frozenset()
    rules: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    edits: Mapping[_Key, tuple[bytes, ...]] = field(default_factory=dict)
    places: Sequence[Block] = ()
    """What `result` is asked about: made once for each result."""

    def planned(self, result: RunResult, choices: Choices) -> _State:
        """The same answers to another plan."""
        return replace(self, result=result, choices=choices, places=places(result))

    def open(self) -> list[Block]:
        """The places that nobody has decided about yet."""
        return [block for block in self.places if not self._is_settled(block)]

    def _is_settled(self, block: Block) -> bool:
        if _key(block) in self.settled or block.codes[0] in self.rules:
            return True
        return not self.units.isdisjoint(block.units)

    def settle(self, block: Block) -> _State:
        return replace(self, settled=self.settled | {_key(block)})


def places(result: RunResult) -> list[Block]:
    """What is asked about, service by service; imports and generated modules follow from it."""
    found = [block for change in result.changes if change.regions for block in blocks(change) if block.references]
    return sorted(found, key=lambda block: (block.units, block.change.path, block.old))


def review(whole: RunResult, plan: Plan) -> Generator[Asked, Answer | Edited, Decided | None]:
    """Ask about every place of `whole`; None if nothing is to be written."""
    history: list[_State] = []
    state = _State(whole, places=places(whole))
    problem = ""
    while True:
        waiting = state.open()
        if not waiting:
            answer = yield Conclusion(_edited(state), 0, ())
            if answer is Answer.YES:
                return Decided(_edited(state), state.choices)
            if answer is Answer.NO or not history:
                return None
            state = history.pop()
            continue
        block = waiting[0]
        total = len(state.places)
        answer = yield Question(block, _hunk(block), total - len(waiting) + 1, total, problem)
        problem = ""
        following: _State | None = None
        match answer:
            case Answer.YES:
                following = state.settle(block)
            case Answer.RULE:
                following = replace(state.settle(block), rules=state.rules | {block.codes[0]})
            case Answer.UNIT:
                following = replace(state.settle(block), units=state.units | set(block.units))
            case Edited(lines):
                problem = _problem(state, block, lines)
                if not problem:
                    following = replace(state.settle(block), edits={**state.edits, _key(block): lines})
            case Answer.NO:
                following = yield from _refuse(state, block, plan)
            case Answer.BACK if history:
                state = history.pop()
            case Answer.BACK:
                problem = "this is the first"
            case Answer.QUIT:
                ended, decided = yield from _quit(state, waiting, plan)
                if ended:
                    return decided
        if following is not None:
            history.append(state)
            state = following


def _refuse(state: _State, block: Block, plan: Plan) -> Generator[Asked, Answer | Edited, _State | None]:
    """The state after a no, if what it means is wanted.

    What is native is bridged instead, where that can be; only else is there no form of the place that is wanted.
    """
    natives = [region for region in block.references if region.state is State.NATIVE]
    for regions in (natives, block.references):
        choices = _without(state.choices, regions)
        result = plan(choices)
        consequence = _consequence(state.result, result, block)
        if regions and not consequence.staying:
            break
    answer = yield consequence
    return state.planned(result, choices) if answer is Answer.YES else None


def _quit(
    state: _State, waiting: list[Block], plan: Plan
) -> Generator[Asked, Answer | Edited, tuple[bool, Decided | None]]:
    """Whether it is over, and what is written of the services that were decided about as wholes."""
    units = {unit for block in waiting for unit in block.units}
    choices = _without(state.choices, _loose(waiting))
    choices = replace(choices, stay=tuple(sorted({*choices.stay, *units})))
    ended = state.planned(plan(choices), choices)
    unasked = ended.open()
    while unasked:  # what else changes because some stay: nobody has seen it
        units |= {unit for block in unasked for unit in block.units}
        choices = _without(choices, _loose(unasked))
        again = replace(choices, stay=tuple(sorted({*choices.stay, *units})))
        if again == ended.choices:
            break
        choices = again
        ended = state.planned(plan(choices), choices)
        unasked = ended.open()
    answer = yield Conclusion(_edited(ended), len(waiting), tuple(sorted(units)))
    if answer is Answer.BACK:
        return False, None
    return True, Decided(_edited(ended), ended.choices) if answer is Answer.YES else None


def _loose(found: Iterable[Block]) -> list[Region]:
    """The references of places that belong to no service."""
    return [region for block in found if not block.units for region in block.references]


def _without(choices: Choices, refused: Iterable[Region]) -> Choices:
    new = [Refusal(region.place, region.code, region.state) for region in refused]
    return replace(choices, refused=tuple(dict.fromkeys([*choices.refused, *new])))


def _consequence(before: RunResult, after: RunResult, block: Block) -> Consequence:
    states = {(entry.place, entry.kind, entry.text): entry.state for entry in after.ledger}
    bridged: list[Entry] = []
    staying: list[Entry] = []
    for entry in before.ledger:
        now = states.get((entry.place, entry.kind, entry.text), entry.state)
        if now is not entry.state and entry.behaviour:
            (staying if now is State.LEFT else bridged).append(entry)
    moved = {unit for entry in staying for unit in entry.units}
    still = {unit for one in after.ledger if one.behaviour and one.state is not State.LEFT for unit in one.units}
    change = next((change for change in after.changes if change.path == block.change.path), None)
    start, end = block.old
    near = [one for one in (blocks(change) if change else []) if one.old[0] < end and one.old[1] > start]
    instead = next(hunks(near[0].change, near), None) if near else None
    return Consequence(block, tuple(bridged), tuple(staying), tuple(sorted(moved - still)), instead)


def _hunk(block: Block) -> Hunk:
    return next(hunks(block.change, [block]))


def _key(block: Block) -> _Key:
    return (block.change.path, block.old, block.before, block.after)


def _problem(state: _State, block: Block, lines: tuple[bytes, ...]) -> str:
    """Why edited lines do not do; \"\" if they do."""
    change = _with_edits(block.change, {**state.edits, _key(block): lines})
    return (
        ""
        if is_sound(change.after, change.before, block.change.after, in_cells=is_notebook(change.path))
        else "not taken: the file would not parse, or a name in it be unbound; edit again, or answer otherwise"
    )


def _edited(state: _State) -> RunResult:
    """The result with what was edited by hand in it."""
    if not state.edits:
        return state.result
    return replace(state.result, changes=tuple(_with_edits(change, state.edits) for change in state.result.changes))


def _with_edits(change: FileChange, edits: Mapping[_Key, tuple[bytes, ...]]) -> FileChange:
    if not any(key[0] == change.path for key in edits):
        return change
    found = [replace(block, after=edits.get(_key(block), block.after)) for block in blocks(change)]
    return replace(change, after=applied(change, found))
