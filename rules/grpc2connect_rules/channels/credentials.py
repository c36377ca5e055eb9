"""G2C404, G2C408: credentials, of channels, servers and single calls, become the runtime's.

    - credentials = grpc.ssl_channel_credentials(root_certificates=ca)
    + credentials = ssl_channel_credentials(root_certificates=ca)
    - credentials = grpc.composite_channel_credentials(credentials, grpc.metadata_call_credentials(plugin))
    + credentials = composite_channel_credentials(credentials, metadata_call_credentials(plugin))

Why: certificates go to the transport (`tls_ca_cert`, `tls_key`, `tls_cert`) or to the server; the runtime keeps
the gRPC signatures, so that code that makes credentials in one place and uses them in another stays as it is. Plugins
of call credentials are called before each call, as gRPC calls them.

Native form: arguments of a transport, and a connectrpc interceptor that adds the metadata.

Bridged, as they are: the classes of plugins where some services of the program stay; the runtime takes any callable.

Left: credentials of which it is not known what is made with them, with all that may be made with them.

Source: grpc.ssl_channel_credentials, grpc.ssl_server_credentials, grpc.composite_channel_credentials,
grpc.metadata_call_credentials, grpc.AuthMetadataPlugin (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_PLUGINS = {"grpc.AuthMetadataContext", "grpc.AuthMetadataPlugin", "grpc.AuthMetadataPluginCallback"}


@rule("G2C404", on=ApiUse, names=set(api.CREDENTIALS), attribute="path")
def credentials(use: ApiUse) -> Iterator[Outcome]:
    """Credentials become the runtime's."""
    if not use.units:
        yield Left("it is not known what is made with these credentials", advice="make them where the channel is made")
        return
    native = "an interceptor" if api.CREDENTIALS[use.path] == "call" else "arguments of a transport"
    name = use.path.rpartition(".")[2]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why=f"the native form is {native}")


@rule("G2C408", on=ApiUse, names=_PLUGINS, attribute="path")
def plugin(use: ApiUse) -> Iterator[Outcome]:
    """Plugins of call credentials are those of the runtime."""
    name = use.path.rpartition(".")[2]
    yield Bridged(
        edits.replace(use.module, use.node, runtime(name)),
        why="the native form is an interceptor of connectrpc",
        mixed=False,
    )
    yield Bridged(why="some services here stay on gRPC, and the runtime takes any callable for a plugin")
