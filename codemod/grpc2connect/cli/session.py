"""What every command about a project shares: its options, and a run of the engine with them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from grpc2connect import config as configuration
from grpc2connect import vendor
from grpc2connect.cli import codes
from grpc2connect.cli import target as targets
from grpc2connect.cli.engine import Engine
from grpc2connect.cli.idle import with_idle
from grpc2connect.cli.output import Output
from grpc2connect.cli.stdin import DASH, run_with
from grpc2connect.config import Config, suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.journal import Run, interrupted, progress_of
from grpc2connect.options import Choices, ClientProtocol, Options, PublicApi, RuntimeMode, Serve, Stage
from grpc2connect.report import json_report, ledger, text
from grpc2connect.report.ledger import plural
from grpc2connect.report.paint import shown
from grpc2connect.results import Entry, RunResult
from grpc2connect.sources import search_paths

Command = Callable[..., int]


@dataclass(frozen=True)
class Session:
    """One command at work."""

    engine: Engine
    config: Config
    target: targets.Target
    options: Options
    output: Output
    as_json: bool
    stdin: tuple[Path, bytes] | None = None

    def run(self, choices: Choices | None = None) -> RunResult:
        """The whole result of the engine, before it is narrowed to single files."""
        options = self.options if choices is None else replace(self.options, choices=choices)
        with self.output.progress() as progress:
            if self.stdin is not None:
                path, data = self.stdin
                return run_with(options, {path: data}, lambda these: self.engine.run(these, progress))
            result = self.engine.run(options, progress)
        if options.include and not result.files_seen and self.target.only is None:
            self.output.notes(
                [f"no file here matches {', '.join(options.include)} (--include, or include in the settings)"]
            )
        return with_idle(result, self.config, () if self.target.only else self.target.paths, options)

    def generate(self) -> RunResult:
        """The generated modules alone."""
        with self.output.progress() as progress:
            return self.engine.generate(self.options, progress)

    def debt(self) -> Sequence[Entry]:
        """What migrated code has in the runtime."""
        return self.engine.debt(self.options)

    def finish(
        self,
        command: str,
        result: RunResult,
        code: codes.ExitCode,
        *,
        changed: str,
        to_stderr: bool,
        counted: bool = True,
    ) -> int:
        """Print what `result` says (findings, ledger, the summary line; or JSON) and hand back the exit code.

        A command that counts no references (`counted`) has no ledger.
        """
        self.output.notes(text.error_line(error, result.root, self.output.err) for error in result.errors)
        if self.as_json:
            document = json_report.render(result, command=command, exit_code=code, with_hunks=command == "diff")
            self.output.raw(document.encode())
            return code
        write, paint = (self.output.notes, self.output.err) if to_stderr else (self.output.lines, self.output.out)
        if not counted:
            write([ledger.tally(result, changed)])
        elif self.output.quiet:
            write(ledger.audit_lines(result))
            write([ledger.summary_line(result, changed)])
        else:
            write(text.findings(result, paint))
            write(ledger.render(result, paint, changed))
        return code

    def note_interrupted(self, run: Run) -> None:
        """Say that the last run was interrupted, and what can be done."""
        new, files = progress_of(run)
        self.output.notes(
            [
                f"the {run.command} of {run.started} was interrupted: {new} of its {plural(files, 'file')} "
                f"{'is' if new == 1 else 'are'} written; grpc2connect undo takes it back, migrate finishes it"
            ]
        )

    def note_requirements(self, result: RunResult) -> None:
        """Say what has to be installed where the migrated code runs."""
        if result.changes and self.options.stage.moves and not self.output.quiet and not self.as_json:
            mark = vendor.ENABLES_REFLECTION
            reflects = any(mark in one.after and mark not in one.before for one in result.changes if one.before)
            needed = [*vendor.needed(self.options.runtime), *([vendor.REFLECTION] if reflects else [])]
            names = " ".join(f"'{one}'" for one in needed)
            self.output.notes([f"to run the result, install: {names}"])

    def note_first(self, result: RunResult) -> None:
        """Say before anything is written what the project has to change by itself for the result to run at all."""
        old = [finding for finding in result.findings if finding.code == "G2C921"]
        if result.changes and not self.as_json:
            self.output.notes(text.finding_line(finding, result, self.output.err) for finding in old)

    def note_others(self, narrowed: targets.Focus) -> None:
        """Name the files that were not given and have to change together with those that were."""
        root = narrowed.result.root
        self.output.notes(
            f"{shown(path, root)}: has to change together with the given files; migrate them in one go"
            for path in narrowed.others
        )


stage_option = click.option(
    "--stage",
    type=click.Choice([one.value for one in Stage]),
    default=None,
    help="Only one step: generate, Connect modules beside the stubs; server, what serves; client, what asks; cleanup, "
    "to remove what nothing needs any more. move: server and client in one go, the default.",
)
"""The option of the commands that can take one step of a migration alone."""
side_option = click.option(
    "--stage",
    type=click.Choice([one.value for one in Stage if one.moves]),
    default=None,
    help="Only one step: server, what serves; client, what asks. move: both, the default.",
)
"""The option of the commands that say what a step leaves."""


def project_command(function: Command) -> Command:
    """Give a command the arguments and options that say which project, and what to do with it."""

    @functools.wraps(function)
    def wrapper(**values: Any) -> int:
        shared = {name: values.pop(name) for name in _SHARED}
        shared["stage"] = values.pop("stage", None)
        session = open_session(held(), **shared)
        pending = interrupted(session.target.patch_base)
        if pending is not None:
            session.note_interrupted(pending)
        return function(session, **values)

    decorated: Command = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


@dataclass(frozen=True)
class _EngineHolder:
    engine: Engine
    arguments: tuple[str, ...]


def hold(engine: Engine, arguments: Sequence[str]) -> object:
    """The object that carries `engine`, and the command's arguments, through click's context."""
    return _EngineHolder(engine, tuple(arguments))


def held(context: click.Context | None = None) -> Engine:
    """The engine of the current command, or (in completion, where none is current) of that of a context."""
    return _holder(context).engine


def given() -> tuple[str, ...]:
    """The arguments behind the name of the current command, as they were given."""
    return _holder().arguments[1:]


def _holder(context: click.Context | None = None) -> _EngineHolder:
    holder = (context or click.get_current_context()).find_object(_EngineHolder)
    assert holder is not None
    return holder


def open_session(
    engine: Engine,
    *,
    paths: Sequence[Path] = (),
    runtime: str | None = None,
    client_protocol: str | None = None,
    serve: str | None = None,
    python: Path | None = None,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    unsafe: bool = False,
    native: bool = False,
    stdin_filename: Path | None = None,
    as_json: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    colour: str = "auto",
    explain: tuple[Path, int] | None = None,
    stage: str | None = None,
    connect_port: int | None = None,
    jobs: int | None = None,
) -> Session:
    """The command line's values over those of the configuration over the defaults; all checked."""
    stdin = _stdin(paths, stdin_filename)
    given = [targets.absolute(path) for path in paths] or [Path.cwd()]
    if stdin is not None:
        given = [stdin[0]]
    config = configuration.find(given[0])
    target = targets.resolve(given, config, there=stdin is None)
    python = targets.absolute(python) if python else config.python
    if python is not None and not search_paths(python):
        what = f"{python} is not a virtual environment: it has no site-packages"
        raise Failure(Title.NO_ENVIRONMENT, what, "--python names one, as .venv")
    if config.generated is not None and not config.generated.out.resolve().is_relative_to(target.root.resolve()):
        what = f"{config.path}: generated.out is outside the project"
        raise Failure(Title.CONFIG_INVALID, what, "name a folder in it")
    select, ignore = select or config.select, ignore or config.ignore
    packs = tuple(_absolute_pack(name) for name in rules)
    of_parts = (code for one in config.overrides for code in one.ignore)
    _check_codes((*select, *ignore, *of_parts), engine, packs)
    options = Options(
        root=target.root,
        paths=target.paths,
        include=include or config.include,
        exclude=exclude or config.exclude,
        select=select,
        ignore=ignore,
        runtime=RuntimeMode(runtime) if runtime else config.runtime or RuntimeMode.VENDOR,
        client_protocol=(
            ClientProtocol(client_protocol) if client_protocol else config.client_protocol or ClientProtocol.GRPC
        ),
        serve=Serve(serve) if serve else config.serve or Serve.DUAL,
        python=python,
        generated=config.generated,
        project=target.project,
        explain=explain,
        overrides=config.overrides,
        public=config.public,
        public_api=config.public_api or PublicApi.KEEP,
        rules=packs,
        unsafe=unsafe,
        native=native or config.native,
        stage=Stage(stage) if stage else config.stage or Stage.MOVE,
        connect_port=connect_port or config.connect_port,
        jobs=jobs or config.jobs,
    )
    return Session(engine, config, target, options, Output(colour, quiet=quiet, verbose=verbose), as_json, stdin)


