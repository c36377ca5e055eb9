"""The codes that are the engine's own, not a rule's: what stands in findings and errors, a title and what to do."""

from __future__ import annotations

FAMILY = "engine"

CODES: dict[str, str] = {
    "G2C001": "no rule claims this reference: an error in grpc2connect; please report it.",
    "G2C002": "a file cannot be parsed; services whose names occur in it stay on gRPC until it can.",
    "G2C003": "a file cannot be read; make it readable, or exclude it.",
    "G2C004": "a file cannot be decoded, or would not be written back as it was; save it as UTF-8.",
    "G2C005": "a proto does not parse; correct it, or exclude it.",
    "G2C006": "what a proto imports is missing; add the folder that has it to the paths.",
    "G2C007": "the generator is missing; install it into the environment of grpc2connect.",
    "G2C008": 'it is not clear where generated modules go; set `generated = { out = "FOLDER", package = "NAME" }`.',
    "G2C009": "two names clash in a generated module, or a file has its name; rename one.",
    "G2C010": "a file cannot be written, or has changed since it was read: its service stays as it was; run again.",
    "G2C011": "the generator failed on a service, which stays on gRPC.",
    "G2C012": "a service stays on gRPC, for the reason given.",
    "G2C013": 'with `client-protocol = "connect"`: a channel speaks Connect only where the environment says so.',
    "G2C014": "the run failed on a file and went on without it; services whose names occur in it stay on gRPC.",
    "G2C020": "`# g2c: ignore[...]` without a reason; say why, behind the bracket.",
    "G2C021": "`# g2c: ignore[...]` that nothing here needs; remove it.",
    "G2C022": "migrated code that runs through the bundled runtime; counted by `check --fail-on bridged`.",
    "G2C023": "a public function takes, returns or raises what is gRPC's: who calls it has to change, or it is held.",
    "G2C024": "a notebook refers to gRPC; it is not edited: move its cells by hand.",
    "G2C901": "a file requires grpcio and is not edited; add what the migrated code needs, or refresh it.",
    "G2C902": "the vendored runtime is a new package in something that is built; name it there, or require it.",
}
