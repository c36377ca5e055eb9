"""G2C805: imports of gRPC and of its generated code follow need.

Why: the engine imports what edits introduce, beside what they replace, and removes an import when nothing in the file
uses it any more. An import that something still uses stays.

    - import grpc
    - import helloworld_pb2_grpc
    + from connectrpc.code import Code
    + import helloworld_connect

Where one of several generated modules is chosen when the program runs, its twin is chosen with it, and the names are
those of the module that chooses.

      if protobuf.__version__.startswith("3"):
          from .pb3.greeter_pb2_grpc import *
    +     from .pb3.greeter_connect import *

    - stub = greeter_pb2_grpc.GreeterStub(channel)
    + stub = channel.client(greeter_pb2_grpc.GreeterClientSync)

Left: a name that can also be something else (`except ImportError: grpc = None`), or that an import in a class or under
`global` binds: the services of the file stay.

Source: Python language reference, "The import statement".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, GeneratedPath, Left, Native, Outcome, rule
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.references import Import

_STUBS = "_pb2_grpc"


@rule("G2C805", on=Import)
def imported(use: Import) -> Iterator[Outcome]:
    """Imports of gRPC and of its generated code follow need."""
    if use.rebound:
        yield Left(
            "this name can also be something else here, or is seen as an attribute or a global",
            advice="bind it once, by an import at the top of the module",
        )
    elif use.chosen and (edit := _beside(use)):
        yield Bridged(edit, why="which generated module this is about shows only when it runs")
    else:
        yield Native(why="removed or kept by need")


def _beside(use: Import) -> Edit | None:
    """The star import of what takes a generated module's place, after that of the module itself."""
    statement, module = use.module.parents[use.node], use.module
    if use.stubs is None or not isinstance(statement, ast.ImportFrom) or not (statement.module or "").endswith(_STUBS):
        return None
    twin = (statement.level, f"{(statement.module or '').removesuffix(_STUBS)}_connect")
    if any(isinstance(one, ast.ImportFrom) and (one.level, one.module) == twin for one in module.nodes):
        return None
    start, end = module.span(statement)
    line, stop = module.line_span(module.line_of(start)), module.end_of_line(end)
    before = f"{module.newline}{module.text[line.start : start]}from {'.' * statement.level}"
    pieces = (before, GeneratedPath(use.stubs, statement.module or ""), " import *  # noqa: F401, F403")
    return Edit(line._replace(start=stop, end=stop), pieces)
