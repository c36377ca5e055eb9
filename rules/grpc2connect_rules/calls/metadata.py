"""G2C507: the metadata of `grpc.aio` is the runtime's.

    - metadata = grpc.aio.Metadata(("x-tenant", tenant))
    + metadata = Metadata(("x-tenant", tenant))

Native form: `connectrpc.request.Headers`, or a dict of str where no key comes twice.

Source: grpc.aio.Metadata (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_CLASS = "grpc.aio.Metadata"


@rule("G2C507", on=ApiUse, names={_CLASS, f"{_CLASS}.from_tuple"}, attribute="path")
def metadata(use: ApiUse) -> Iterator[Outcome]:
    """The metadata of `grpc.aio` is the runtime's."""
    rest = use.path.removeprefix(_CLASS)
    yield Bridged(
        edits.replace(use.module, use.node, runtime("Metadata"), rest), why="the native form is Headers", mixed=False
    )
    yield Bridged(why="some services here stay on gRPC, and the runtime takes grpcio's metadata as it is")
