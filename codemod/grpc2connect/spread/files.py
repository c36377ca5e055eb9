"""What a run does for each file by itself: see what is in it and what rules offer for that, and edit it, with proof."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grpc2connect.audit import unexplained
from grpc2connect.expendable import Expendable, expendable
from grpc2connect.facts.collect import collect
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.reference import Reference
from grpc2connect.kept import NOWHERE, Parts
from grpc2connect.plan import Decision, Offer, Plan, offer
from grpc2connect.results import FileChange
from grpc2connect.rewrite.place import Places, RuntimeUser
from grpc2connect.rewrite.proof import ProofFailed
from grpc2connect.rewrite.rewrite import Rewritten, rewrite
from grpc2connect.rules_api import Outcome, Registry
from grpc2connect.sources import Source, Unwritable, encode
from grpc2connect.spread.carried import Carried, Refused
from grpc2connect.spread.team import Team
from grpc2connect.syntax import Module

if TYPE_CHECKING:
    from grpc2connect.options import Options

Progress = Callable[[str, int, int], None]
Wanted = Callable[[Reference, str], bool]
Found = TypeVar("Found")

TO_SEE = 400_000
"""Characters of code in which another process sees what there is sooner than this one alone."""
TO_PLAN = 800_000
"""The same for what rules offer."""
TO_EDIT = 150_000
"""The same for edits."""


@dataclass(frozen=True)
class Seen:
    """What is in a file: references, and gRPC's words that no reference explains."""

    references: Sequence[Reference]
    unexplained: Sequence[str]


@dataclass(frozen=True)
class Edited:
    """A file's edit and its new bytes; or why there can be none. `noted` is what it wants of the runtime's place."""

    done: Rewritten | None
    after: bytes
    failed: str
    noted: Mapping[Path, RuntimeUser]


