"""The folders that a project has protoc write stubs to, as far as they are written out, be they there or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.project.files import find_with_pages, mentions
from grpc2connect.project.generation import told
from grpc2connect.project.generation.commands import OPTION, folders

OPTIONS = (b"grpc_python_out", b"grpc_out")
"""What a file that says where stubs go has in it."""


def out_folders(options: Options) -> frozenset[str]:
    """The folders, as absolute paths: seen from that of the file that runs protoc, and from all above in the project.

    A script is run from its own folder or from one above it; which one it is, whoever asks has other signs of. What
    pages tell people to run counts where nothing else runs protoc.
    """
    top = Path(os.path.abspath(options.project or options.root))
    files, pages = find_with_pages(options)
    made = (
        place
        for path, text in _texts(files)
        for option in OPTION.finditer(text)
        for place in folders(option["value"], path, top)
    )
    return _inside(top, made) or _inside(
        top, (place for path, text in _texts(pages) for place in told.out_folders(path, text, top))
    )


def _texts(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        if not mentions(path, *OPTIONS):
            continue
        try:
            yield path, path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue


def _inside(top: Path, places: Iterator[Path]) -> frozenset[str]:
    found = {os.path.normpath(place) for place in places}
    return frozenset(name for name in found if Path(name).is_relative_to(top))
