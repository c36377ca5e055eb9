"""Runs `protoc-gen-connectrpc` in a subprocess: file descriptors in, generated text out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

NAME = "protoc-gen-connectrpc"
PARAMETER = "protobuf=google"
TIMEOUT = 300.0
"""Seconds that one plugin run may take."""


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
    import subprocess

    from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
    from google.protobuf.message import DecodeError

    request = CodeGeneratorRequest(parameter=PARAMETER, file_to_generate=names, proto_file=files)
    try:
        ran = subprocess.run(
            [str(plugin)], input=request.SerializeToString(), capture_output=True, timeout=TIMEOUT, check=False
        )
        response = CodeGeneratorResponse.FromString(ran.stdout)
    except (OSError, subprocess.TimeoutExpired, DecodeError) as problem:
        raise PluginError(f"{NAME} did not answer: {problem}") from problem
    if ran.returncode or response.error:
        said = (response.error or ran.stderr.decode("utf-8", "replace")).strip().splitlines()
        raise PluginError(f"{NAME} failed: {said[-1] if said else f'exit code {ran.returncode}'}")
    # The plugin alters odd file names (`import/x.proto`); the first line says which proto a file is from.
    by_header = {f"# Generated from {name}. DO NOT EDIT.": name for name in names}
    texts = {}
    for file in response.file:
        name = by_header.get(file.content.partition("\n")[0])
        if name is not None:
            texts[name] = file.content
    return texts
