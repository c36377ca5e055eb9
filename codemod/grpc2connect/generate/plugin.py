"""Runs `protoc-gen-connectrpc` in a subprocess: file descriptors in, generated text out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

NAME = "protoc-gen-connectrpc"
PARAMETER = "protobuf=google"
TIMEOUT = 300.0
"""Seconds that one plugin run may take."""
REMEMBERED = 64
"""Answers that a process keeps: an editor's asks the same again at each change of the code."""


class PluginError(Exception):
    """The plugin ran and failed; the message is one line."""


def find_plugin() -> Path | None:
    """The plugin's program: beside the Python that runs the tool, else on `PATH`; None if it is at neither."""
    beside = Path(sys.executable).parent
    found = shutil.which(NAME, path=os.pathsep.join([str(beside), str(beside / "Scripts")])) or shutil.which(NAME)
    return Path(found) if found else None


def run_plugin(plugin: Path, files: Sequence[FileDescriptorProto], names: Sequence[str]) -> dict[str, str]:
    """The text generated for each of `names`, given `files` with those they depend on before them.

    A file without services has none. Raises `PluginError`.
    """
    from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest

    request = CodeGeneratorRequest(parameter=PARAMETER, file_to_generate=names, proto_file=files)
    try:
        made = plugin.stat().st_mtime_ns
    except OSError as problem:
        raise PluginError(f"{NAME} did not answer: {problem}") from problem
    # The plugin alters odd file names (`import/x.proto`); the first line says which proto a file is from.
    by_header = {f"# Generated from {name}. DO NOT EDIT.": name for name in names}
    texts = {}
    for content in _answer(plugin, made, request.SerializeToString(deterministic=True)):
        name = by_header.get(content.partition("\n")[0])
        if name is not None:
            texts[name] = content
    return texts


@lru_cache(maxsize=REMEMBERED)
def _answer(plugin: Path, made: int, request: bytes) -> tuple[str, ...]:
    """The files that a plugin, which was installed at `made` (ns), answers with. Raises `PluginError`."""
    import subprocess

    from google.protobuf.compiler.plugin_pb2 import CodeGeneratorResponse
    from google.protobuf.message import DecodeError

    try:
        ran = subprocess.run([str(plugin)], input=request, capture_output=True, timeout=TIMEOUT, check=False)
        response = CodeGeneratorResponse.FromString(ran.stdout)
    except (OSError, subprocess.TimeoutExpired, DecodeError) as problem:
        raise PluginError(f"{NAME} did not answer: {problem}") from problem
    if ran.returncode or response.error:
        said = (response.error or ran.stderr.decode("utf-8", "replace")).strip().splitlines()
        raise PluginError(f"{NAME} failed: {said[-1] if said else f'exit code {ran.returncode}'}")
    return tuple(file.content for file in response.file)
