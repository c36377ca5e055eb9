"""G2C204: a status that is made by hand derives from the runtime's.

    - class _Status(collections.namedtuple("_Status", "code details trailing_metadata"), grpc.Status):
    + class _Status(collections.namedtuple("_Status", "code details trailing_metadata"), Status):

Native form: `raise ConnectError(code, message, details=[...])`, without a status object.

Source: grpc.Status, grpc.ServicerContext.abort_with_status (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse


@rule("G2C204", on=ApiUse, names={"grpc.Status"}, attribute="path")
def made(use: ApiUse) -> Iterator[Outcome]:
    """A status that is made by hand derives from the runtime's."""
    yield Bridged(
        edits.replace(use.module, use.node, runtime("Status")), why="the native form is an exception", mixed=False
    )
    yield Bridged(why="some services here stay on gRPC, and the runtime takes grpcio's statuses as they are")
