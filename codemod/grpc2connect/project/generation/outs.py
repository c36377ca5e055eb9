"""The folders that a project has protoc write stubs to, as far as they are written out, be they there or not."""

from __future__ import annotations

import os
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.project.files import find, mentions
from grpc2connect.project.generation.commands import OPTION, folders

_OPTIONS = (b"grpc_python_out", b"grpc_out")


def out_folders(options: Options) -> frozenset[str]:
    """The folders, as absolute paths: seen from that of the file that runs protoc, and from all above in the project.

    A script is run from its own folder or from one above it; which one it is, whoever asks has other signs of.
    """
    top = Path(os.path.abspath(options.project or options.root))
    found: set[str] = set()
    for path in find(options):
        if not mentions(path, *_OPTIONS):
            continue
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for option in OPTION.finditer(text):
            found.update(os.path.normpath(one) for one in folders(option["value"], path, top))
    return frozenset(name for name in found if Path(name).is_relative_to(top))
