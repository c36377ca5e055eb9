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
    "G2C015": "a Connect module stands where its imports look, and its stubs are built elsewhere: build with it, too.",
    "G2C020": "`# g2c: ignore[...]` without a reason; say why, behind the bracket.",
    "G2C021": "`# g2c: ignore[...]` that nothing here needs; remove it.",
    "G2C022": "migrated code that runs through the bundled runtime; counted by `check --fail-on bridged`.",
    "G2C023": "a public function takes, returns or raises what is gRPC's: who calls it has to change, or it is held.",
    "G2C024": "a notebook refers to gRPC; it is not edited: move its cells by hand.",
    "G2C901": "something required is to be added by hand: where grpcio is required, or where stubs are generated.",
    "G2C902": "the vendored runtime is a new package in something that is built; name it there, or require it.",
    "G2C910": "a place that generates gRPC stubs; where it is not edited, what to add so that it makes Connect code.",
    "G2C911": "a command corrects the imports of generated modules, or copies them; those of Connect have to fit in.",
    "G2C912": "stubs are generated with `grpc2connect generate`: it has to be installable where that runs.",
    "G2C913": "a project file does not follow its own format: it is left as it is; correct it.",
    "G2C915": "a place goes on generating gRPC stubs after a clean-up, for the reason given.",
    "G2C916": "generated gRPC modules stay after a clean-up, for the reason given.",
    "G2C917": "generated gRPC modules go that other projects could import from what is built here.",
    "G2C920": "a requirement or constraint leaves no version that migrated code is tested with; widen it.",
    "G2C921": "the project says that it runs on a Python older than 3.11, which connectrpc needs.",
    "G2C922": "a lock file is older than what it was made of; refresh it.",
    "G2C932": "a distribution of grpc-python is still required after a clean-up, for the reason given.",
}
