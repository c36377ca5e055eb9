"""Whether files of a commit are known to be fine, from the record of an earlier check.

Why this is sound: a check depends on the project's files, the settings and the tool. If none has changed, its verdict
on a file stands. If some have, but only such as the engine never parsed, and what is in them now gives it no cause to
(see `is_innocent`, which asks at least what `relevance` asks), it would read the same files as before, and say the
same; of the changed files it would say nothing at all. Where metadata has changed, contents are compared.

Only modules that the interpreter has loaded anyway, or that are compiled into it, are imported at the top.
"""

from __future__ import annotations

import marshal
import os
import sys

from grpc2connect import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

FORMAT = 2
NAMES = "-names"
"""What the file is called, after the record's name, that tells of changed files with gRPC."""
LIMIT = 4000
"""How many folders are watched; a project with more has no record."""
SUFFIXES = (".py", ".pyw", ".proto", ".ipynb")
NAMED = frozenset({".gitignore", "pyproject.toml", "pyvenv.cfg", "Pipfile", "setup.cfg"})
_GENERATED = ("_pb2.py", "_pb2_grpc.py", "_connect.py")
_GIVEN = (".py", ".pyi", ".pyw", ".ipynb")
_MARKS = (b"_pb2", b"Servicer", b"Stub", b"stub")

Stat = tuple[int, int, int, int]
Seen = tuple[Stat, bytes]
"""The metadata and the digest of a file; no metadata (zeros) where it changed too late to be trusted."""


def digest(data: bytes) -> bytes:
    """A digest of some bytes."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    made: bytes = blake2b(data, digest_size=20).digest()
    return made


def stat_of(path: str) -> Stat | None:
    """What changes when a file is written; None if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def contents(folder: str) -> bytes:
    """The names in a folder that a run may look at: of folders, sources and settings."""
    with os.scandir(folder) as entries:
        names = [
            entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "@" if entry.is_symlink() else "")
            for entry in entries
            if entry.name in NAMED or entry.name.endswith(SUFFIXES) or _requires(entry.path) or _is_folder(entry)
        ]
    return os.fsencode("\0".join(sorted(names)))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _requires(path: str) -> bool:
    """Whether a file may be one that says what libraries are required."""
    return path.endswith((".txt", ".in", ".pip")) and "req" in os.sep.join(path.lower().split(os.sep)[-2:])


def tool_stamp() -> list[tuple[str, int, int]]:
    """What changes when the tool does: its files where it is developed, one of them where it is installed."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [home]
    if "site-packages" not in home:
        folders = [home, os.path.join(os.path.dirname(os.path.dirname(home)), "rules")]
    else:
        found = os.stat(os.path.join(home, "__init__.py"))
        return [(__version__, found.st_size, found.st_mtime_ns)]
    stamp = [(__version__, 0, 0)]
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".py"):
                    found = os.stat(os.path.join(place, name))
                    stamp.append((name, found.st_size, found.st_mtime_ns))
    return sorted(stamp)


def home() -> str | None:
    """The folder of the records; None if nothing is kept. What `cache.folder` says, without its imports."""
    named = os.environ.get("G2C_CACHE_DIR")
    if named is not None:
        return named or None
    system: str = sys.platform
    if system == "linux":
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if base.strip() else os.path.expanduser("~/.cache"), "grpc2connect")
    from platformdirs import user_cache_dir

    return user_cache_dir("grpc2connect", appauthor=False)


def name_of(folder: str, options: Sequence[str]) -> str:
    """The record's name for a working folder and the options of the command."""
    parts = [str(FORMAT), sys.version, folder, *options]
    return "warm-" + digest(os.fsencode("\0".join(parts))).hex()


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """`arguments` as options and, at the end, Python files and notebooks that are there."""
    at = len(arguments)
    while at and not arguments[at - 1].startswith("-") and arguments[at - 1].endswith(_GIVEN):
        if not os.path.isfile(arguments[at - 1]) or os.path.islink(arguments[at - 1]):
            break
        at -= 1
    return list(arguments[:at]), list(arguments[at:])


def fine(arguments: Sequence[str]) -> bool:
    """Whether `check ARGUMENTS` is known to find nothing; False means: ask the engine."""
    options, files = split(arguments)
    if not files:
        return False
    try:
        record = _load(options)
        if record is None:
            return not options and all(_needs_nothing(os.path.abspath(file)) for file in files)
        return _fine(record, [os.path.abspath(file) for file in files])
    except (OSError, ValueError, EOFError, TypeError, KeyError, IndexError):
        return False


def _load(options: Sequence[str]) -> dict[str, Any] | None:
    folder = home()
    if folder is None:
        return None
    name = name_of(os.getcwd(), options)
    try:
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
    except OSError:
        return None
    record = marshal.loads(data[20:]) if digest(data[20:]) == data[:20] else None
    return record | {"name": name} if isinstance(record, dict) and record["tool"] == tool_stamp() else None


