"""The report as plain data: what `--json` prints, and what every face of `report` is made of.

`docs/report.schema.json` is made from these types (`scripts/report_schema.py`), and so is the check of a report that is
read back. `schema_version` changes when a field is renamed, removed or changes its meaning; new fields may come at any
time. The texts in `Annotated` stand in the schema.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

SCHEMA_VERSION = 1

StateName = Literal["native", "bridged", "left"]
StageName = Literal["server", "client", "both", "cleanup"]
SideName = Literal["server", "client"]
StepName = Literal["generate", "server", "client", "cleanup"]
StepState = Literal["done", "open", "held", "waits", "none"]
SeverityName = Literal["note", "warning", "error"]
EncodingName = Literal["utf-8", "latin-1"]


class Counts(TypedDict):
    """How many references ended in each state."""

    references: int
    native: Annotated[int, "in connectrpc's own form"]
    bridged: Annotated[int, "through the bundled runtime"]
    left: Annotated[int, "still gRPC"]


class Summary(Counts):
    """The sums of what is shown; `files_seen` and `files_parsed` are those of the whole run."""

    behaviour: Annotated[Counts, "without imports and annotations, which follow their users"]
    files_seen: int
    files_parsed: int
    files_changed: int
    findings: int
    errors: int


class Tool(TypedDict):
    """What made the report."""

    name: str
    version: str


class Audit(TypedDict):
    """The ledger's own check, of the whole run: what was counted against what was entered."""

    holds: bool
    counted: int
    entered: int
    unexplained: list[str]


class Unit(Counts):
    """A service, with all references that belong to it; one that belongs to several counts in each."""

    name: Annotated[str, "the full name of the service, or `(no service)`"]
    stages: NotRequired[Annotated[dict[str, Counts], "by the step of the migration that a reference belongs to"]]


class Moved(TypedDict):
    """What of a service has moved before the run."""

    name: str
    module: Annotated[bool, "whether its `*_connect.py` is there"]
    stubs: Annotated[bool, "whether its `*_pb2_grpc.py` is there"]
    server: Annotated[int, "how often code names what its `*_connect.py` has for servers"]
    client: Annotated[int, "how often code names what its `*_connect.py` has for clients"]


class Step(TypedDict):
    """A step of the migration of a service; of `server` and `client` the references without imports and annotations."""

    state: Annotated[StepState, "`waits`: for other steps; `none`: there is nothing of it"]
    done: int
    open: Annotated[int, "what a run would do"]
    held: Annotated[int, "what a run would leave"]


class Steps(TypedDict):
    """All steps of a service, as those of `--stage`."""

    generate: Step
    server: Step
    client: Step
    cleanup: Step


class Progress(TypedDict):
    """How far a service is, what has moved before the run included."""

    name: str
    steps: Steps


class File(Counts):
    """A file with references."""

    path: str


class Owner(Counts):
    """Who owns files, by CODEOWNERS; what several own together counts for each."""

    name: Annotated[str, "as in CODEOWNERS, or `(no owner)`"]
    files: int
    findings: int
    units: list[str]


class HunkReference(TypedDict):
    """A reference that a part of a patch comes from; its place is in the file as it was."""

    path: str
    line: int
    column: int
    code: str
    state: StateName
    units: list[str]


class HunkRow(TypedDict):
    """A part of a patch, as `diff` shows it; numbers of lines are those of its heading."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    units: list[str]
    codes: Annotated[list[str], "of the rules it comes from, in the order of their places"]
    state: NotRequired[Annotated[StateName, "the worst of its references, if it comes from any"]]
    references: list[HunkReference]
    lines: Annotated[list[str], "as in a patch: a blank, - or + and the line, with its line end if it has one"]


class Change(TypedDict):
    """A file that a migration writes."""

    path: str
    new: bool
    lines_added: int
    lines_removed: int
    units: list[str]
    deleted: NotRequired[Annotated[bool, "there, and true, where the file goes"]]
    encoding: NotRequired[Annotated[EncodingName, "in which the lines of its hunks give its bytes"]]
    hunks: NotRequired[Annotated[list[HunkRow], "of `diff --json` alone"]]


class Row(TypedDict):
    """What every row has that stands at a place."""

    path: Annotated[str, "relative to `root`, with forward slashes"]
    code: Annotated[str, "of the rule, or the engine's own (G2C0..)"]
    fingerprint: Annotated[str, "stays the same when the lines around it move"]
    owners: NotRequired[list[str]]


class Spot(Row):
    """A row with a line and a column, both from 1; columns count characters."""

    line: int
    column: int


class Reference(Spot):
    """One gRPC reference with the state it ended in."""

    kind: str
    state: StateName
    text: str
    units: list[str]
    behaviour: bool
    why: str
    stage: StageName
    sides: NotRequired[Annotated[list[SideName], "the sides of calls that it is about, by what it is"]]
    later: NotRequired[Annotated[bool, "there, and true, where another stage moves it"]]


class Finding(Spot):
    """Something a reviewer should know."""

    severity: SeverityName
    message: str
    advice: str
    unit: str


class Suppressed(Spot):
    """A finding that a comment of the file silences, or a reference that one keeps `check` from judging."""

    text: Annotated[str, "what the finding says, or the reference"]
    reason: Annotated[str, "as the comment gives it"]
    reference: Annotated[bool, "whether it is a reference, which is in `references` as well"]
    units: list[str]


class Error(Row):
    """A file that could not be processed."""

    title: Annotated[str, "what errors of this kind are called, as `cannot-parse`: docs/errors.md"]
    message: str
    advice: str


class Rule(TypedDict):
    """What a code means; only the codes that occur are listed."""

    code: str
    title: str
    family: str
    documentation: str
    page: NotRequired[Annotated[str, "where docs/rules has it, as `context.md#g2c201`"]]


class Excerpt(TypedDict):
    """Consecutive lines of a file."""

    line: Annotated[int, "the number of the first one, from 1"]
    lines: list[str]


class Narrowing(TypedDict):
    """Which part of the run is shown; decisions are those of the whole run."""

    units: NotRequired[list[str]]
    paths: NotRequired[list[str]]
    owners: NotRequired[list[str]]
    since: NotRequired[str]
    shard: NotRequired[Annotated[str, "`i/n`"]]
    shard_units: NotRequired[Annotated[list[str], "the services that are whole in this shard"]]


class Document(TypedDict):
    """A report of grpc2connect."""

    schema_version: int
    tool: Tool
    command: Annotated[str, "the command that was run, as `report`"]
    exit_code: int
    root: Annotated[str, "the folder that paths are relative to"]
    repository_path: NotRequired[Annotated[str, "`root` as seen from the top of its repository; empty: the same"]]
    revision: NotRequired[Annotated[str, "the commit that was looked at, with `+` when files differed from it"]]
    run: NotRequired[Annotated[str, "a digest of the whole run; equal in all its shards"]]
    shown: NotRequired[Narrowing]
    summary: Summary
    audit: Audit
    units: list[Unit]
    moved: NotRequired[Annotated[list[Moved], "by service, of the whole project; of `report` alone"]]
    progress: NotRequired[Annotated[list[Progress], "by service; of `report` alone"]]
    files: list[File]
    owners: NotRequired[list[Owner]]
    changes: list[Change]
    references: list[Reference]
    findings: list[Finding]
    suppressed: list[Suppressed]
    errors: list[Error]
    rules: NotRequired[list[Rule]]
    excerpts: NotRequired[Annotated[dict[str, list[Excerpt]], "lines around findings and what is not native, by path"]]
