"""The public interface for rules: what a rule module imports, and nothing else of the engine.

A rule is a function from a reference to its possible outcomes, best first. It asks the reference's facts,
never the spelling, and builds edits with the verbs in `edits`; imports, positions, proof and the ledger are
the engine's work.
"""

from grpc2connect.facts import api, kinds, literals
from grpc2connect.facts.given_options import GivenOptions, given_options
from grpc2connect.facts.made_errors import MADE
from grpc2connect.options import Serve
from grpc2connect.results import Severity
from grpc2connect.rules_api import edits, references
from grpc2connect.rules_api.names import (
    CODE,
    CONNECT_ERROR,
    GRPC_STATUS_CODE,
    HTTP_CLIENT,
    HTTP_TRANSPORT,
    HTTP_VERSION,
    PROTOCOL_TYPE,
    REQUEST_CONTEXT,
    RUNTIME,
    RUNTIME_MODULE,
    SYNC_HTTP_CLIENT,
    SYNC_HTTP_TRANSPORT,
    GeneratedModule,
    GeneratedPath,
    NameIn,
    connect_code,
    generated,
    runtime,
    testing,
)
from grpc2connect.rules_api.outcome import Bridged, Left, Native, Outcome
from grpc2connect.rules_api.registry import PackError, Registry, RuleInfo, catalogue, load, rule
from grpc2connect.schema import GrpcModule
from grpc2connect.syntax import Span
from grpc2connect.syntax.names import first_name

__all__ = [
    "CODE",
    "CONNECT_ERROR",
    "GRPC_STATUS_CODE",
    "HTTP_CLIENT",
    "HTTP_TRANSPORT",
    "HTTP_VERSION",
    "MADE",
    "PROTOCOL_TYPE",
    "REQUEST_CONTEXT",
    "RUNTIME",
    "RUNTIME_MODULE",
    "SYNC_HTTP_CLIENT",
    "SYNC_HTTP_TRANSPORT",
    "Bridged",
    "GeneratedModule",
    "GeneratedPath",
    "GivenOptions",
    "GrpcModule",
    "Left",
    "NameIn",
    "Native",
    "Outcome",
    "PackError",
    "Registry",
    "RuleInfo",
    "Serve",
    "Severity",
    "Span",
    "api",
    "catalogue",
    "connect_code",
    "edits",
    "first_name",
    "generated",
    "given_options",
    "kinds",
    "literals",
    "load",
    "references",
    "rule",
    "runtime",
    "testing",
]
