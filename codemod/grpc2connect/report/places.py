"""Where rows stand: paths as a repository's own tools want them, and which places comments of the files speak for."""

from __future__ import annotations

from pathlib import PurePosixPath

from grpc2connect.report.document import Document


def from_top(document: Document, path: str) -> str:
    """A path of a row, from the top of the repository; one outside the project stays absolute."""
    prefix = document.get("repository_path", "")
    if not prefix or PurePosixPath(path).is_absolute():
        return path
    return f"{prefix}/{path}"


def silenced(document: Document) -> dict[tuple[str, int, int, str], str]:
    """The references that a comment keeps from being judged, by path, line, column and code, with its reason."""
    return {
        (row["path"], row["line"], row["column"], row["code"]): row["reason"]
        for row in document["suppressed"]
        if row["reference"]
    }
