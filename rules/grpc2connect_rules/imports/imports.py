"""G2C805: imports of gRPC and of its generated code follow need.

Why: the engine imports what edits introduce, beside what they replace, and removes an import when nothing in the file
uses it any more. An import that something still uses stays.

    - import grpc
    - import helloworld_pb2_grpc
    + from connectrpc.code import Code
    + import helloworld_connect

Where a module chooses one of several generated modules when the program runs, its twin is chosen with it, and in
`__all__` beside it. What takes the one from there takes the other.

      if protobuf.__version__.startswith("3"):
    -     from .pb3 import greeter_pb2, greeter_pb2_grpc
    +     from .pb3 import greeter_pb2, greeter_pb2_grpc, greeter_connect

    - from app.protos import greeter_pb2_grpc
    + from app.protos import greeter_connect

Where it passes on all names, those of the twin are names of the module that chooses.

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

from grpc2connect.rules_api import Bridged, GeneratedPath, GrpcModule, Left, Native, Outcome, rule
from grpc2connect.rules_api.edits import Edit, Piece, insert_after, insert_before
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
    elif use.chosen and (changes := _beside(use)):
        yield Bridged(changes, why="which generated module this is about shows only when it runs")
    else:
        yield Native(why="removed or kept by need")


def _beside(use: Import) -> list[Edit]:
    """The import of what takes a generated module's place, after that of the module itself."""
    statement, alias = use.module.parents[use.node], use.node
    if use.stubs is None or not isinstance(statement, ast.ImportFrom) or not isinstance(alias, ast.alias):
        return []
    if alias.name != "*":
        return _named(use, use.stubs, statement, alias)
    return _star(use, use.stubs, statement) if (statement.module or "").endswith(_STUBS) else []


def _named(use: Import, stubs: GrpcModule, statement: ast.ImportFrom, alias: ast.alias) -> list[Edit]:
    """The twin's name among the names of the same statement, and of `__all__`."""
    module = use.module
    twin = _twin(alias.name)
    if any(one.name == twin for one in statement.names):
        return []
    new = GeneratedPath(stubs, alias.name)
    found = [_next_to(use, alias, new)]
    listed = _listed(use)
    texts = [text for text in listed if text.value == alias.name]
    first = min(one.lineno for node in module.imports for one in node.names if one.name == alias.name)
    if texts and alias.lineno == first and all(text.value != twin for text in listed):
        quote = module.source(texts[0])[-1]
        found.append(_next_to(use, texts[0], quote, new, quote))
    return found


def _twin(dotted: str) -> str:
    return f"{dotted.removesuffix(_STUBS)}_connect"


def _next_to(use: Import, node: ast.AST, *pieces: Piece) -> Edit:
    """One more in a list: behind this one, or on a line of its own before it, if this one has its own line."""
    module = use.module
    start, _ = module.span(node)
    before = module.text[module.line_span(module.line_of(start)).start : start]
    if before.strip():
        return insert_after(module, node, ", ", *pieces)
    return insert_before(module, node, *pieces, f",{module.newline}{before}")


def _listed(use: Import) -> list[ast.Constant]:
    """The texts in the module's `__all__`."""
    for node in use.module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(elts=texts) | ast.Tuple(elts=texts)):
                return [text for text in texts if isinstance(text, ast.Constant)]
    return []


def _star(use: Import, stubs: GrpcModule, statement: ast.ImportFrom) -> list[Edit]:
    module = use.module
    twin = (statement.level, _twin(statement.module or ""))
    if any(isinstance(one, ast.ImportFrom) and (one.level, one.module) == twin for one in module.nodes):
        return []
    start, end = module.span(statement)
    line, stop = module.line_span(module.line_of(start)), module.end_of_line(end)
    before = f"{module.newline}{module.text[line.start : start]}from {'.' * statement.level}"
    pieces = (before, GeneratedPath(stubs, statement.module or ""), " import *  # noqa: F401, F403")
    return [Edit(line._replace(start=stop, end=stop), pieces)]