class FileWork:
    """The work on single files of a program, by a team; what is done is kept in `parts`, and taken from there."""

    def __init__(
        self, facts: Facts, sources: Mapping[Path, Source], options: Options, team: Team, parts: Parts = NOWHERE
    ) -> None:
        facts.patches.look()  # or files would come to the program while they are worked on, each in one process
        self._facts = facts
        self._sources = sources
        self._options = options
        self._team = team
        self._edited: dict[Module, tuple[list[tuple[str, Outcome]], Edited]] = {}
        self._parts = parts if parts is NOWHERE else parts.about(_digest(facts, sources))

    def see(self, progress: Progress) -> list[Seen]:
        """What is in each file of the program."""

        def work(module: Module) -> Seen:
            with expendable(module.path):
                found = collect(self._facts, module)
                return Seen(found, unexplained(self._facts, module, found))

        return self._each("facts", self._facts.program.modules(), work, TO_SEE, progress)

    def offers(
        self, references: Iterable[Reference], rules: Registry, wanted: Wanted, progress: Progress
    ) -> list[Offer]:
        """What rules offer for each reference, in their order."""
        by_module: dict[Module, list[Reference]] = {}
        for reference in references:
            by_module.setdefault(reference.module, []).append(reference)
        unsafe, native = self._options.unsafe, self._options.native

        def work(module: Module) -> list[tuple[str, Sequence[Outcome]]]:
            asked = (offer(one, rules, wanted, unsafe=unsafe, native=native) for one in by_module[module])
            return [(code, outcomes) for _, code, outcomes in asked]

        found = self._each("plan", list(by_module), work, TO_PLAN, progress)
        return [
            (reference, code, outcomes)
            for module, offered in zip(by_module, found, strict=True)
            for reference, (code, outcomes) in zip(by_module[module], offered, strict=True)
        ]

    def edit(
        self, plan: Plan, places: Places, about: str, progress: Progress
    ) -> tuple[dict[Path, tuple[Rewritten, FileChange]], dict[str, str]]:
        """The files that change, and those of which no edit could be proved, with the reasons.

        `about` is the same for plans that are the same. A file is edited anew only where another plan has decided
        otherwise about it; and one without edits is not looked at.
        """
        every: dict[Module, list[Decision]] = {}
        for decision in plan.decisions:
            every.setdefault(decision.reference.module, []).append(decision)
        every = {module: made for module, made in every.items() if any(one.outcome.edits for one in made)}
        chosen = {module: [(one.code, one.outcome) for one in made] for module, made in every.items()}
        by_module = {
            module: made
            for module, made in every.items()
            if module not in self._edited or self._edited[module][0] != chosen[module]
        }

        def work(module: Module) -> Edited:
            own = Places(self._facts.program, self._options)
            source = self._sources[module.path]
            try:
                with expendable(module.path, ProofFailed, Unwritable):
                    outcome = rewrite(self._facts, module, by_module[module], own)
                    return Edited(outcome, encode(source, outcome.text), "", own.noted())
            except (ProofFailed, Unwritable) as problem:
                return Edited(None, b"", str(problem), own.noted())
            except Expendable as lost:
                return Edited(None, b"", lost.reason, own.noted())

        done: dict[Path, tuple[Rewritten, FileChange]] = {}
        failed: dict[str, str] = {}
        edited = self._each("rewrite", list(by_module), work, TO_EDIT, progress, about)
        for module, one in zip(by_module, edited, strict=True):
            self._edited[module] = chosen[module], one
        for module, decisions in every.items():
            one = self._edited[module][1]
            places.note(one.noted)
            if one.done is None:
                failed[str(module.path)] = one.failed
            elif one.after != (before := self._sources[module.path].data):
                units = tuple(
                    sorted({service.full_name for one in decisions for service in plan.units.moving(one.reference)})
                )
                change = FileChange(module.path, before, one.after, units, regions=one.done.regions)
                done[module.path] = (one.done, change)
        return done, failed

    def _each(
        self,
        stage: str,
        modules: Sequence[Module],
        work: Callable[[Module], Found],
        least: int,
        progress: Progress,
        about: str = "",
    ) -> list[Found]:
        carried, size = Carried(self._facts), self._facts.program.size
        names = [f"{stage} {about} {module.path}" for module in modules]
        self._parts.look()
        there = self._there(names, carried)
        missing = [index for index in range(len(modules)) if index not in there]

        def dumps(index: int, found: Any) -> bytes:
            if self._facts.program.size != size:
                raise Refused("the program has grown")  # where nobody else sees it
            return carried.dumps(found, modules[index])

        found = self._team.each(
            missing,
            lambda index: work(modules[index]),
            path=lambda index: modules[index].path,
            weight=lambda index: len(modules[index].text),
            least=least,
            done=lambda count: progress(stage, len(there) + count, len(modules)),
            dumps=dumps,
            loads=carried.loads,
            keep=None if self._parts is NOWHERE else lambda index, data: self._parts.put(names[index], data),
        )
        there.update(zip(missing, found, strict=True))
        return [there[index] for index in range(len(modules))]

    def _there(self, names: Iterable[str], carried: Carried) -> dict[int, Any]:
        found = {}
        for index, name in enumerate(names):
            data = self._parts.get(name)
            if data is not None:
                try:
                    found[index] = carried.loads(data)
                except Exception:
                    continue  # of a program that is not quite this one: made anew
        return found


def _digest(facts: Facts, sources: Mapping[Path, Source]) -> str:
    """What tells the program apart: every file that was read for it, and every service known."""
    digest = hashlib.blake2b(digest_size=16)
    for module in facts.program.modules():
        digest.update(str(module.path).encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.blake2b(sources[module.path].data, digest_size=16).digest())
    for stubs in facts.program.schema.grpc_modules:
        digest.update(repr((stubs, [service.methods for service in stubs.services])).encode("utf-8", "replace"))
    return digest.hexdigest()
