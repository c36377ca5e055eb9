"""`grpc2connect check`: does gRPC remain?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from grpc2connect.cli import baseline, codes
from grpc2connect.cli.baseline import Baseline, Key
from grpc2connect.cli.engine import Watch
from grpc2connect.cli.help import Command
from grpc2connect.cli.parts import wished_part
from grpc2connect.cli.remaining import CHANGED, FailOn, Remaining, remaining, settled
from grpc2connect.cli.session import Session, given, held, project_command, side_option
from grpc2connect.cli.target import absolute, focus
from grpc2connect.codes import CODES
from grpc2connect.errors import Failure, Title
from grpc2connect.report import shards, text
from grpc2connect.report.ledger import plural
from grpc2connect.report.paint import one_line, shown
from grpc2connect.results import Entry, FileChange, FileError, RunResult, State
from grpc2connect.sources import Source, is_notebook, read


@click.command(cls=Command, short_help="Fail if gRPC references remain; for CI and pre-commit.", epilog=codes.HELP)
@project_command
@side_option
@click.option("--fail-on", type=click.Choice([one.value for one in FailOn]), default=FailOn.NEW.value,
              show_default=True, help="new: what remains beyond the baseline; any: whatever the baseline allows; left: "
              "only what cannot move, beyond the baseline; bridged: also what runs through the runtime.")  # fmt: skip
@click.option("--baseline", "baseline_path", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Allow what this file lists; instead of the configured one.")  # fmt: skip
@click.option("--update-baseline", is_flag=True, help="Write the baseline from what remains now; it only shrinks.")
@click.option("--allow-growth", default=None, metavar="REASON",
              help="With --update-baseline: let in what is new, with this reason behind each line.")  # fmt: skip
@click.option("--shard", default=None, metavar="I/N", help="Judge part I of N; each service is whole in one part.")
def check(
    session: Session,
    *,
    fail_on: str,
    baseline_path: Path | None,
    update_baseline: bool,
    allow_growth: str | None,
    shard: str | None,
) -> int:
    """Fail if gRPC references remain: left, or in files that would change; beyond the baseline, if there is one.

    Given single files, as by pre-commit, only these are judged; others that would have to change are named.
    """
    judge = FailOn(fail_on)
    path = absolute(baseline_path) if baseline_path else session.config.baseline
    if allow_growth is not None and not (update_baseline and allow_growth.strip()):
        raise Failure(
            Title.OPTIONS_CLASH,
            "--allow-growth goes with --update-baseline",
            "give both, with a reason that is not empty",
        )
    part = wished_part(shard)
    if update_baseline:
        if part is not None:
            raise Failure(Title.OPTIONS_CLASH, "--update-baseline needs the whole", "leave out --shard")
        return _update(session, path, judge, allow_growth)
    allowed = baseline.load(path) if path and judge is not FailOn.ANY else Baseline()
    watch = None if session.as_json or session.stdin or part is not None else _watch(session, [path] if path else [])
    whole = session.run()
    if watch is not None:
        _remember(
            watch,
            whole,
            remaining(focus(whole, None), judge, session.debt() if judge is FailOn.BRIDGED else ()),
            allowed,
            judge,
        )
    narrowed = focus(whole, session.target.only)
    there = remaining(narrowed, judge, _debt(session, judge))
    excess = allowed.beyond(there.counted, narrowed.result.root)
    if part is not None:  # the baseline is counted in the whole, since a file can be in several parts
        narrowed = replace(narrowed, result=shards.part(narrowed.result, part))
        mine = remaining(narrowed, judge, _debt(session, judge)).counted
        excess = Counter({key: number for key, number in excess.items() if key in mine})
    code = codes.of(narrowed.result, remains=bool(excess))
    if not session.as_json:
        _print(session, narrowed.result, there, excess, known=bool(allowed.allowed))
        # With `left` the baseline may hold what can move: that is paid off when it has moved.
        owed = remaining(narrowed, FailOn.NEW) if judge is FailOn.LEFT else there
        paid = allowed.paid(owed.counted) if session.target.only is None and part is None and not excess else 0
        if paid:
            session.output.notes(
                [f"{plural(paid, 'reference')} less than the baseline: check --update-baseline keeps it so"]
            )
    suppressed = sum(one.reference for one in narrowed.result.suppressed)
    if suppressed and not session.as_json:
        session.output.notes([f"{plural(suppressed, 'reference')} not judged, by `g2c: ignore` comments"])
    if excess:
        session.note_others(narrowed)
    return session.finish("check", narrowed.result, code, changed="would change", to_stderr=False)


def _debt(session: Session, judge: FailOn) -> tuple[Entry, ...]:
    """What migrated code has in the runtime, where that is asked for, in the files that are judged."""
    only = session.target.only
    owed = session.debt() if judge is FailOn.BRIDGED else ()
    return tuple(entry for entry in owed if only is None or entry.place.path in only)


def _watch(session: Session, settings: Sequence[Path]) -> Watch | None:
    """The way to remember this check for hooks: they have these options, in this folder, and files behind them."""
    only, arguments = session.target.only, given()
    files = len(only or ())
    if session.options.paths != (session.target.root,) or (only is None and len(session.target.paths) > 1):
        return None
    options = arguments[: len(arguments) - files] if files else arguments
    if {absolute(Path(one)) for one in arguments[len(options) :]} != (only or set()):
        return None
    return session.engine.watch(session.options, options, settings)


def _remember(watch: Watch, whole: RunResult, there: Remaining, allowed: Baseline, judge: FailOn) -> None:
    excess = allowed.beyond(there.counted, whole.root)
    # What migrated code has in the runtime is not among what the engine finds.
    sure = frozenset[Path]() if judge is FailOn.BRIDGED else settled(whole, there)
    watch(whole, {whole.root / key.path for key in excess}, sure)


def _print(session: Session, result: RunResult, there: Remaining, excess: Counter[Key], *, known: bool) -> None:
    """Each reference with its line; then, once for each rule, what it says and what to do."""
    if session.output.quiet:
        return
    out, paint = session.output, session.output.out
    entries = there.of(excess)
    lines = _Lines()
    for entry in entries:
        out.lines([text.entry_line(entry, result, paint)])
        out.lines(f"    {paint.dim(line)}" for line in lines.at(entry))
    out.lines(f"{key.path}: would change" for key in sorted(excess) if key.code == CHANGED)
    if entries:
        what = "new: not in the baseline" if known else "remains" if len(entries) == 1 else "remain"
        out.lines(["", paint.bold(f"{plural(len(entries), 'reference')} {what}")])
        out.lines(_advice(entries, result, session))
        out.lines([""])


def _advice(entries: Iterable[Entry], result: RunResult, session: Session) -> Iterator[str]:
    """What each rule says, how many are here, and what to do about them."""
    titles = {rule.code: rule.title for rule in held().catalogue(session.options.rules)} | CODES
    by_code: dict[str, list[Entry]] = {}
    for entry in entries:
        by_code.setdefault(entry.code, []).append(entry)
    for code, group in sorted(by_code.items()):
        first = group[0].place
        where = f"{shown(first.path, result.root)}:{first.line}"
        yield f"{session.output.out.mark(code)} ({len(group)}) {one_line(titles.get(code, ''))}"
        if any(entry.state is State.LEFT for entry in group):
            yield f"    some are left on gRPC: `grpc2connect explain {where}` says what holds them and what to do"
        elif code == "G2C022":
            yield "    go on to the native form, which the docstring of the runtime's name has"
        else:
            yield f"    `grpc2connect migrate` moves them; `grpc2connect explain {code}` shows how"


class _Lines:
    """The source lines of references; each file is read once."""

    def __init__(self) -> None:
        self._files: dict[Path, list[str]] = {}
        self._notebooks: dict[Path, Source | FileError] = {}

    def at(self, entry: Entry) -> list[str]:
        """The line, or nothing where it cannot be had."""
        path = entry.place.path
        if is_notebook(path):
            if path not in self._notebooks:
                self._notebooks[path] = read(path)
            source = self._notebooks[path]
            book = source.notebook if isinstance(source, Source) else None
            return [one_line(book.line_at(entry.place.line, entry.place.column))] if book else []
        if path not in self._files:
            try:
                self._files[path] = path.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                self._files[path] = []
        lines = self._files[path]
        return [one_line(lines[entry.place.line - 1])] if entry.place.line <= len(lines) else []


def _update(session: Session, path: Path | None, judge: FailOn, reason: str | None) -> int:
    if path is None:
        where = "baseline = in [tool.grpc2connect]"
        raise Failure(Title.OPTIONS_CLASH, "--update-baseline needs --baseline FILE", f"add it, or {where}")
    if session.target.only is not None:
        raise Failure(Title.OPTIONS_CLASH, "--update-baseline needs the whole project", "give a folder, or nothing")
    before = path.read_bytes() if path.exists() else None
    old = baseline.load(path) if before is not None else None
    narrowed = focus(session.run(), None)
    result = narrowed.result
    there = remaining(narrowed, judge, _debt(session, judge))
    excess = old.beyond(there.counted, result.root) if old is not None else Counter[Key]()
    if result.errors:
        # A file that could not be read has lost its references for now; to forget them would let them back in as new.
        why = "the baseline is not written, because some files could not be looked at"
        session.output.error(Failure(Title.BASELINE_NOT_WRITTEN, why, "correct or exclude these, then run again"))
        return session.finish("check", result, codes.of(result), changed="would change", to_stderr=False)
    if excess and reason is None:
        if not session.as_json:
            _print(session, result, there, excess, known=True)
        what = f"the baseline does not grow by {plural(excess.total(), 'reference')} of itself"
        session.output.error(Failure(Title.BASELINE_GROWS, what, "migrate them, or pass --allow-growth REASON"))
        return session.finish("check", result, codes.of(result, remains=True), changed="would change", to_stderr=False)
    new = (old or Baseline()).now(there.counted, excess, reason or "")
    failed = session.engine.write([FileChange(path, before, new.render())])
    if failed:
        raise Failure(Title.OUTPUT_NOT_WRITTEN, f"{path}: {failed[0].message}", failed[0].advice)
    if not session.as_json:
        session.output.lines([f"wrote {shown(path, result.root)}: {_size(old, new, excess)}"])
    return session.finish("check", result, codes.of(result), changed="would change", to_stderr=False)


def _references(keys: Counter[Key]) -> int:
    return sum(number for key, number in keys.items() if key.code != CHANGED)


def _size(old: Baseline | None, new: Baseline, excess: Counter[Key]) -> str:
    """What has become of the baseline, in references."""
    there, grown = _references(new.allowed), _references(excess)
    size = plural(there, "reference")
    if old is None:
        return size
    paid = _references(old.allowed) + grown - there
    return f"{size}, {paid} fewer" + (f", {grown} more" if grown else "")
