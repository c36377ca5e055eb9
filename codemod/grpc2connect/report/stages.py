"""The step of the migration that a reference belongs to: the server's side, the client's, both, or what comes last.

A team can move its servers first and its clients later; errors, status codes and interceptors stand on both sides.
Imports, annotations and tests follow the code that they are about.
"""

from __future__ import annotations

from grpc2connect.report.document import StageName

STAGES: dict[StageName, str] = {
    "server": "Servers",
    "client": "Clients",
    "both": "Errors and interceptors",
    "cleanup": "Imports, types, tests",
}
"""The stages in the order they are done, with headings."""

_FAMILIES: dict[str, StageName] = {
    "1": "server",
    "2": "server",
    "3": "server",
    "4": "client",
    "5": "client",
    "6": "both",
    "7": "both",
}


def stage(code: str) -> StageName:
    """The stage of what the rule `code` acts on, by the rule's family."""
    return _FAMILIES.get(code[3:4], "cleanup")
