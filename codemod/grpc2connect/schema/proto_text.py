"""What a `.proto` file says of itself that need not be compiled to be known, and the folder it is named from."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.DOTALL)
_IMPORT = re.compile(r"""\bimport\s+(?:public\s+|weak\s+|option\s+)?["']([^"']+)["']\s*;""")
_PACKAGE = re.compile(r"\bpackage\s+([\w.]+)\s*;")
_SERVICE = re.compile(r"\bservice\s+(\w+)\s*\{")


@dataclass(frozen=True)
class ProtoText:
    """A proto file as scanned: the files it imports, its package, and the names of its services."""

    path: Path
    imports: tuple[str, ...]
    package: str
    services: tuple[str, ...]

    @property
    def full_names(self) -> frozenset[str]:
        """The services' names with the package."""
        return frozenset(f"{self.package}.{name}" if self.package else name for name in self.services)


def scan(path: Path, data: bytes) -> ProtoText:
    """Scan the text of a proto file; does not fail, whatever is in it."""
    text = _COMMENT.sub(lambda found: found[1] or " ", data.decode("utf-8", "replace"))
    package = _PACKAGE.search(text)
    return ProtoText(path, tuple(_IMPORT.findall(text)), package[1] if package else "", tuple(_SERVICE.findall(text)))


def name_under(root: Path, path: Path) -> str:
    """The name by which protoc knows `path` when `root` is its proto path."""
    return path.relative_to(root).as_posix()


def roots(protos: Sequence[ProtoText], known_names: Iterable[str] = (), top: Path | None = None) -> dict[Path, Path]:
    """The proto path of each file, by the best evidence that there is.

    That is, in this order: the name that generated code of the repository has for it (`known_names`), the `import` of
    it in another file, an import of its own that is found from a folder above it, a folder layout that repeats its
    package, its own folder. None is above `top`, but for files outside it.
    """
    paths = {proto.path for proto in protos}
    generated = set(known_names)
    imported = {name for proto in protos for name in proto.imports}
    tests: list[Callable[[ProtoText, Path], bool]] = [
        lambda proto, root: name_under(root, proto.path) in generated,
        lambda proto, root: name_under(root, proto.path) in imported,
        lambda proto, root: any("/" in name and root / name in paths for name in proto.imports),
        lambda proto, root: (
            bool(proto.package)
            and str(Path(name_under(root, proto.path)).parent.as_posix()) == proto.package.replace(".", "/")
        ),
    ]
    found = {}
    for proto in protos:
        above = [folder for folder in proto.path.parents if top is None or folder.is_relative_to(top)]
        above = above or list(proto.path.parents)
        # The longest name is the surest: `greet.proto` is said of many files, `pkg/v1/greet.proto` of one.
        choice = (root for test in tests for root in reversed(above) if test(proto, root))
        found[proto.path] = next(choice, proto.path.parent)
    return found


def closure(
    proto: ProtoText, by_path: Mapping[Path, ProtoText], search: Sequence[Path], exists: Callable[[Path], bool]
) -> tuple[list[Path], tuple[Path, str] | None]:
    """The proto paths that compiling `proto` needs, and the first import that is on none of `search`, with its file."""
    used: list[Path] = []
    seen: set[str] = set()
    pending = [(proto.path, name) for name in proto.imports]
    while pending:
        importer, name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        root = next((root for root in search if root / name in by_path or exists(root / name)), None)
        if root is None:
            return used, (importer, name)
        if root not in used:
            used.append(root)
        if text := by_path.get(root / name):
            pending.extend((text.path, more) for more in text.imports)
    return used, None


def read(names: Iterable[str], search: Sequence[Path]) -> dict[str, bytes]:
    """The bytes of files and of all that they import, by name, as far as they are on `search` and can be read."""
    found: dict[str, bytes] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        path = next((root / name for root in search if (root / name).is_file()), None)
        if path is None:
            continue
        with contextlib.suppress(OSError):
            found[name] = path.read_bytes()
            pending.extend(scan(path, found[name]).imports)
    return found
