"""Which files a command is about: given folders, or single files whose whole repository has to be looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.config import Config
from grpc2connect.results import FileChange, RunResult
from grpc2connect.sources import is_python, repository_of


@dataclass(frozen=True)
class Target:
    """What was asked for, and what the engine has to see for it.

    `only` is set when single files were given, as pre-commit does: the engine then sees the whole project, since
    a service is spread over files, and results are narrowed to these files afterwards. `project` is the folder that
    the configuration or git says is the whole.
    """

    root: Path
    paths: tuple[Path, ...]
    repository: Path | None
    only: frozenset[Path] | None = None
    project: Path | None = None

    @property
    def patch_base(self) -> Path:
        """The folder that paths in a patch are relative to."""
        return self.repository or self.root


def absolute(path: Path) -> Path:
    """`path` without dots and not resolved: a link keeps its own name."""
    return Path(os.path.abspath(path))


def resolve(given: Sequence[Path], config: Config, *, there: bool = True) -> Target:
    """The target for absolute paths, which exist; or (not `there`) are files to be."""
    folders = [path if path.is_dir() else path.parent for path in given]
    repository = repository_of(folders[0])
    configured = config.path.parent if config.path else None
    root = _holder(folders, configured, repository, Path.cwd()) or Path(os.path.commonpath(folders))
    project = _holder(folders, repository, configured)
    if not there or all(path.is_file() for path in given):
        return Target(root, (root,), repository, frozenset(given), project)
    return Target(root, tuple(given), repository, project=project)


def _holder(folders: Sequence[Path], *candidates: Path | None) -> Path | None:
    """The first candidate that holds all folders."""
    for candidate in candidates:
        if candidate is not None and all(folder.is_relative_to(candidate) for folder in folders):
            return candidate
    return None


@dataclass(frozen=True)
class Focus:
    """A run narrowed to single files.

    `result` keeps what lies in the files and the changes that can be made now; `blocked` are changes in the files
    that must wait, because `others` have to change with them.
    """

    result: RunResult
    blocked: tuple[FileChange, ...] = ()
    others: tuple[Path, ...] = ()


def focus(result: RunResult, only: frozenset[Path] | None) -> Focus:
    """Narrow `result` to the files `only`; a service whose files are not all given does not move."""
    if only is None:
        return Focus(result)
    writable: list[FileChange] = []
    blocked: list[FileChange] = []
    others: list[Path] = []
    shared: list[FileChange] = []
    for group in groups(result.changes):
        inside = [change for change in group if change.path in only]
        outside = [change.path for change in group if change.path not in only and change.before is not None]
        if not is_python(group[0].path) or (not inside and not group[0].units and group[0].before is None):
            # What is of no service (the runtime, requirements) comes with whatever moves, and never alone.
            shared += group
        elif not inside:
            continue
        elif outside:
            blocked += inside
            others += outside
        else:
            writable += group
    moved = {id(change) for change in (*writable, *(shared if writable else ()))}
    return Focus(
        replace(
            result,
            changes=tuple(change for change in result.changes if id(change) in moved),
            ledger=tuple(entry for entry in result.ledger if entry.place.path in only),
            findings=tuple(finding for finding in result.findings if finding.place.path in only),
            errors=tuple(error for error in result.errors if error.path in only),
            suppressed=tuple(one for one in result.suppressed if one.place.path in only),
        ),
        tuple(blocked),
        tuple(sorted(set(others))),
    )


def groups(changes: Iterable[FileChange]) -> list[list[FileChange]]:
    """The changes that have to be made together: those connected through the services they belong to."""
    groups: list[tuple[set[str], list[FileChange]]] = []
    for change in changes:
        units, members = set(change.units), [change]
        apart = []
        for group in groups:
            if group[0] & units:
                units |= group[0]
                members = group[1] + members
            else:
                apart.append(group)
        groups = [*apart, (units, members)]
    return [members for _, members in groups]
