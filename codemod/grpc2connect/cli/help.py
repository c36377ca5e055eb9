"""`--help` as a page to read: options in groups, then examples, then the exit codes."""

from __future__ import annotations

import click

GROUPS: dict[str, tuple[str, ...]] = {
    "Which files": ("include", "exclude", "python", "stdin_filename"),
    "Which part": ("units", "globs", "owners", "codeowners", "since", "shard", "merge", "servers", "wanted"),
    "What is done": (
        "stage", "runtime", "client_protocol", "serve", "connect_port", "select", "ignore", "rules", "unsafe",
        "native", "jobs",
        "allow_dirty", "allow_no_vcs", "interactive", "commit_per", "no_verify", "force",
    ),
    "What fails": ("fail_on", "baseline_path", "update_baseline", "allow_growth"),
    "What is shown": (
        "as_json", "app_module", "by", "stat", "no_pager", "listed", "form", "to", "rules_url", "quiet", "verbose",
        "colour",
    ),
}  # fmt: skip

SENSELESS: dict[str, frozenset[str]] = {"report": frozenset({"as_json", "quiet", "colour", "stdin_filename"}),
                                        "migrate": frozenset({"stdin_filename"}),
                                        "serve-guide": frozenset({"select", "ignore", "rules", "unsafe", "native",
                                                                  "runtime", "client_protocol", "stdin_filename"}),
                                        "generate": frozenset({"select", "ignore", "rules", "unsafe", "native", "jobs",
                                                               "stdin_filename"})}  # fmt: skip
"""Options that every command takes, where they say nothing: not listed."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "diff": (
        ("grpc2connect diff", "the whole project; nothing is written"),
        ("grpc2connect diff > ../x.patch; git apply ../x.patch", "what migrate would write"),
        ("grpc2connect diff --by unit", "a service at a time, each with its states"),
        ("grpc2connect diff - --stdin-filename src/a.py < a.py", "a file as an editor has it"),
    ),
    "migrate": (
        ("grpc2connect migrate", "all that can move; wants a clean git tree"),
        ("grpc2connect migrate services/shop", "a part of the project"),
        ("grpc2connect migrate --unit shop.v1.Stock", "one service, and what cannot stay without it"),
        ("grpc2connect migrate --runtime package", "require the runtime, do not write it"),
        ("grpc2connect migrate --commit-per unit", "a commit for each service"),
        ("grpc2connect migrate --interactive", "asks about each place"),
    ),
    "undo": (
        ("grpc2connect undo", "every file as it was before the last run"),
        ("grpc2connect undo --list", "the runs that can be taken back"),
    ),
    "check": (
        ("grpc2connect check", "fails while gRPC remains"),
        ("grpc2connect check --baseline base.txt --update-baseline", "begin, or shrink, a baseline"),
        ("grpc2connect check --baseline base.txt", "fails on what is new"),
        ("grpc2connect check --fail-on left", "fails only on what cannot move"),
    ),
    "generate": (("grpc2connect generate", "only the *_connect.py modules"),),
    "report": (
        ("grpc2connect report -o report.json", "everything, for scripts"),
        ("grpc2connect report --format html -o report.html", "a page for people"),
        ("grpc2connect report --format github --since main", "annotations on a pull request"),
    ),
    "rules": (("grpc2connect rules", "what it knows"),),
    "explain": (
        ("grpc2connect explain G2C201", "a rule"),
        ("grpc2connect explain shop/gateway.py:47", "a line: what it is, by which facts, what becomes of it"),
    ),
    "serve-guide": (
        ("grpc2connect serve-guide", "each server that the migrated project makes, and which programs can run it"),
        ("grpc2connect serve-guide --server uvicorn", "what one of them carries, and its command line"),
        ("grpc2connect serve-guide --app-module", "the module that such servers import"),
    ),
    "lsp": (
        ("grpc2connect lsp", "for the editor to start; speaks on stdin and stdout"),
        ("grpc2connect lsp --python .venv", "with the stubs that are installed there"),
    ),
    "test-rule": (
        ("grpc2connect test-rule ./acme_rules", "against the fixtures beside it"),
        ("grpc2connect test-rule ./acme_rules --update", "write what comes out; read the diff"),
    ),
    "completion": (('eval "$(grpc2connect completion bash)"', "in ~/.bashrc"),),
}


ENVIRONMENT: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("G2C_CACHE_DIR", "the folder where results are kept, so that asking again is quick; empty: nowhere",
     frozenset({"diff", "migrate", "check", "report"})),
    ("G2C_STATE_DIR", "the folder where what runs have written is kept, for undo",
     frozenset({"migrate", "generate", "undo"})),
    ("GIT_PAGER, PAGER", "what shows long output on a terminal; else less", frozenset({"diff", "migrate"})),
    ("VISUAL, EDITOR", "what --interactive edits with", frozenset({"migrate"})),
    ("NO_COLOR", "no colour, though it is a terminal", frozenset()),
    ("G2C_TRACEBACK", "if it is set, an internal error shows where it is", frozenset()),
)  # fmt: skip
"""What a variable is for, and the commands that look at it; none named: all."""

ERRORS = (("error[TITLE]: cause; next step", "one line each, on stderr; grpc2connect explain TITLE tells more"),)


class Group(click.Group):
    """The commands together; the help has what holds for all of them."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what errors look like, the environment, and the exit codes."""
        with formatter.section("Errors"):
            formatter.write_dl(list(ERRORS), col_max=60)
        _write_environment(formatter, "")
        _write_codes(self, formatter)


def _write_environment(formatter: click.HelpFormatter, command: str) -> None:
    rows = [
        (name, about) for name, about, commands in ENVIRONMENT if not command or not commands or command in commands
    ]
    with formatter.section("Environment"):
        formatter.write_dl(rows)


def _write_codes(command: click.Command, formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    formatter.write((command.epilog or "").removeprefix("\b\n"))


class Command(click.Command):
    """A command whose help has groups of options and examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by group; what is in none comes last."""
        hidden = SENSELESS.get(self.name or "", frozenset())
        rows = {
            parameter.name: record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            and parameter.name not in hidden
            and (record := parameter.get_help_record(ctx)) is not None
        }
        for title, names in GROUPS.items():
            here = [rows.pop(name) for name in names if name in rows]
            if here:
                with formatter.section(title):
                    formatter.write_dl(here)
        if rows:
            with formatter.section("Other options"):
                formatter.write_dl(list(rows.values()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, the environment and the exit codes."""
        examples = EXAMPLES.get(self.name or "")
        if examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(examples), col_max=60)
        _write_environment(formatter, self.name or "")
        _write_codes(self, formatter)