def _stdin(paths: Sequence[Path], name: Path | None) -> tuple[Path, bytes] | None:
    """The file that standard input is in the place of, and what comes from there, if `-` is given."""
    if DASH not in paths:
        if name is not None:
            raise Failure(
                Title.OPTIONS_CLASH, "--stdin-filename goes with `-` for the path", "give `-`, or leave it out"
            )
        return None
    command = click.get_current_context().info_name
    if command not in ("check", "diff"):
        raise Failure(Title.OPTIONS_CLASH, f"{command} does not read standard input", "check and diff do")
    if len(paths) > 1 or name is None:
        raise Failure(
            Title.OPTIONS_CLASH,
            "`-` wants --stdin-filename FILE, and no other paths",
            "say which file standard input is",
        )
    return targets.absolute(name), sys.stdin.buffer.read()


def _absolute_pack(name: str) -> str:
    """A rule pack that is named by a path, by an absolute one: the engine runs elsewhere."""
    return str(targets.absolute(Path(name))) if os.path.exists(name) else name


def _check_codes(prefixes: tuple[str, ...], engine: Engine, packs: tuple[str, ...]) -> None:
    if not prefixes and not packs:
        return
    known = [rule.code for rule in engine.catalogue(packs)]
    for prefix in prefixes:
        if not any(code.startswith(prefix) for code in known):
            raise Failure(Title.UNKNOWN_CODE, f"no rule code starts with {prefix!r}", suggestion(prefix, known))


