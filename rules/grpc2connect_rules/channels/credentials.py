"""G2C404: TLS credentials become the runtime's.

    - credentials = grpc.ssl_channel_credentials(root_certificates=ca)
    + credentials = ssl_channel_credentials(root_certificates=ca)

Why: certificates go to the transport (`tls_ca_cert`, `tls_key`, `tls_cert`) or to the server; the runtime keeps
the gRPC signatures, so that code that makes credentials in one place and uses them in another stays as it is.

Left: credentials that no channel or server of the program is known to be made with.

Source: grpc.ssl_channel_credentials, grpc.ssl_server_credentials (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse


@rule(
    "G2C404",
    on=ApiUse,
    names={"grpc.ssl_channel_credentials", "grpc.ssl_server_credentials"},
    attribute="path",
)
def credentials(use: ApiUse) -> Iterator[Outcome]:
    """TLS credentials become the runtime's."""
    if not use.units:
        yield Left("it is not known what is made with these credentials", advice="make them where the channel is made")
        return
    name = use.path.rpartition(".")[2]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why="the native form is arguments of a transport")
