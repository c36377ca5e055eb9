"""A file descriptor with all that it imports, in the order in which a descriptor pool or a plugin takes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.schema.descriptors import bundled_file
from grpc2connect.schema.modules import file_of
from grpc2connect.schema.naming import module_name

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto


def in_order(name: str, find: Callable[[str], FileDescriptorProto | None]) -> list[bytes] | None:
    """The serialized file `name`, last, after the files it imports; None if `find` lacks one or they go in a circle."""
    done: dict[str, bytes] = {}
    entered: set[str] = set()

    def visit(one: str) -> bool:
        if one in done:
            return True
        file = find(one) if one not in entered else None
        if file is None:
            return False
        entered.add(one)
        if not all(visit(other) for other in file.dependency):
            return False
        done[one] = file.SerializeToString()
        return True

    return list(done.values()) if visit(name) else None


def literal_files(
    start: Path, messages: Iterable[Path], environment: Sequence[Path]
) -> Callable[[str], FileDescriptorProto | None]:
    """A search for files by proto name, as the program that uses the messages module `start` would come by them.

    That is: in the literals of `messages`, those nearest to `start` first, then in those of `environment`, then among
    protobuf's own.
    """
    by_name: dict[str, list[Path]] = {}
    for path in sorted(messages, key=lambda path: (-_shared(path, start), str(path))):
        by_name.setdefault(path.name, []).append(path)

    def find(name: str) -> FileDescriptorProto | None:
        parts = module_name(name, "_pb2").split(".")
        installed = [root.joinpath(*parts[:-1], f"{parts[-1]}.py") for root in environment]
        for path in [*by_name.get(f"{parts[-1]}.py", ()), *installed]:
            file = file_of(path)
            if file is not None and file.name == name:
                return file
        return bundled_file(name)

    return find


def _shared(one: Path, other: Path) -> int:
    """How many folders two absolute paths have in common."""
    return len(Path(os.path.commonpath([one, other])).parts) if one.anchor == other.anchor else 0
