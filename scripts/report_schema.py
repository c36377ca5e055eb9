"""Writes docs/report.schema.json from a report's types: `python scripts/report_schema.py`; a test says if it is due.

The schema is for who reads `report --format json` and `--json`; its `$id` ends with the version in `schema_version`.
"""

from __future__ import annotations

import json
from pathlib import Path

from grpc2connect.report.document import SCHEMA_VERSION, Document
from grpc2connect.report.shape import schema

PAGE = Path(__file__).resolve().parents[1] / "docs" / "report.schema.json"


def text() -> str:
    """The file."""
    return json.dumps(schema(Document, f"urn:grpc2connect:report:{SCHEMA_VERSION}"), indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_bytes(text().encode())
