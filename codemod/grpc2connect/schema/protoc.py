"""Runs protoc (grpcio-tools' own, in a subprocess) on proto files and says of each what came of it."""

from __future__ import annotations

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
from grpc2connect.schema.proto_text import ProtoText, closure, name_under

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

TIMEOUT = 300.0
"""Seconds that one protoc run may take."""
_COMPLAINT = re.compile(r"^(?P<name>[^\n]+?\.proto)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<text>.*)$", re.MULTILINE)


@dataclass
class Compiled:
    """Descriptor sets by proto path, and what could not be compiled."""

    sets: dict[Path, FileDescriptorSet] = field(default_factory=dict)
    files: dict[Path, Path] = field(default_factory=dict)
    """The proto path that each compiled file was compiled under."""
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
    """Compile the files of one proto path; each run that fails drops the files it complains of."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    pending = {name_under(root, proto.path): proto for proto in protos}
    while pending:
        data, complaints = _run(list(pending), search)
        if data is not None:
            done.sets[root] = FileDescriptorSet.FromString(data)
            done.files.update({proto.path: root for proto in pending.values()})
            return
        blamed = _blame(complaints, pending, search)
        for name, message in blamed.items():
            proto = pending.pop(name)
            advice = "correct the proto, or exclude it"
            done.errors.append(FileError(proto.path, "G2C005", message, advice))


def _blame(complaints: str, pending: dict[str, ProtoText], search: list[Path]) -> dict[str, str]:
    """Which of `pending` a failed run is about. If it names none of them, they are tried one by one."""
    found: dict[str, str] = {}
    # Some releases of protoc print the name, others the path.
    names = {Path(proto.path).as_posix(): name for name, proto in pending.items()}
    for complaint in _COMPLAINT.finditer(complaints):
        name = complaint["name"].replace(os.sep, "/")
        name = names.get(name, name)
        if name in pending and name not in found and complaint["line"]:
            found[name] = f"line {complaint['line']}, column {complaint['column']}: {complaint['text']}"
    for name in pending if not found else ():
        data, said = _run([name], search)
        if data is None:
            lines = [line for line in said.splitlines() if line.strip()]
            found[name] = lines[0] if lines else "protoc failed without a word"
    if not found:
        # Each compiles alone but not all together: two of them define the same names. The last gives way.
        first = complaints.strip().splitlines()
        found[list(pending)[-1]] = first[0] if first else "cannot be compiled together with the other protos"
    return found


def _run(names: Sequence[str], search: Sequence[Path]) -> tuple[bytes | None, str]:
    """The descriptor set of `names`, or None with what protoc said. Nothing is read from the current folder."""
    with tempfile.TemporaryDirectory(prefix="grpc2connect-") as folder:
        out = Path(folder) / "set.bin"
        arguments = Path(folder) / "arguments.txt"
        lines = [f"-I{path}" for path in search]
        lines += ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}", *names]
        # In a file, for a command line has a length limit (8 KiB characters on Windows).
        arguments.write_text("\n".join(lines) + "\n", encoding="utf-8")
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
