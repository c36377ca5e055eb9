"""G2C401, G2C402: a channel becomes the runtime's channel.

Why: the runtime's channel makes Connect clients that speak gRPC to old and new servers alike, with one transport,
closed where the channel was closed, with grpcio's limits, and with `asyncio` cancellation kept.

    - with grpc.insecure_channel("localhost:50051") as channel:
    + with insecure_channel("localhost:50051") as channel:

The native form is a client with a transport of its own: `GreeterClientSync("http://localhost:50051", ...)`.

Reported: options without effect (keepalive pings, backoff).
Left: channels on which no stub of a known service is made, or with credentials of unknown origin; targets and options
that only grpcio understands (`unix:`, `xds:`, several addresses; service configs, load balancing, proxies).

Source: grpc.insecure_channel, grpc.secure_channel, grpc.aio (grpcio 1.85); pyqwest 0.12.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, kinds, rule, runtime
from grpc2connect.rules_api.references import ChannelConstruction, ChannelUse
from grpc2connect_rules.channels.options import blocking, dropped

_NAMES = {
    "grpc.insecure_channel": "insecure_channel",
    "grpc.secure_channel": "secure_channel",
    "grpc.aio.insecure_channel": "aio_insecure_channel",
    "grpc.aio.secure_channel": "aio_secure_channel",
}


@rule("G2C401", on=ChannelConstruction)
def construction(channel: ChannelConstruction) -> Iterator[Outcome]:
    """A channel becomes the runtime's channel."""
    given = channel.facts.arguments(channel.call) if channel.call else {}
    if "**" in given:
        yield Left("it is not known what this channel is made with", advice="pass its arguments one by one")
        return
    if (reason := blocking(channel)) is not None:
        yield Left(f"a channel with {reason} stays on gRPC", advice="drop it, or keep this service on gRPC")
        return
    if channel.path.endswith(".secure_channel") and not _is_tls(channel, given.get(1, given.get("credentials"))):
        yield Left(
            "it is not known what credentials this channel is made with",
            advice="make them by grpc.ssl_channel_credentials where the channel is made",
        )
        return
    if not any(service.name for service in channel.units):
        yield Left("no stub of a known service is made on this channel", advice="annotate what takes it: grpc.Channel")
        return
    without = dropped(channel)
    yield Bridged(
        edits.replace(channel.module, channel.node, runtime(_NAMES[channel.path])),
        why="the native form is a client with a transport of its own",
        finding=f"no effect any more: {', '.join(without)}" if without else "",
        advice="delete them" if without else "",
    )


def _is_tls(channel: ChannelConstruction, credentials: ast.expr | None) -> bool:
    values = channel.facts.values(credentials) if credentials is not None else frozenset()
    return any(isinstance(value, kinds.Credentials) for value in values)


@rule("G2C402", on=ChannelUse)
def use(channel: ChannelUse) -> Iterator[Outcome]:
    """The methods of a channel are those of the runtime's channel."""
    if channel.name in api.CHANNEL_METHODS:
        yield Bridged(why="a method of the runtime's channel")
    else:
        yield Left(f"channel.{channel.name} has no equivalent", advice="use a generated stub instead")
