"""Runs protoc (grpcio-tools' own, in a subprocess) on proto files and says of each what came of it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.results import FileError
from grpc2connect.schema.proto_text import ProtoText, closure, name_under, read

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

TIMEOUT = 300.0
"""Seconds that one protoc run may take."""
REMEMBERED = 64
"""Descriptor sets that a process keeps: an editor's asks for the same again at each change of the code."""
LARGE = 1 << 20
"""Bytes of a descriptor set that is not kept."""
_made: dict[tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]], FileDescriptorSet] = {}
_COMPLAINT = re.compile(r"^(?P<name>[^\n]+?\.proto)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<text>.*)$", re.MULTILINE)


@dataclass
class Compiled:
    """The descriptor set that each file is in, with all that it imports, and what could not be compiled."""

    sets: dict[Path, FileDescriptorSet] = field(default_factory=dict)
    errors: list[FileError] = field(default_factory=list)


def bundled_protos() -> Path | None:
    """The folder of `google/protobuf/*.proto` that grpcio-tools brings, or None without grpcio-tools."""
    spec = importlib.util.find_spec("grpc_tools")
    if spec is None or not spec.origin:
        return None
    return Path(spec.origin).parent / "_proto"


def compile_protos(
    wanted: Sequence[ProtoText],
    known: Sequence[ProtoText],
    roots: dict[Path, Path],
    environment: Sequence[Path] = (),
) -> Compiled:
    """Compile `wanted`, with imports out of `known`, `environment` and grpcio-tools. One protoc run per proto path.

    A file whose import is missing, or that does not parse, is an error of its own and of those that import it only.
    """
    done = Compiled()
    if not wanted:
        return done
    bundled = bundled_protos()
    if bundled is None:
        missing = "grpcio-tools is not installed, so its proto cannot be read"
        advice = "install grpcio-tools beside grpc2connect"
        done.errors = [FileError(proto.path, "G2C007", missing, advice) for proto in wanted]
        return done
    by_path = {proto.path: proto for proto in known}
    elsewhere = list(dict.fromkeys(roots.values()))
    groups: dict[Path, list[ProtoText]] = {}
    paths: dict[Path, list[Path]] = {}
    for proto in wanted:
        root = roots[proto.path]
        search = list(dict.fromkeys([root, *_near(root, elsewhere), *environment, bundled]))
        used, lost = closure(proto, by_path, search, Path.is_file)
        if lost is not None:
            importer, name = lost
            via = "" if importer == proto.path else f" (by way of {importer.name})"
            message = f"imports {name}, which is not there{via}"
            advice = "put the file in the repository, or name the environment that has it with --python"
            done.errors.append(FileError(proto.path, "G2C006", message, advice))
            continue
        groups.setdefault(root, []).append(proto)
        paths[root] = list(dict.fromkeys([root, *paths.get(root, ()), *used, bundled]))
    for root, protos in groups.items():
        _compile_root(root, protos, paths[root], done)
    return done


def _near(root: Path, others: Sequence[Path]) -> list[Path]:
    """Other proto paths, those that share most with `root` first."""

    def shared(other: Path) -> int:
        return len(os.path.commonpath([root, other])) if root.anchor == other.anchor else 0

    return sorted(others, key=lambda other: (-shared(other), str(other)))


def _compile_root(root: Path, protos: list[ProtoText], search: list[Path], done: Compiled) -> None:
    """Compile the files of one proto path: together if that goes, and those that protoc complains of one by one."""
    pending = {name_under(root, proto.path): proto for proto in protos}
    alone: dict[str, ProtoText] = {}
    while pending:
        together, complaints = _run(list(pending), search)
        if together is not None:
            done.sets.update({proto.path: together for proto in pending.values()})
            break
        for name in _blamed(complaints, pending) or list(pending):
            alone[name] = pending.pop(name)
    for name, proto in alone.items():
        # It may only be that two files, each of which is fine, define the same name.
        by_itself, complaints = _run([name], search)
        if by_itself is not None:
            done.sets[proto.path] = by_itself
        else:
            message = _first(complaints, proto.path, name).removesuffix(".")
            done.errors.append(FileError(proto.path, "G2C005", message, "correct the proto, or exclude it"))


def _blamed(complaints: str, pending: dict[str, ProtoText]) -> list[str]:
    """The names of `pending` that a failed run complains of."""
    # Some releases of protoc print the name, others the path.
    names = {Path(proto.path).as_posix(): name for name, proto in pending.items()}
    printed = [complaint["name"].replace(os.sep, "/") for complaint in _COMPLAINT.finditer(complaints)]
    return [name for name in dict.fromkeys(names.get(one, one) for one in printed) if name in pending]


def _first(complaints: str, path: Path, name: str) -> str:
    """The first thing that protoc says of a file itself, else the first that it says at all; one line."""
    for complaint in _COMPLAINT.finditer(complaints):
        if complaint["name"].replace(os.sep, "/") in (name, path.as_posix()) and complaint["line"]:
            return f"line {complaint['line']}, column {complaint['column']}: {complaint['text'].strip()}"
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    return lines[0] if lines else "protoc failed without a word"


def _run(names: Sequence[str], search: Sequence[Path]) -> tuple[FileDescriptorSet | None, str]:
    """The descriptor set of `names`, or None with what protoc said; the same files are compiled once."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    sources = read(names, search)
    key = (tuple(names), tuple((name, hashlib.sha256(text).digest()) for name, text in sorted(sources.items())))
    if key in _made:
        return _made[key], ""
    data, complaints = _compiled(names, search)
    if data is None:
        return None, complaints
    made = FileDescriptorSet.FromString(data)
    # protoc itself says what it has read: a proto may be written in ways that a scan does not see through.
    if len(data) < LARGE and {file.name for file in made.file} == sources.keys():
        while len(_made) >= REMEMBERED:
            del _made[next(iter(_made))]
        _made[key] = made
    return made, ""


def _compiled(names: Sequence[str], search: Sequence[Path]) -> tuple[bytes | None, str]:
    """Run protoc. Nothing is read from the current folder."""
    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as folder:
        out = Path(folder) / "set.bin"
        arguments = Path(folder) / "arguments.txt"
        lines = [f"-I{path}" for path in search]
        lines += ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}", *names]
        # In a file, for a command line has a length limit (8 KiB characters on Windows).
        arguments.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
        command = [sys.executable, "-P", "-m", "grpc_tools.protoc", f"@{arguments}"]
        try:
            ran = subprocess.run(
                command, capture_output=True, cwd=folder, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            return None, str(problem)
        if ran.returncode or not out.is_file():
            return None, ran.stderr.decode("utf-8", "replace")
        return out.read_bytes(), ""
