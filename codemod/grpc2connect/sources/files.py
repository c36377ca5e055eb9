"""Which files a run is about: Python, notebooks and proto files below the given paths, without what git ignores."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.options import Options
from grpc2connect.results import FileError
from grpc2connect.sources import git

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".py", ".pyw", ".proto", ".ipynb")
SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", "site-packages", ".tox", ".nox", ".eggs"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pypackages__", ".ipynb_checkpoints"}
)
"""Folders that are never entered, wherever they are; a folder with a `pyvenv.cfg` is not entered either."""

GENERATED = ("_pb2.py", "_pb2_grpc.py")
"""How files end that count although git ignores them: many projects build their stubs and do not check them in."""
BUILT = frozenset({"build", "dist", "_build", "bazel-bin", "bazel-out"})
"""Ignored folders that hold copies of sources."""

Wanted = Callable[[Path, Path], bool]
Named = Callable[[str], bool]


def is_source(name: str) -> bool:
    """Whether a file is Python's, a notebook or a proto, by its name; `Dockerfile.proto` is a Dockerfile."""
    return name.endswith(SUFFIXES) and not os.path.basename(name).startswith("Dockerfile.")


def find(options: Options, named: Named = is_source) -> tuple[list[Path], list[FileError]]:
    """The files of a run, as absolute sorted paths, and an error for each given path that is not there.

    A file that `options.paths` names counts, whatever it is called and whatever excludes it. Below a given folder,
    files count that end in `.py`, `.pyw`, `.ipynb` or `.proto`, that git does not ignore (outside a repository: that no
    `.gitignore` below the folder excludes) unless they are generated stubs, and that `include` and `exclude` let
    through. These are patterns as in `.gitignore`, seen from `options.root`. `named` asks for other files, by their
    names. Symbolic links are not followed: what they lead to is found where it is, or it is outside the given paths.
    """
    found: set[Path] = set()
    errors: list[FileError] = []
    test = wanted(options)
    for given in options.paths:
        path = Path(os.path.abspath(given))
        if path.is_file():
            found.add(path)
        elif path.is_dir():
            found.update(file for file in _below(path, path, errors, named) if test(file, path))
        else:
            what = "is neither a file nor a folder" if os.path.lexists(path) else "does not exist"
            errors.append(FileError(path, "G2C003", what, "name a file or a folder that is there"))
    return sorted(found), errors


def around(options: Options, found: Iterable[Path]) -> list[Path]:
    """The other files of the project, which a run may read but not edit: outside the paths, or excluded."""
    if options.project is None:
        return []
    if options.paths == (options.project,) and not options.include and not options.exclude:
        return []  # all of it was asked for
    everything, _ = find(Options(options.project, (options.project,)))
    return sorted(set(everything).difference(found))


def _below(folder: Path, given: Path, errors: list[FileError], named: Named) -> Iterator[Path]:
    names = git.tracked_and_new(folder)
    if names is None:
        yield from _walk(folder, errors, named)
        return
    entered: dict[str, bool] = {"": True}
    stubs = [f"*{suffix}" for suffix in GENERATED if named(suffix)]
    for name in git.ignored(folder, stubs) if stubs else ():
        path = folder / name
        if BUILT.isdisjoint(name.split("/")) and _enters(folder, os.path.dirname(name), entered) and _is_plain(path):
            yield path
    looked_at: set[str] = set()
    for name in names:
        holder, base = os.path.split(name)
        if not _enters(folder, holder, entered):
            continue
        if holder not in looked_at:
            looked_at.add(holder)
            parent = folder / holder
            if os.path.isdir(parent) and not os.access(parent, os.X_OK):
                errors.append(_unreadable(parent, PermissionError(errno.EACCES, os.strerror(errno.EACCES))))
        spelled = os.path.join(folder, name)  # of many thousands, and a `Path` is dear
        if named(base) and _is_plain(spelled):
            yield Path(spelled)
        elif os.path.isdir(spelled) and not os.path.islink(spelled) and _enters(folder, name, entered):
            path = Path(spelled)
            yield from _below(path, given, errors, named) if path != given else ()


def _is_plain(path: Path | str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _unreadable(folder: Path, problem: OSError) -> FileError:
    what = f"cannot be read: {problem.strerror or problem}"
    return FileError(folder, "G2C003", what, "make it readable, or exclude it")


def _enters(folder: Path, relative: str, known: dict[str, bool]) -> bool:
    """Whether the folder `relative` below `folder`, and all in between, may be entered."""
    if relative not in known:
        parent, name = os.path.split(relative)
        known[relative] = _enters(folder, parent, known) and _may_enter(folder / relative, name)
    return known[relative]


def _may_enter(folder: Path, name: str) -> bool:
    return name not in SKIPPED and not os.path.exists(folder / "pyvenv.cfg")


def _walk(
    folder: Path,
    errors: list[FileError],
    named: Named,
    rules: tuple[tuple[str, GitIgnoreSpec], ...] = (),
    *,
    ignored: bool = False,
) -> Iterator[Path]:
    """Files below a folder that git does not know; `rules` are those of the `.gitignore` files above.

    `ignored` says that the folder is ignored itself: then only generated stubs count.
    """
    try:
        with os.scandir(folder) as entries:
            there = sorted(entries, key=lambda entry: entry.name)
    except OSError as problem:
        errors.append(_unreadable(folder, problem))
        return
    if any(entry.name == ".gitignore" for entry in there):
        spec = _ignore_file(os.path.join(folder, ".gitignore"))
        if spec is not None:
            rules = (*rules, (str(folder), spec))
    folders = []
    for entry in there:
        if entry.is_dir(follow_symlinks=False):
            below = ignored or _ignored(entry.path, rules, "/")
            if entry.name not in SKIPPED and not (below and entry.name in BUILT):
                folders.append((entry.path, below))
        elif (
            named(entry.name)
            and entry.is_file(follow_symlinks=False)
            and (entry.name.endswith(GENERATED) or not (ignored or _ignored(entry.path, rules, "")))
        ):
            yield Path(entry.path)
    for path, below in folders:
        if not os.path.exists(os.path.join(path, "pyvenv.cfg")):
            yield from _walk(Path(path), errors, named, rules, ignored=below)


def _ignore_file(path: str) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            return GitIgnoreSpec.from_lines(lines.read().splitlines())
    except (OSError, ValueError):
        return None


def _ignored(path: str, rules: Sequence[tuple[str, GitIgnoreSpec]], tail: str) -> bool:
    """Whether the innermost `.gitignore` that has something to say of `path` excludes it."""
    for folder, spec in reversed(rules):
        said = spec.check_file(os.path.relpath(path, folder).replace(os.sep, "/") + tail).include
        if said is not None:
            return said
    return False


def wanted(options: Options) -> Wanted:
    """The test of `include` and `exclude` for a file found below a given folder."""
    if not options.include and not options.exclude:
        return lambda path, given: True
    from pathspec import GitIgnoreSpec

    include = GitIgnoreSpec.from_lines(options.include) if options.include else None
    exclude = GitIgnoreSpec.from_lines(options.exclude)
    root = Path(os.path.abspath(options.root))

    def test(path: Path, given: Path) -> bool:
        seen_from = root if path.is_relative_to(root) else given
        name = path.relative_to(seen_from).as_posix()
        return (include is None or include.match_file(name)) and not exclude.match_file(name)

    return test