_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.argument("paths", nargs=-1, type=click.Path(exists=True, allow_dash=True, path_type=Path)),
    click.option("--runtime", type=click.Choice([mode.value for mode in RuntimeMode]), default=None,
                 help="Write the runtime into the project (vendor, the default), or require it (package)."),
    click.option("--client-protocol", type=click.Choice([one.value for one in ClientProtocol]), default=None,
                 help="What migrated clients speak; grpc, the default, also reaches servers that have not moved."),
    click.option("--serve", type=click.Choice([one.value for one in Serve]), default=None,
                 help="dual, the default: grpcio serves a server's ports, Connect has ports of its own; single: one "
                 "port takes all protocols, and serves gRPC clients more slowly."),
    click.option("--connect-port", type=click.IntRange(1, 65535), default=None, metavar="PORT",
                 help="Put this port for Connect clients in where servers are deployed (docs/deployment.md)."),
    click.option("--python", type=click.Path(path_type=Path), default=None, metavar="VENV",
                 help="The project's virtual environment: installed stubs are read there, nothing is run."),
    click.option("--include", multiple=True, metavar="GLOB", help="Only these files; instead of the configured ones."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Not these files; instead of the configured ones."),
    click.option("--select", multiple=True, metavar="CODE", help="Only rules whose code starts so."),
    click.option("--ignore", multiple=True, metavar="CODE", help="No rules whose code starts so."),
    click.option("--rules", multiple=True, metavar="PACK",
                 help="Rules of your own beside the built-in ones: a folder, a package, or its entry point."),
    click.option("--unsafe", is_flag=True,
                 help="Make edits that change what the program does today; `rules` and `explain` say which they are."),
    click.option("--native", is_flag=True,
                 help="Simple clients without the runtime's channel, and without what that does (docs/native.md)."),
    click.option("--stdin-filename", type=click.Path(path_type=Path), default=None, metavar="FILE",
                 help="With `-` for the path (check, diff): standard input is what this file would hold."),
    click.option("--jobs", "-j", type=click.IntRange(min=1), default=None, metavar="N",
                 help="How many processes work at once; by default as many as there are processors, if it pays."),
    click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout."),
    click.option("--quiet", "-q", is_flag=True, help="Only errors and the summary line."),
    click.option("--verbose", "-v", is_flag=True, help="How long each phase took, on stderr."),
    click.option("--color", "colour", type=click.Choice(["auto", "always", "never"]), default="auto",
                 help="auto: on a terminal, unless NO_COLOR is set."),
)  # fmt: skip

_SHARED = (
    "paths", "runtime", "client_protocol", "serve", "connect_port", "python", "include", "exclude", "select", "ignore",
    "rules", "unsafe", "native", "stdin_filename", "jobs", "as_json",
    "quiet", "verbose", "colour",
)  # fmt: skip
