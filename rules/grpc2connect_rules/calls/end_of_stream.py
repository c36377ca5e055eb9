"""G2C506: `read()` of a context or a call returns the runtime's `EOF` at the end of a stream.

    - while (note := await context.read()) is not grpc.aio.EOF:
    + while (note := await context.read()) is not EOF:

Native form: `async for note in request_iterator`, or `async for note in call`.

What stands in for a call or a context gives the runtime's too, where nothing stays on gRPC:

    - stream.read = AsyncMock(side_effect=[note, grpc.aio.EOF])
    + stream.read = AsyncMock(side_effect=[note, EOF])

Left: a comparison where it is not known what is read from in the function around it.

Source: grpc.aio.EOF (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse


@rule("G2C506", on=ApiUse, names={api.END_OF_STREAM}, attribute="path")
def end_of_stream(use: ApiUse) -> Iterator[Outcome]:
    """`read()` returns the runtime's `EOF` at the end of a stream."""
    if not use.units:
        if not isinstance(use.module.parents[use.node], ast.Compare):
            new = edits.replace(use.module, use.node, runtime("EOF"))
            yield Bridged(new, why="a stand-in for a call or a context gives it", mixed=False)
        yield Left("it is not known what is read from here", advice="compare where the context or the call is read")
        return
    yield Bridged(edits.replace(use.module, use.node, runtime("EOF")), why="the native form is async for")
