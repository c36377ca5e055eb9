"""G2C407: compressions are the runtime's.

    - channel = grpc.insecure_channel(target, compression=grpc.Compression.Gzip)
    + channel = insecure_channel(target, compression=Compression.Gzip)

Why: a channel with gzip compresses its requests as before. What is asked of a single call or of a server changes no
answer, only bytes on the wire, and is not done any more.

Native form: `send_compression=GzipCompression()` of a client.

Source: grpc.Compression (grpcio 1.85); connectrpc.compression (connectrpc 0.13), which has no deflate.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_CLASS = "grpc.Compression"
_NAMES = {_CLASS} | {path for path in api.MEMBERS if path.startswith(f"{_CLASS}.")}


@rule("G2C407", on=ApiUse, names=_NAMES, attribute="path")
def compression(use: ApiUse) -> Iterator[Outcome]:
    """Compressions are the runtime's."""
    rest = use.path.removeprefix(_CLASS)
    gone = rest == ".Deflate" and not isinstance(use.module.parents[use.node], ast.Compare)
    yield Bridged(
        edits.replace(use.module, use.node, runtime("Compression"), rest),
        why="the native form is send_compression of a client",
        mixed=False,
        finding="Connect has no deflate: messages are not compressed any more" if gone else "",
        advice="use gzip" if gone else "",
    )
    yield Bridged(why="some services here stay on gRPC, and the runtime takes grpcio's compressions as they are")
