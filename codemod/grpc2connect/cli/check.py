"""`grpc2connect check`: does gRPC remain?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import click

from grpc2connect.cli import baseline, codes
from grpc2connect.cli.parts import wished_part
from grpc2connect.cli.session import Session, project_command, usage
from grpc2connect.cli.target import Focus, absolute, focus
from grpc2connect.report import shards, text
from grpc2connect.report.ledger import plural
from grpc2connect.report.paint import shown
from grpc2connect.results import FileChange


@click.command(short_help="Fail if gRPC references remain; for CI and pre-commit.", epilog=codes.HELP)
@project_command
@click.option("--baseline", "baseline_path", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Allow what this file counts; instead of the configured one.")  # fmt: skip
@click.option("--update-baseline", is_flag=True, help="Write the baseline from what remains now.")
@click.option("--shard", default=None, metavar="I/N", help="Judge part I of N; each service is whole in one part.")
def check(session: Session, *, baseline_path: Path | None, update_baseline: bool, shard: str | None) -> int:
    """Fail if gRPC references remain: left, or in files that would change; beyond the baseline, if there is one.

    Given single files, as by pre-commit, only these are judged; others that would have to change are named.
    """
    path = absolute(baseline_path) if baseline_path else session.config.baseline
    part = wished_part(shard)
    if update_baseline:
        if part is not None:
            usage("--update-baseline needs the whole; leave out --shard")
        return _update(session, path)
    allowed = baseline.load(path) if path else Counter[baseline.Key]()
    narrowed = focus(session.run(), session.target.only)
    counted = baseline.count(narrowed.result, narrowed.blocked)
    excess = baseline.beyond(counted, allowed)
    if part is not None:  # counted in the whole, since a file can be in several parts
        narrowed = replace(narrowed, result=shards.part(narrowed.result, part))
        mine = baseline.count(narrowed.result, narrowed.blocked)
        excess = {key: number for key, number in excess.items() if key in mine}
    code = codes.of(narrowed.result, remains=bool(excess))
    if not session.as_json:
        _print(session, narrowed, excess, allowed, counted)
    session.note_others(narrowed)
    return session.finish("check", narrowed.result, code, changed="would change", to_stderr=False)


def _print(
    session: Session,
    narrowed: Focus,
    excess: dict[baseline.Key, int],
    allowed: Counter[baseline.Key],
    counted: Counter[baseline.Key],
) -> None:
    result, paint = narrowed.result, session.output.out
    for entry in sorted(baseline.remaining(result, narrowed.blocked), key=lambda one: one.place):
        if (shown(entry.place.path, result.root), entry.code) in excess:
            session.output.lines([text.entry_line(entry, result, paint)])
    for (path, code), number in excess.items():
        if code == baseline.CHANGED:
            session.output.lines([f"{path}: would change"])
        elif allowed[path, code]:
            session.output.lines([f"{path}: {number} of {code} remain, the baseline allows {allowed[path, code]}"])
    paid = sum((allowed - counted).values())
    if paid and session.target.only is None:
        session.output.notes(
            [f"{plural(paid, 'reference')} less than the baseline: check --update-baseline keeps it so"]
        )


def _update(session: Session, path: Path | None) -> int:
    if path is None:
        usage("--update-baseline needs --baseline FILE, or baseline = in [tool.grpc2connect]")
    if session.target.only is not None:
        usage("--update-baseline needs the whole project; give a folder, or nothing")
    result = session.run()
    counted = baseline.count(result)
    before = path.read_bytes() if path.exists() else None
    failed = session.engine.write([FileChange(path, before, baseline.dump(counted))])
    if failed:
        usage(str(failed[0]))
    if not session.as_json:
        session.output.lines([f"wrote {shown(path, result.root)}: {plural(counted.total(), 'reference')}"])
    return session.finish("check", result, codes.of(result), changed="would change", to_stderr=False)
