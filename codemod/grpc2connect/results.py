"""What a run of the engine yields: one stream of results that every face (text, JSON, hooks) consumes.

Nothing here knows how a result came about; `report` and `cli` depend on this module alone.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grpc2connect.errors import Title, of_code


class State(enum.Enum):
    """The state in which a gRPC reference ends (DESIGN section 2); there is no fourth."""

    NATIVE = "native"
    BRIDGED = "bridged"
    LEFT = "left"


class Severity(enum.Enum):
    """How loudly a finding speaks; only `ERROR` changes an exit code by itself."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, order=True)
class Place:
    """A place in a source file: `path` as given to the run, `line` from 1, `column` from 1 (characters)."""

    path: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Finding:
    """Something a reviewer should know: a code, a place, what is so, and what to do about it."""

    code: str
    place: Place
    message: str
    advice: str = ""
    severity: Severity = Severity.NOTE
    unit: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: a reference, the rule that claimed it and the state it ended in.

    `behaviour` is False for imports and annotations, which percentages leave out (DESIGN section 6).
    `units` are the full names of the services that the reference belongs to; `evidence` is how the
    facts know, in short; the whole chain is in `Explained`. `later` says that it is left for another stage alone.
    `sides` are those of calls that it is about: "server", "client", or both; none of what follows them, as imports.
    """

    place: Place
    kind: str
    code: str
    state: State
    text: str
    units: tuple[str, ...] = ()
    behaviour: bool = True
    why: str = ""
    evidence: tuple[str, ...] = ()
    later: bool = False
    sides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One fact of a chain: what is so, and where that stands (None: in no file of the project)."""

    text: str
    place: Place | None = None


@dataclass(frozen=True)
class Explained:
    """What the tool believes one thing on a line to be, by which facts, and why it ends as it does.

    `what` says what it is. `because` is the chain of facts from it back to the generated code, or to grpc itself.
    `why` says why it ended in its state, `reasons` what holds it there, back to the first cause, and `better` what
    would have to change for a better one. `entry` is None for what only looks like a reference.
    """

    place: Place
    text: str
    what: str
    entry: Entry | None = None
    because: tuple[Step, ...] = ()
    why: str = ""
    reasons: tuple[Step, ...] = ()
    better: str = ""


@dataclass(frozen=True)
class Region:
    """Lines of a file as it was (from 0, `last` included, ended by a line feed) that edits of one reference touch.

    `place` is where the reference stands, and the rest is as in its `Entry`. What import statements change belongs to
    no reference: its `code` is "".
    """

    first: int
    last: int
    place: Place
    code: str = ""
    state: State = State.NATIVE
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileChange:
    """A file whose bytes change; `before` is None for a file that the run adds. `deletes` takes the file away.

    `regions` say which references its changes come from, in the order of their lines.
    """

    path: Path
    before: bytes | None
    after: bytes
    units: tuple[str, ...] = ()
    deletes: bool = False
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True)
class FileError:
    """A file that could not be processed: what is wrong with it, and what to do."""

    path: Path
    code: str
    message: str
    advice: str

    @property
    def title(self) -> Title:
        """What errors of this kind are called."""
        return of_code(self.code)


@dataclass(frozen=True)
class Audit:
    """The ledger's own check: references counted by facts against the entries that rules returned."""

    counted: int
    entered: int
    unexplained: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every counted reference has exactly one entry and no token is left unexplained."""
        return self.counted == self.entered and not self.unexplained


@dataclass(frozen=True)
class Moved:
    """What of a service (its full name) has moved before a run.

    Whether its Connect module is there, and its gRPC stubs still are; how often code of the project names what the
    Connect module has for servers, and for clients.
    """

    unit: str
    module: bool
    stubs: bool
    server: int = 0
    client: int = 0


@dataclass(frozen=True)
class Suppressed:
    """A finding, or a reference, that a comment of the file speaks for, with the comment's reason."""

    place: Place
    code: str
    text: str
    reason: str
    reference: bool = False


@dataclass(frozen=True)
class Loud:
    """The names by which a changed file can be told to have nothing new of gRPC; see `skeleton` for what they are.

    `files` has, for each file that was parsed, the names that are loud and those that are watched by the dotted name of
    their scope, and a digest of the file's skeleton.
    """

    spelled: frozenset[str]
    rpcs: frozenset[str]
    attributes: frozenset[str]
    watched: frozenset[str]
    tops: frozenset[str]
    files: Mapping[Path, tuple[Mapping[str, tuple[frozenset[str], frozenset[str]]], bytes]]


@dataclass(frozen=True)
class Reach:
    """How far gRPC reaches in a project, by which a file can be told to have nothing to do with it.

    `parsed` are the files whose content mattered, `holders` the last parts of imports that lead to what holds something
    of gRPC, `fixtures` the names by which tests ask for such, `rpcs` the names of RPCs that tell a call, `loud` what
    in a parsed file can be gRPC's.
    """

    parsed: frozenset[Path] = frozenset()
    holders: frozenset[str] = frozenset()
    fixtures: frozenset[str] = frozenset()
    rpcs: frozenset[str] = frozenset()
    loud: Loud | None = None


@dataclass(frozen=True)
class RunResult:
    """All that a run found and would change. Paths are absolute; `root` is the folder to print them against.

    `explained` is about the line that was asked about, if any was.
    """

    root: Path
    changes: tuple[FileChange, ...] = ()
    ledger: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: tuple[FileError, ...] = ()
    audit: Audit = field(default_factory=lambda: Audit(0, 0))
    files_seen: int = 0
    files_parsed: int = 0
    explained: tuple[Explained, ...] = ()
    reach: Reach = field(default_factory=Reach)
    suppressed: tuple[Suppressed, ...] = ()

    def with_entries(self, entries: Sequence[Entry]) -> RunResult:
        """This result with more references in the ledger, which its audit counts."""
        audit = self.audit
        return replace(
            self,
            ledger=(*self.ledger, *entries),
            audit=Audit(audit.counted + len(entries), audit.entered + len(entries), audit.unexplained),
        )
