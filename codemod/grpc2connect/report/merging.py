"""The parts of one run put together again: what `--shard` divided, as if it had never been."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from grpc2connect.errors import Failure, Title
from grpc2connect.report.document import SCHEMA_VERSION, Document, Excerpt
from grpc2connect.report.fingerprints import order
from grpc2connect.report.narrowing import runs
from grpc2connect.report.shape import WrongShape, check
from grpc2connect.report.shards import Shard, parse
from grpc2connect.report.sums import summed

_Row = TypeVar("_Row", bound=Any)


class CannotMerge(Failure):
    """Why reports cannot be put together."""

    def __init__(self, path: Path, cause: str, step: str) -> None:
        super().__init__(Title.CANNOT_MERGE, f"{path}: {cause}", step)


def load(path: Path) -> Document:
    """The report in a file, checked; raises `CannotMerge`."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as problem:
        raise CannotMerge(path, f"cannot be read: {problem.strerror}", "make it readable") from problem
    except (ValueError, RecursionError) as problem:
        raise CannotMerge(path, "no JSON", "write it with report --format json") from problem
    if isinstance(data, dict) and data.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        version = data["schema_version"]
        raise CannotMerge(
            path, f"schema version {version!r} is not {SCHEMA_VERSION}", "write it with this grpc2connect"
        )
    try:
        check(data, Document)
    except WrongShape as problem:
        raise CannotMerge(path, f"no report ({problem})", "write it with report --format json") from None
    return cast(Document, data)


def merge(reports: Sequence[tuple[Path, Document]]) -> Document:
    """One report of all the parts of a run; one report alone is handed back. Raises `CannotMerge`."""
    (first_path, first), *others = reports
    for path, other in reports:
        if "run" not in other:
            raise CannotMerge(path, f"made by {other['command']} --json", "make it with report --format json")
    for path, other in others:
        for what in ("tool", "run"):
            if first[what] != other[what]:
                raise CannotMerge(path, f"of another {what} than {first_path}", "parts have to be of one run")
        if _narrowed_by(first) != _narrowed_by(other):
            raise CannotMerge(path, f"narrowed otherwise than {first_path}", "only --shard may differ")
    if not others and "shard" not in first.get("shown", {}):
        return first
    _complete(reports)
    documents = [document for _, document in reports]
    made = Document(**first)
    made["references"] = _rows(document["references"] for document in documents)
    made["findings"] = _rows(document["findings"] for document in documents)
    made["suppressed"] = _rows(document["suppressed"] for document in documents)
    made["errors"] = _rows(document["errors"] for document in documents)
    changes = {row["path"]: row for document in documents for row in document["changes"]}
    made["changes"] = [changes[path] for path in sorted(changes)]
    rules = {rule["code"]: rule for document in documents for rule in document.get("rules", ())}
    if any("rules" in document for document in documents):
        made["rules"] = [rules[code] for code in sorted(rules)]
    if any("excerpts" in document for document in documents):
        made["excerpts"] = _excerpts(documents)
    shown = _narrowed_by(first)
    made["shown"] = shown
    if not shown:
        del made["shown"]
    return summed(made)


def _narrowed_by(document: Document) -> Any:
    return {key: value for key, value in document.get("shown", {}).items() if key not in ("shard", "shard_units")}


def _complete(reports: Sequence[tuple[Path, Document]]) -> None:
    """Raise unless the reports are all the parts of a division, each once."""
    found: dict[int, Path] = {}
    of = 0
    for path, document in reports:
        try:
            shard: Shard = parse(document.get("shown", {}).get("shard", ""))
        except ValueError:
            raise CannotMerge(path, "not made with --shard", "there is nothing to merge it with") from None
        if of not in (0, shard.of):
            raise CannotMerge(path, f"part {shard}, but others are of {of}", "give the parts of one division")
        of = shard.of
        if shard.index in found:
            raise CannotMerge(path, f"part {shard}, as is {found[shard.index]}", "give each part once")
        found[shard.index] = path
    missing = [f"{index}/{of}" for index in range(1, of + 1) if index not in found]
    if missing:
        raise CannotMerge(reports[0][0], f"one of {of} parts; missing: {', '.join(missing)}", "give them all")


def _rows(parts: Iterable[list[_Row]]) -> list[_Row]:
    """All rows, each once, in the order of their places."""
    by_name = {row["fingerprint"]: row for rows in parts for row in rows}
    return sorted(by_name.values(), key=order)


def _excerpts(documents: Iterable[Document]) -> dict[str, list[Excerpt]]:
    texts: dict[str, dict[int, str]] = {}
    for document in documents:
        for path, excerpts in document.get("excerpts", {}).items():
            for excerpt in excerpts:
                texts.setdefault(path, {}).update(enumerate(excerpt["lines"], excerpt["line"]))
    return {path: runs(texts[path]) for path in sorted(texts)}
