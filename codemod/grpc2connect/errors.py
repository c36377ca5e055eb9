"""Every error of the tool: its title, which stays what it is and can be searched for, what it means, and what to do.

`docs/errors.md` is made of this table (`scripts/rule_pages.py`). Where one occurs, it says its own cause and next step;
`report/text.py` has the one form in which all are printed: `error[title]: cause; next step`.
"""

from __future__ import annotations

import enum


class Title(enum.Enum):
    """A row for each error: title, what it means, what to do; and the codes that files failing so have in reports."""

    # What was asked for.
    UNKNOWN_COMMAND = ("unknown-command", "There is no such command.", "`grpc2connect --help` lists them.")
    UNKNOWN_OPTION = ("unknown-option", "The command has no such option.", "`grpc2connect COMMAND --help` lists them.")
    BAD_USAGE = ("bad-usage", "An argument is missing, or is one too many.", "See `grpc2connect COMMAND --help`.")
    BAD_VALUE = ("bad-value", "An option or argument does not take this value.", "Give one of those that it names.")
    OPTIONS_CLASH = (
        "options-clash",
        "Options, or arguments, do not go together, or one wants another.",
        "Leave one out, or add the other, as it says.",
    )
    UNKNOWN_CODE = (
        "unknown-code",
        "No rule and no error has this name, or begins so.",
        "Take the one it suggests; `grpc2connect rules` lists them.",
    )
    UNKNOWN_SERVICE = (
        "unknown-service",
        "`--unit` names a service that nothing here belongs to.",
        "Take the one it suggests; the ledger of `diff` lists them.",
    )
    SERVICE_STAYS = (
        "service-stays",
        "A service that is to move by itself cannot: something that belongs to it has no sure form.",
        "`grpc2connect explain FILE:LINE` says what holds it on gRPC, and what to do about that.",
    )
    UNKNOWN_OWNER = (
        "unknown-owner",
        "`--owner` names somebody who owns nothing here.",
        "Take the one it suggests, as CODEOWNERS spells it.",
    )
    UNKNOWN_REVISION = (
        "unknown-revision",
        "`--since` names what git does not know, or there is no git repository.",
        "Name a branch, tag or commit; in CI, fetch the history.",
    )
    UNKNOWN_SERVER = ("unknown-server", "`serve-guide` knows no server of this name.", "Take one that it names.")
    NO_SUCH_PLACE = (
        "no-such-place",
        "`explain` is asked about a file or a line that is not there.",
        "Give FILE:LINE of a file as it is now.",
    )
    NO_ENVIRONMENT = (
        "no-environment",
        "`--python` names no virtual environment.",
        "Name its folder, which has `lib/python3.x/site-packages` in it.",
    )
    NO_TERMINAL = (
        "no-terminal",
        "`migrate --interactive` asks, and nobody is there to answer.",
        "Run it on a terminal, or look at `diff`.",
    )
    NO_SERVER_FOUND = (
        "no-server-found",
        "`serve-guide` finds no migrated server, or not exactly the one it is to describe.",
        "Migrate first, or name the folder or the program.",
    )
    EXTRA_MISSING = ("extra-missing", "An optional library is not installed.", "Install it as the message says.")
    # Settings, baselines and rules of one's own.
    CONFIG_UNREADABLE = (
        "config-unreadable",
        "The `pyproject.toml` that would hold the settings cannot be read, or is no TOML.",
        "Correct it at the place that is named.",
    )
    CONFIG_INVALID = (
        "config-invalid",
        "A setting has an unknown name, or a value that it does not take.",
        "Take the name or the value it suggests; docs/control.md has all.",
    )
    BASELINE_INVALID = (
        "baseline-invalid",
        "The baseline is missing, cannot be read, or has lines that are none of its own.",
        "Settle a merge's conflict, or write it anew with `check --update-baseline`.",
    )
    BASELINE_GROWS = (
        "baseline-grows",
        "`--update-baseline` would let in references that were not there before.",
        "Migrate them, or give the reason with `--allow-growth`.",
    )
    BASELINE_NOT_WRITTEN = (
        "baseline-not-written",
        "Some files could not be looked at, so what they hold would be forgotten.",
        "Correct or exclude the files that are named, then run again.",
    )
    RULE_PACK_INVALID = (
        "rule-pack-invalid",
        "What `--rules` names cannot be imported, or declares no rules that can be used.",
        "Correct it; docs/writing-rules.md says what a pack is, `test-rule` tests it.",
    )
    NO_FIXTURES = ("no-fixtures", "`test-rule` finds no fixtures for the pack.", "Name their folder by `--fixtures`.")
    # Git.
    NOT_IN_GIT = (
        "not-in-git",
        "Git could not bring back what `migrate` writes: the files are in no repository.",
        "`git init` and commit, or `--allow-no-vcs`; `grpc2connect undo` takes it back either way.",
    )
    UNCOMMITTED_EDITS = (
        "uncommitted-edits",
        "Edits of yours would be mixed with those of `migrate`.",
        "Commit or stash them, or `--allow-dirty`.",
    )
    CANNOT_COMMIT = (
        "cannot-commit",
        "`--commit-per` could not make clean commits here; nothing is written.",
        "Do what it says, then run again.",
    )
    COMMIT_FAILED = (
        "commit-failed",
        "Git, or a hook of the repository, refused a commit; the files are as the last commit has them.",
        "Do what git says, or `--no-verify`, then run again: it goes on from there.",
    )
    # Writing and undoing.
    JOURNAL_UNUSABLE = (
        "journal-unusable",
        "The record that `undo` works from cannot be kept or read; nothing is written without it.",
        "Make room, make the folder writable, or name another in G2C_STATE_DIR.",
    )
    ANOTHER_RUN = (
        "another-run",
        "Another process is writing this project.",
        "Wait for it, then run again.",
    )
    INTERRUPTED_RUN = (
        "interrupted-run",
        "A run was cut off, and files of it have been edited since.",
        "`grpc2connect undo --force` takes it back, and keeps a copy of the edits.",
    )
    NOTHING_TO_UNDO = (
        "nothing-to-undo",
        "No run that wrote here is on record.",
        "`grpc2connect undo --list` says what there is.",
    )
    CHANGED_SINCE = (
        "changed-since",
        "Files have been edited since the run that is to be taken back.",
        "Put them back, or `--force`, which keeps a copy of each.",
    )
    UNDO_INCOMPLETE = (
        "undo-incomplete",
        "Some files could not be put back; each is named.",
        "Make them writable, and undo again.",
    )
    # Reports.
    CANNOT_MERGE = (
        "cannot-merge",
        "What `report --merge` was given are not all the parts of one run.",
        "Give the JSON report of each part once.",
    )
    CODEOWNERS_UNREADABLE = (
        "codeowners-unreadable",
        "The file with the owners cannot be read.",
        "Make it readable, or name another by `--codeowners`.",
    )
    OUTPUT_NOT_WRITTEN = (
        "output-not-written",
        "What `--output` names cannot be written.",
        "Name a file in a folder that is there and writable.",
    )
    # The editor.
    EDITOR_REQUEST = (
        "editor-request",
        "The server for editors cannot do what an editor asked for.",
        "Do what it says, in the editor or on the command line.",
    )
    # Files that fail; the others are done.
    CANNOT_PARSE = (
        "cannot-parse",
        "A file is no Python, or of a newer one than runs grpc2connect.",
        "Correct it, exclude it, or run grpc2connect on that one.",
        "G2C002",
    )
    CANNOT_READ = ("cannot-read", "A file cannot be read.", "Make it readable, or exclude it.", "G2C003")
    CANNOT_DECODE = (
        "cannot-decode",
        "A file cannot be decoded, or would not be written back as it was.",
        "Save it as UTF-8, name its encoding in it, or exclude it.",
        "G2C004",
    )
    PROTO_INVALID = ("proto-invalid", "A proto does not parse.", "Correct it, or exclude it.", "G2C005")
    PROTO_IMPORT_MISSING = (
        "proto-import-missing",
        "What a proto imports is in none of the folders.",
        "Add the folder that has it to the paths.",
        "G2C006",
    )
    GENERATOR_MISSING = (
        "generator-missing",
        "What makes the Connect modules is not installed.",
        "Install it into the environment of grpc2connect.",
        "G2C007",
    )
    OUTPUT_UNCLEAR = (
        "output-unclear",
        "It is not clear where generated modules belong.",
        'Set `generated = { out = "FOLDER", package = "NAME" }`.',
        "G2C008",
    )
    OWN_CODECS = (
        "own-codecs",
        "Generated stubs convert messages by something that protoc has not written.",
        "Leave their services on gRPC, or generate them anew and convert messages where the stubs are used.",
        "G2C018",
    )
    NAME_CLASH = ("name-clash", "Two names clash in a generated module.", "Rename one.", "G2C009")
    CANNOT_WRITE = (
        "cannot-write",
        "A file cannot be written, or has changed since it was read; its service stays as it was.",
        "Make it writable and run again.",
        "G2C010",
    )
    GENERATOR_FAILED = (
        "generator-failed",
        "The generator failed on a service, which stays on gRPC.",
        "Do what its own words say.",
        "G2C011",
    )
    ANALYSIS_FAILED = (
        "analysis-failed",
        "The run failed on a file, and went on without it.",
        "Exclude it or make it simpler, and please report it.",
        "G2C014",
    )
    PROJECT_FILE_INVALID = (
        "project-file-invalid",
        "A file around the code does not follow its own format, and is left as it is.",
        "Correct it, then run again.",
        "G2C913",
    )
    # The tool itself.
    LEDGER = (
        "ledger-does-not-add-up",
        "Not every reference is accounted for, which is an error in grpc2connect; nothing is written.",
        "Please report it, with the lines that begin with `ledger:`.",
    )
    INTERRUPTED = (
        "interrupted",
        "The command was stopped; every file is as it was, or as it was to be.",
        "Run it again; after `migrate`, `grpc2connect undo` takes back what was written.",
    )
    INTERNAL = (
        "internal-error",
        "An error in grpc2connect itself.",
        "Please report it, with what G2C_TRACEBACK=1 shows.",
    )

    def __init__(self, slug: str, meaning: str, remedy: str, *codes: str) -> None:
        self.slug = slug
        self.meaning = meaning
        self.remedy = remedy
        self.codes = codes


_OF_CODES = {code: title for title in Title for code in title.codes}


def of_code(code: str) -> Title:
    """The title of the errors of files that have a code."""
    return _OF_CODES[code]


class Failure(Exception):
    """What ends a command: a title, the cause (what is wrong, and where) and the next step, which make one line."""

    def __init__(self, title: Title, cause: str, step: str) -> None:
        super().__init__(f"{cause}; {step}")
        self.title = title
        self.cause = cause
        self.step = step
