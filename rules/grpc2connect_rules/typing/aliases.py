"""G2C808: the names that `grpc.aio` has for types are the runtime's.

    - def channel(options: grpc.aio.ChannelArgumentType) -> grpc.aio.Channel:
    + def channel(options: ChannelArgumentType) -> AioChannel:

Why: they mean the same there; so grpcio need not be imported for an annotation.

Native form: what they stand for, as `Sequence[tuple[str, Any]]`.

    def channel(options: "grpc._Options | None" = None): ...

A name that only the type stubs of gRPC have (`grpc-stubs`, `types-grpcio`) stays: it does nothing when the program
runs, and what it stands for (options, metadata) is what moved code takes.

Source: grpc/aio/_typing.py, grpc/aio/_metadata.py (grpcio 1.85); grpc-stubs 1.53, types-grpcio 1.85.
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_OF_AIO = {f"grpc.aio.{name}" for name in api.AIO_TYPES}


@rule("G2C808", on=ApiUse, names=_OF_AIO | api.STUB_TYPES, attribute="path")
def alias(use: ApiUse) -> Iterator[Outcome]:
    """A name that `grpc.aio` has for a type is the runtime's; one that only type checkers know stays."""
    if use.path in api.STUB_TYPES:
        yield Bridged(why="only type checkers know this name, and it goes on meaning what it does")
        return
    name = use.path.rpartition(".")[2]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why="the same type under the same name")
