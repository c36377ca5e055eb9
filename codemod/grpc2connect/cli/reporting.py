"""From a session to the document that `report` shows: run or merged, with owners, rules and lines, and narrowed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grpc2connect.cli import codes
from grpc2connect.cli.engine import RuleInfo
from grpc2connect.cli.parts import wished_part
from grpc2connect.cli.session import Session
from grpc2connect.cli.target import absolute, focus
from grpc2connect.codes import CODES, FAMILY
from grpc2connect.config import suggestion
from grpc2connect.errors import Failure, Title
from grpc2connect.report import merging, narrowing, shards
from grpc2connect.report.document import Document, Narrowing, Rule
from grpc2connect.report.json_report import Surroundings, document
from grpc2connect.report.ledger import NO_UNIT
from grpc2connect.report.places import from_top
from grpc2connect.sources import codeowners, git, read
from grpc2connect.sources.content import Source

_LINES = re.compile(r"\r\n|\r|\n")
"""What ends a line for Python's own parser, which lines are counted by; not a form feed."""


@dataclass(frozen=True)
class Wishes:
    """What part of a report is asked for, and by whose list of owners."""

    units: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    since: str | None = None
    shard: str | None = None
    codeowners: Path | None = None


def reported(session: Session, wishes: Wishes) -> Document:
    """The report of a run, narrowed to what is asked for."""
    part = wished_part(wishes.shard)
    changed = _changed(session, wishes.since)
    owners = _owners(session, wishes.codeowners)
    result = focus(session.run(), session.target.only).result
    made = document(
        result,
        command="report",
        exit_code=int(codes.of(result)),
        surroundings=Surroundings(
            owners=owners,
            rules=rules_by_code(session.engine.catalogue(session.options.rules)),
            repository_path=_below_top(session),
            revision=git.revision(session.target.root),
            moved=session.engine.moved(session.options),
        ),
    )
    whole = made
    if part is not None:
        keep = shards.keeper(part, (row["units"] for row in made["references"]))
        mine = [name for name in sorted(narrowing.units_of(made)) if name == NO_UNIT or keep("", [name])]
        made = narrowing.narrowed(made, keep, {"shard": str(part), "shard_units": mine})
    made = _narrowed(whole, made, wishes, changed)
    return narrowing.with_excerpts(made, _reader(session.target.root))


def merged(session: Session, wishes: Wishes) -> Document:
    """The report of all the parts that the session's paths name, narrowed to what is asked for."""
    if wishes.shard is not None or wishes.codeowners is not None:
        raise Failure(Title.OPTIONS_CLASH, "--merge takes parts as they are", "leave out --shard and --codeowners")
    if session.target.only is None:
        raise Failure(
            Title.OPTIONS_CLASH,
            "--merge needs the JSON reports of all parts",
            "name them: report --merge 1.json 2.json",
        )
    made = merging.merge([(path, merging.load(path)) for path in sorted(session.target.only)])
    return _narrowed(made, made, wishes, _changed(session, wishes.since))


def _narrowed(whole: Document, made: Document, wishes: Wishes, changed: frozenset[str] | None) -> Document:
    """`made` with what is asked for; what there is to ask for is in the `whole`, of which it may be a part."""
    known = narrowing.units_of(whole)
    units, unknown = narrowing.resolved(wishes.units, known)
    if unknown:
        what = f"no reference belongs to a service {unknown[0]!r}"
        raise Failure(Title.UNKNOWN_SERVICE, what, suggestion(unknown[0], known))
    if wishes.owners:
        names = {owner["name"] for owner in whole.get("owners", [])}
        for name in wishes.owners:
            if name not in names:
                step = suggestion(name, names) if names else "write a CODEOWNERS, or name one with --codeowners"
                raise Failure(Title.UNKNOWN_OWNER, f"nothing here is owned by {name!r}", step)
    matches = _matcher(wishes.globs)
    if not (units or wishes.globs or wishes.owners or changed is not None):
        return made

    def keep(path: str, names: Sequence[str]) -> bool:
        if units and not set(names or [NO_UNIT]) & set(units):
            return False
        return matches(path) and (changed is None or from_top(made, path) in changed)

    shown: Narrowing = {}
    if units:
        shown["units"] = units
    if wishes.globs:
        shown["paths"] = list(wishes.globs)
    if wishes.owners:
        shown["owners"] = list(wishes.owners)
    if wishes.since is not None:
        shown["since"] = wishes.since
    return narrowing.narrowed(made, keep, shown, owners=wishes.owners)


def _changed(session: Session, since: str | None) -> frozenset[str] | None:
    if since is None:
        return None
    found = git.changed_since(session.target.root, since)
    if found is None:
        what = f"--since {since}: no such revision in the git repository of {session.target.root}"
        raise Failure(Title.UNKNOWN_REVISION, what, "name a branch, tag or commit; in CI, fetch the history")
    return frozenset(found)


def _matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    if not globs:
        return lambda path: True
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(globs)
    return cache(lambda path: spec.match_file(path))


def _owners(session: Session, named: Path | None) -> Callable[[str], tuple[str, ...]] | None:
    """Who owns a path of the report; None where nobody says."""
    repository = session.target.repository
    path = absolute(named) if named else codeowners.find(repository) if repository else None
    if path is None:
        return None
    try:
        owners = codeowners.load(path)
    except OSError as problem:
        what = f"{path}: cannot be read: {problem.strerror}"
        raise Failure(Title.CODEOWNERS_UNREADABLE, what, "name another with --codeowners") from None
    session.output.notes(codeowners.problems(path, owners))
    below = _below_top(session)
    return lambda shown: owners.of(f"{below}/{shown}" if below else shown)


def _below_top(session: Session) -> str:
    top, root = session.target.repository, session.target.root
    if top is None or not root.is_relative_to(top) or root == top:
        return ""
    return Path(os.path.relpath(root, top)).as_posix()


def rules_by_code(catalogue: Sequence[RuleInfo]) -> dict[str, Rule]:
    """What reports say of rules: those of `catalogue`, and the engine's own codes."""
    engine: dict[str, Rule] = {
        code: {
            "code": code,
            "title": text.rstrip("."),
            "family": FAMILY,
            "documentation": f"{code}: {text}",
            "page": f"{FAMILY}.md",
        }
        for code, text in CODES.items()
    }
    together: dict[tuple[str, str], list[str]] = {}
    for rule in catalogue:
        together.setdefault((rule.family, rule.documentation), []).append(rule.code.lower())
    rules: dict[str, Rule] = {
        rule.code: {
            "code": rule.code,
            "title": rule.title,
            "family": rule.family,
            "documentation": rule.documentation,
            # Rules of one text stand under one heading there.
            "page": f"{rule.family.replace(' ', '-')}.md#{'-'.join(together[rule.family, rule.documentation])}",
        }
        for rule in catalogue
    }
    return engine | rules


def _reader(root: Path) -> Callable[[str], Sequence[str]]:
    def lines(path: str) -> Sequence[str]:
        source = read(root / path)
        return _LINES.split(source.own_text) if isinstance(source, Source) else ()

    return lines
