"""Settings that hold for a part of the project only, and lines that say themselves that they stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from grpc2connect.facts.reference import Reference
from grpc2connect.options import Options, Override, Serve

_HOLD = re.compile(r"#\s*g2c:\s*hold\b[\s:]*(.*)")


class Overrides:
    """What the settings of a run say of one reference."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._matches = lru_cache(maxsize=None)(self._match)

    def wanted(self, reference: Reference, code: str) -> bool:
        """Whether a rule is switched on for a reference."""
        select, ignore = self._options.select, self._options.ignore
        if (select and not code.startswith(select)) or (ignore and code.startswith(ignore)):
            return False
        return not any(one.ignore and code.startswith(one.ignore) for one in self._about(reference))

    def serve(self, reference: Reference) -> Serve:
        """What serves the ports of the server that a reference is about; the last override that says so counts."""
        found = [one.serve for one in self._about(reference) if one.serve is not None]
        return found[-1] if found else self._options.serve

    def held(self, references: Iterable[Reference]) -> dict[str, str]:
        """The services (full names), and files without any, that are to stay on gRPC, with the reasons.

        A comment `# g2c: hold REASON` on the line of a reference holds its services as well.
        """
        held: dict[str, str] = {}
        for reference in references:
            reasons = [one.hold for one in self._about(reference) if one.hold]
            reason = reasons[0] if reasons else _held_by_comment(reference)
            if reason:
                named = [service.full_name for service in reference.units if service.name]
                held.update(dict.fromkeys(named or [str(reference.module.path)], reason))
        return held

    def _about(self, reference: Reference) -> Iterator[Override]:
        for one in self._options.overrides:
            if one.path and not self._matches(one.path, reference.module.path):
                continue
            names = [service.full_name for service in reference.units]
            if one.service and not any(fnmatchcase(name, pattern) for name in names for pattern in one.service):
                continue
            yield one

    def _match(self, patterns: tuple[str, ...], path: Path) -> bool:
        from pathspec import GitIgnoreSpec

        root = self._options.root
        name = path.relative_to(root) if path.is_relative_to(root) else path
        return GitIgnoreSpec.from_lines(patterns).match_file(name.as_posix())


def _held_by_comment(reference: Reference) -> str:
    module = reference.module
    if "g2c:" not in module.text:
        return ""
    line = module.line_span(module.line_of(module.span(reference.node).start))
    for comment in module.comments:
        found = _HOLD.match(comment.text) if line.start <= comment.span.start < line.end else None
        if found:
            return found[1].strip() or "a comment there says so"
    return ""
