"""Every code a run can print: what stands after `G2C` in findings, errors and the ledger, and its one-line title."""

from __future__ import annotations

CODES: dict[str, str] = {
    "G2C001": "no rule claims this",
    "G2C002": "cannot be parsed",
    "G2C003": "cannot be read",
    "G2C004": "cannot be decoded",
    "G2C005": "proto does not parse",
    "G2C006": "proto import missing",
    "G2C007": "generator missing",
    "G2C008": "place of generated modules unknown",
    "G2C009": "name clash",
    "G2C010": "cannot be written",
    "G2C011": "generator failed",
    "G2C012": "service stays on gRPC",
    "G2C013": "protocol is chosen where the program runs",
}
