"""G2C805: imports of gRPC and of its generated code follow need.

Why: the engine imports what edits introduce, beside what they replace, and removes an import when nothing in the file
uses it any more. An import that something still uses stays.

    - import grpc
    - import helloworld_pb2_grpc
    + from connectrpc.code import Code
    + import helloworld_connect

Left: a name that can also be something else (`except ImportError: grpc = None`), or that an import in a class or under
`global` binds: the services of the file stay.

Source: Python language reference, "The import statement".
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Left, Native, Outcome, rule
from grpc2connect.rules_api.references import Import


@rule("G2C805", on=Import)
def imported(use: Import) -> Iterator[Outcome]:
    """Imports of gRPC and of its generated code follow need."""
    if use.rebound:
        yield Left(
            "this name can also be something else here, or is seen as an attribute or a global",
            advice="bind it once, by an import at the top of the module",
        )
    else:
        yield Native(why="removed or kept by need")
