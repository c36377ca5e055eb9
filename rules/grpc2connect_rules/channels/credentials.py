"""G2C404, G2C408, G2C409: credentials, of channels, servers and single calls, become the runtime's.

    - credentials = grpc.ssl_channel_credentials(root_certificates=ca)
    + credentials = ssl_channel_credentials(root_certificates=ca)
    - credentials = grpc.composite_channel_credentials(credentials, grpc.metadata_call_credentials(plugin))
    + credentials = composite_channel_credentials(credentials, metadata_call_credentials(plugin))

Why: certificates go to the transport (`tls_ca_cert`, `tls_key`, `tls_cert`) or to the server; the runtime keeps
the gRPC signatures, so that code that makes credentials in one place and uses them in another stays as it is. Plugins
of call credentials are called before each call, as gRPC calls them.

Native form: arguments of a transport, and a connectrpc interceptor that adds the metadata.

Bridged, as they are: the classes of plugins where some services of the program stay, as the runtime takes any
callable; credentials that only grpcio has (ALTS, local, xDS, Compute Engine, certificates that change), and caches of
TLS sessions. The runtime's channel and server take those too, and grpcio, which must stay installed, carries the calls
and serves the port.

Left: credentials of which it is not known what is made with them, with all that may be made with them; those that
nothing takes are harmless.

Source: grpc.ssl_channel_credentials, grpc.ssl_server_credentials, grpc.composite_channel_credentials,
grpc.metadata_call_credentials, grpc.AuthMetadataPlugin (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, rule, runtime
from grpc2connect.rules_api.references import ApiUse

_CONNECTION = "grpc.LocalConnectionType"
_ARGUMENTS = {
    _CONNECTION,
    f"{_CONNECTION}.UDS",
    f"{_CONNECTION}.LOCAL_TCP",
    "grpc.experimental.session_cache.ssl_session_cache_lru",
    "grpc.ssl_server_certificate_configuration",
}
_OF_GRPCIO = set(api.GRPCIO_S_CREDENTIALS) | _ARGUMENTS
_MADE_OF_OTHERS = {
    "grpc.compute_engine_channel_credentials",
    "grpc.xds_channel_credentials",
    "grpc.xds_server_credentials",
}
_PLUGINS = {"grpc.AuthMetadataContext", "grpc.AuthMetadataPlugin", "grpc.AuthMetadataPluginCallback"}


@rule("G2C404", on=ApiUse, names=set(api.CREDENTIALS), attribute="path")
def credentials(use: ApiUse) -> Iterator[Outcome]:
    """Credentials become the runtime's."""
    if not use.units and not _is_dropped(use):
        yield Left("it is not known what is made with these credentials", advice="make them where the channel is made")
        return
    native = "an interceptor" if api.CREDENTIALS[use.path] == "call" else "arguments of a transport"
    name = api.RUNTIME_NAMES[use.path]
    yield Bridged(edits.replace(use.module, use.node, runtime(name)), why=f"the native form is {native}")


def _is_dropped(use: ApiUse) -> bool:
    """Whether nothing is made with them: nobody takes them, or a local name does that is never read."""
    match use.module.parents[use.call] if use.call else None:
        case ast.Expr():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) as statement:
            function = use.facts.function_around(use.module, statement)
            nodes = ast.walk(function) if function is not None else ()
            named = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
            shared = (node for node in use.module.nodes if isinstance(node, ast.Global | ast.Nonlocal))
            return named == [statement.targets[0]] and not any(name in node.names for node in shared)
    return False


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


@rule("G2C409", on=ApiUse, names=_OF_GRPCIO, attribute="path")
def of_grpcio(use: ApiUse) -> Iterator[Outcome]:
    """Credentials that only grpcio has stay its own, and the runtime's channels and servers take them."""
    if use.path in _ARGUMENTS:
        yield Bridged(why="an argument of credentials that only grpcio has")
        return
    name = use.path.rpartition(".")[2]
    yield Bridged(
        # What they are made of may be the runtime's.
        edits.replace(use.module, use.node, runtime(name)) if use.path in _MADE_OF_OTHERS else (),
        why="grpcio carries the calls of the runtime's channel, or serves the port of its server, then",
        finding="calls with these credentials stay on grpcio's transport",
        advice="keep grpcio installed",
    )
