"""Paths as a repository's own tools want them: seen from its top, which may be above the folder of the report."""

from __future__ import annotations

from pathlib import PurePosixPath

from grpc2connect.report.document import Document


def from_top(document: Document, path: str) -> str:
    """A path of a row, from the top of the repository; one outside the project stays absolute."""
    prefix = document.get("repository_path", "")
    if not prefix or PurePosixPath(path).is_absolute():
        return path
    return f"{prefix}/{path}"