def _fine(record: Mapping[str, Any], files: Sequence[str]) -> bool:
    if record["index"] != index_size(record["git"]) or not all(map(_same, record["settings"].items())):
        return False
    for folder, (seen, names) in record["folders"].items():
        if stat_of(folder) != seen and contents(folder) != names:
            return False
    known: Mapping[str, Seen] = record["files"]
    changed = set(_changed(known))
    parsed = changed & record["parsed"]
    if not all(_is_innocent(path, record) for path in changed - parsed):
        return False
    if parsed and not _have_nothing_new(parsed, record):
        return False
    return all(file.endswith(".pyi") or (file in known and file not in record["fails"]) for file in files)


def _have_nothing_new(paths: Iterable[str], record: Mapping[str, Any]) -> bool:
    """Whether what of some files can matter to gRPC is what it was."""
    from grpc2connect.apart import is_read_apart
    from grpc2connect.skeleton import Names, NoSkeleton, digest_of

    with open(os.path.join(home() or "", record["name"] + NAMES), "rb") as file:
        data = file.read()
    found = marshal.loads(data) if digest(data) == record["names"] else None
    if found is None:
        return False
    names, files = Names(*found[0]), found[1]
    for path in paths:
        scopes, before = marshal.loads(files[path])
        content = _read(path)
        if is_read_apart(path, content):
            return False
        try:
            if digest_of(content, names, scopes, record["holders"], record["fixtures"]) != before:
                return False
        except (NoSkeleton, SyntaxError, RecursionError, MemoryError):
            return False
    return True


def _changed(known: Mapping[str, Seen]) -> Iterator[str]:
    """The files that are not what they were."""
    stat = os.stat
    for path, (seen, content) in known.items():
        try:
            now = stat(path)
        except OSError:
            yield path
            continue
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino) != seen and digest(_read(path)) != content:
            yield path


def _same(setting: tuple[str, bytes | None]) -> bool:
    """Whether a file that settings come from is as it was, or still is not there."""
    path, content = setting
    try:
        return digest(_read(path)) == content
    except OSError:
        return content is None


def index_size(git: str | None) -> bytes:
    """How many files git tracks, as its index says: a file that it ignores counts once it is added."""
    if git is None:
        return b""
    try:
        with open(os.path.join(git, "index"), "rb") as file:
            return file.read(12)[8:]
    except OSError:
        return b""


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def mentions(data: bytes) -> bool:
    """What `sources.sieve.mentions` says, without regular expressions."""
    return any(mark in data for mark in _MARKS) or b"grpc" in data.lower()


def _is_innocent(path: str, record: Mapping[str, Any]) -> bool:
    return is_innocent(path, _read(path), record["holders"], record["fixtures"], record["rpcs"])


def is_innocent(
    path: str, data: bytes, holders: Iterable[str], fixtures: Iterable[str], rpcs: Iterable[str] = ()
) -> bool:
    """Whether nothing in a file can lead to gRPC: no such name, no fixture, no call, no import of what holds any.

    Fixtures are looked for anywhere in it, and so are the names of RPCs that tell a call.
    """
    if not path.endswith((".py", ".pyw")) or path.endswith(_GENERATED) or mentions(data):
        return False
    from grpc2connect.apart import is_read_apart

    if is_read_apart(path, data):
        return False
    if any(name.encode() in data for name in fixtures) or any(name.encode() in data for name in rpcs):
        return False
    folders = path.split(os.sep)
    dangerous = {name for name in holders if name.encode() in data or name in folders}
    if not dangerous or b"import" not in data:
        return True
    from grpc2connect.scan import imports

    return all(imported.last(path) not in dangerous for imported in imports(data))


def _needs_nothing(path: str) -> bool:
    """Whether a file, without anything known of its project, has nothing to do with gRPC.

    It names none of it, imports nothing but the standard library, and gets no fixtures.
    """
    from grpc2connect.apart import is_read_apart

    data = _read(path)
    if path.endswith(".pyi") or mentions(data) or is_read_apart(path, data):
        return path.endswith(".pyi")
    if path.endswith(".ipynb"):  # what its cells import is not told from its JSON here
        return b"import" not in data and b"%run" not in data
    if b"def " in data and _has_fixtures(os.path.dirname(path)):
        return False
    if b"import" not in data:
        return True
    from grpc2connect.scan import imports

    found = imports(data)
    return all(one.level == 0 and one.dotted.partition(".")[0] in sys.stdlib_module_names for one in found)


def _has_fixtures(folder: str) -> bool:
    while not os.path.exists(os.path.join(folder, "conftest.py")):
        if folder == os.path.dirname(folder):
            return False
        folder = os.path.dirname(folder)
    return True
