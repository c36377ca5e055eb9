"""Images and containers that take the project's code along folder by folder: a vendored runtime has to come with it.

Source: the Dockerfile reference (`COPY`, `ADD`) and the Compose specification (`volumes`).
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grpc2connect import vendor
from grpc2connect.project.deployment import compose, dockerfile
from grpc2connect.project.deployment import yaml_nodes as y
from grpc2connect.project.scripts_in_files import kind_of
from grpc2connect.project.texts import Malformed
from grpc2connect.results import FileChange, FileError, Finding, Place, Severity
from grpc2connect.sources import read

CODE = "G2C902"
_MARK = vendor.PACKAGE.encode()


@dataclass(frozen=True)
class Taken:
    """A file or folder of the project (its name may have stars) that is copied, or mounted, to a place; and where."""

    source: str
    target: str
    line: int

    def covers(self, path: Path) -> bool:
        """Whether a file of the project, or a folder, comes along with this."""
        wanted = Path(self.source).parts
        return len(path.parts) >= len(wanted) and all(map(fnmatch.fnmatchcase, path.parts, wanted))


def left_behind(changes: Iterable[FileChange], files: Iterable[Path]) -> list[Finding]:
    """A finding for each Dockerfile and each service of compose that takes code along, but not its new runtime."""
    changed = list(changes)
    homes = [
        change.path.parents[1]
        for change in changed
        if change.before is None and change.path.parts[-2:] == (vendor.PACKAGE, "__init__.py")
    ]
    users = [one.path for one in changed if _MARK in one.after and vendor.PACKAGE not in one.path.parts]
    found: list[Finding] = []
    for path in files if homes and users else ():
        kind = kind_of(path)
        if kind == "docker":
            found += _of_dockerfile(path, homes, users)
        elif kind == "yaml" and "compose" in path.name:
            found += _of_compose(path, homes, users)
    return found


def _of_dockerfile(path: Path, homes: list[Path], users: list[Path]) -> Iterator[Finding]:
    context, copied = _copied(path)
    line = _line_without(copied, homes, users)
    if not line:
        return
    inside = [home for home in homes if home.is_relative_to(context)]
    told = [f"add `COPY {_relative(home, context)} {to}`" for home in inside if (to := _target(copied, home))]
    message = f"what is copied into this image imports {vendor.PACKAGE}, which is not copied"
    advice = f"{told[0] if told else 'copy it beside what imports it'}, or migrate with --runtime package"
    yield Finding(CODE, Place(path, line, 1), message, advice, Severity.WARNING)


def _of_compose(path: Path, homes: list[Path], users: list[Path]) -> Iterator[Finding]:
    source = read(path)
    try:
        documents = [] if isinstance(source, FileError) else y.documents(source.text)
    except Malformed:
        return
    for document in documents:
        built = {one.names[0]: one for one in compose.builds(path, document)}
        for name, _, service in y.pairs(y.get(document, "services")):
            mounted = list(_mounted(path.parent, service))
            copied = _copied(built[name].dockerfile, built[name].context)[1] if name in built else []
            if not any(one.covers(user) for one in mounted for user in users):
                continue
            line = _line_without([*copied, *mounted], homes, users)
            if line:
                told = [f"- ./{_relative(home, path.parent)}:{to}" for home in homes if (to := _target(mounted, home))]
                message = f"what is mounted into this container imports {vendor.PACKAGE}, which is not mounted"
                how = f"add `{told[0]}` to its volumes" if told else "mount it beside what imports it"
                advice = f"{how}, or migrate with --runtime package"
                yield Finding(CODE, Place(path, line, 1), message, advice, Severity.WARNING)


def _line_without(taken: list[Taken], homes: list[Path], users: list[Path]) -> int:
    """The line that takes along what imports the runtime, if none takes the runtime; else 0."""
    lines = [one.line for one in taken if any(map(one.covers, users))]
    comes = any(one.covers(home / vendor.PACKAGE) for one in taken for home in homes)
    return lines[-1] if lines and not comes else 0


def _copied(path: Path, context: Path | None = None) -> tuple[Path, list[Taken]]:
    """The folder that a Dockerfile is built in, as far as that shows, and what it copies from there."""
    source = read(path)
    try:
        every = [] if isinstance(source, FileError) else dockerfile.instructions(source.text)
    except Malformed:
        every = []
    known = {name: value for name, value in dockerfile.variables_of(every).items() if value}
    words = [
        (one.last, [*(dockerfile.expand(name, known) for name in given[:-1]), *given[-1:]])
        for one in every
        if one.word in ("COPY", "ADD") and "--from=" not in one.flags and "<<" not in one.arguments
        and (given := dockerfile.command_words(one.arguments))
    ]  # fmt: skip
    names = [name for _, given in words for name in given[:-1]]
    around = [context] if context is not None else list(path.parents)
    chosen = max(around, key=lambda folder: (sum(_is_there(folder, name) for name in names), len(folder.parts)))
    return chosen, [
        Taken(os.path.normpath(chosen / name.lstrip("/")), given[-1], line)
        for line, given in words
        for name in given[:-1]
    ]


def _is_there(folder: Path, name: str) -> bool:
    return "*" not in name and name.strip("./") != "" and os.path.exists(folder / name.lstrip("/"))


def _mounted(folder: Path, service: y.Node) -> Iterator[Taken]:
    for item in y.items(y.get(service, "volumes")):
        short = y.text_of(item).split(":")
        source = short[0] if len(short) > 1 else y.text_of(y.get(item, "source"))
        target = short[1] if len(short) > 1 else y.text_of(y.get(item, "target"))
        if source.startswith(".") and target:
            yield Taken(os.path.normpath(folder / source), target, y.place(item)[0])


def _target(taken: list[Taken], home: Path) -> str:
    """Where the runtime has to go, by where something goes that lies beside it; empty if nothing does."""
    for one in taken:
        source, last = Path(one.source), os.path.basename(one.target)
        folder, named = os.path.split(one.target.rstrip("/"))
        if source.parent == home and named == source.name:
            return os.path.join(folder, vendor.PACKAGE)
        if source.parent == home and source.suffix and (last in ("", ".") or "*" in source.name):
            return f"{one.target.rstrip('/')}/{vendor.PACKAGE}"
    return ""


def _relative(home: Path, folder: Path) -> str:
    return Path(os.path.relpath(home / vendor.PACKAGE, folder)).as_posix()
