"""G2C401, G2C402: a channel becomes the runtime's channel.

Why: the runtime's channel makes Connect clients that speak gRPC to old and new servers alike, with one transport,
closed where the channel was closed, with grpcio's limits, and with `asyncio` cancellation kept.

    - with grpc.insecure_channel("localhost:50051") as channel:
    + with insecure_channel("localhost:50051") as channel:

With `--native`, a channel that is made in one place of a plain `host:port`, without options, only for stubs that are
called at once, becomes the transport of clients of their own (docs/native.md):

    - with grpc.insecure_channel("localhost:50051") as channel:
    + with SyncHTTPTransport(http_version=HTTPVersion.HTTP2) as channel:

Not where a handler is near (which tells failed calls from its own errors), and not where the channel, or a stub on it,
goes where it is not followed.

Bridged on grpcio's transport: what only grpcio has. The runtime's channel then makes a channel of grpcio below it, and
has the same clients, calls and interceptors: targets such as `unix:`, `xds:` and several addresses, service configs
(retries, timeouts), load balancing, proxies, user agents, credentials of grpcio's own. grpcio must stay installed; it
is imported when such a channel is made. `G2C_WIRE=grpcio` or `connect` in the environment chooses for all channels.

Arguments that are unpacked (`**options`) go on as they are: the runtime's functions have grpcio's names for them, and
look at what they hold when the channel is made.

Reported: channels that stay on grpcio's transport; options without effect (keepalive pings, backoff), and options that
are not written out, among which such may be.
A channel on which no stub of a known service is made moves where something near it does: stubs that stay on gRPC are
made on the runtime's channel as well. In a part of the program without any service (modules that no import connects
with others) it moves together with all of that part: everything there must have a form to move to, and every channel
and server must be used there, and go nowhere where it is not seen.

    - echo = channel.unary_unary("/test.Echo/Echo", request_serializer=encode)
    + echo = calls_on(channel).unary_unary("/test.Echo/Echo", request_serializer=encode)

Calls by path have the runtime's codes, errors and metadata then; where some services stay on gRPC, grpcio's.

Attributes that the program itself gives to its channels stay as they are, and so do those that no channel has: they are
of an object of the program's own, or raise the same error as before. So do `channel._interceptor` and
`channel._channel._interceptor`, by which tests look at what `grpc.intercept_channel` made; the lists of interceptors of
an aio channel (`channel._unary_unary_interceptors.append(...)`); `channel._channel.check_connectivity_state(...)`; and
`channel._channel.target()`.

Left: such a channel where nothing moves, or of which more is used than a channel's public methods.

Source: grpc.insecure_channel, grpc.secure_channel, grpc.aio (grpcio 1.85); pyqwest 0.12.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    HTTP_TRANSPORT,
    HTTP_VERSION,
    SYNC_HTTP_TRANSPORT,
    Bridged,
    Left,
    Native,
    Outcome,
    api,
    edits,
    kinds,
    rule,
    runtime,
)
from grpc2connect.rules_api.references import ChannelConstruction, ChannelUse
from grpc2connect_rules.channels.options import are_open, dropped, reasons_for_grpcio

_OF_THE_CORE = frozenset({"check_connectivity_state", "target"})
"""What the channel below the runtime's has of that below grpcio's."""

_OF_THE_RUNTIME = "client"
"""Its channel makes clients of what has moved before; who it is shared with may move later."""


@rule("G2C401", on=ChannelConstruction)
def construction(channel: ChannelConstruction) -> Iterator[Outcome]:
    """A channel becomes the runtime's channel."""
    given = channel.facts.arguments(channel.call) if channel.call else {}
    if (native := channel.facts.native_channel(channel.node)) is not None:
        transport = HTTP_TRANSPORT if native.aio else SYNC_HTTP_TRANSPORT
        yield Native(
            edits.replace(channel.module, native.call, transport, "(http_version=", HTTP_VERSION, ".HTTP2)"),
            why="its stubs are clients with a transport of their own",
            finding="what the runtime's channel does beside making clients is given up here",
            advice="see docs/native.md, or migrate without --native",
            native=native.together,
            mixed=False,
            asked=True,
        )
    finding, advice = _reported(channel, given.get(1, given.get("credentials", given.get("**"))))
    yield Bridged(
        edits.replace(channel.module, channel.node, runtime(api.RUNTIME_NAMES[channel.path])),
        why="the native form is a client with a transport of its own",
        finding=finding,
        advice=advice,
    )
    if not any(service.name for service in channel.units):
        yield Left("no stub of a known service is made on this channel", advice="annotate what takes it: grpc.Channel")


def _reported(channel: ChannelConstruction, credentials: ast.expr | None) -> tuple[str, str]:
    """What is said of a channel, and what to do."""
    keep = "keep grpcio installed"
    if reasons := reasons_for_grpcio(channel):
        return f"its calls stay on grpcio's transport, for {', '.join(reasons)}", keep
    if channel.path.endswith(".secure_channel") and not _is_known(channel, credentials):
        return "its calls stay on grpcio's transport if its credentials are grpcio's own", keep
    if without := dropped(channel):
        return f"no effect any more: {', '.join(without)}", "delete them"
    if are_open(channel):
        return (
            "which options it has shows only when it runs, and keepalive pings and backoff have no effect any more",
            "where they matter, set G2C_WIRE=grpcio in the environment, and keep grpcio installed",
        )
    return "", ""


def _is_known(channel: ChannelConstruction, credentials: ast.expr | None) -> bool:
    values = channel.facts.values(credentials) if credentials is not None else frozenset()
    return any(isinstance(kinds.unwrapped(value), kinds.Credentials) for value in values)


def _is_made_here(channel: ChannelUse) -> bool:
    """Whether a method is surely one of channels that the program makes."""
    assert isinstance(channel.node, ast.Attribute)
    values = channel.facts.values(channel.node.value)
    return bool(values) and all(isinstance(value, kinds.Channel) and value.site for value in values)


def _is_of_interception(channel: ChannelUse) -> bool:
    """Whether tests look at the interceptor of a channel, or at that of one below it."""
    node: ast.AST | None = channel.node
    while isinstance(node, ast.Attribute) and node.attr == "_channel":
        node = channel.module.parents.get(node)
    return isinstance(node, ast.Attribute) and node.attr == "_interceptor"


def _is_of_aio(channel: ChannelUse) -> bool:
    """Whether a channel is an aio one, as far as it is known."""
    return all(value.aio for value in _owners(channel) if isinstance(value, kinds.Channel))


def _is_asked_of_its_core(channel: ChannelUse) -> bool:
    """Whether what is below a sync channel is only asked for state or target: `channel._channel.target()`."""
    above = channel.module.parents[channel.node]
    asked = isinstance(above, ast.Attribute) and above.attr in _OF_THE_CORE
    return asked and channel.name == "_channel" and not any(getattr(one, "aio", False) for one in _owners(channel))


def _owners(channel: ChannelUse) -> kinds.Values:
    """What it can be that is asked for a method."""
    return channel.facts.values(channel.node.value) if isinstance(channel.node, ast.Attribute) else kinds.NOTHING


def _has_none(name: str) -> bool:
    """Whether channels have no attribute of a name: with grpcio as with the runtime, to ask for it raises an error."""
    return not (name.startswith("__") or name in api.CHANNEL_PRIVATE or name in api.INTERCEPTOR_LISTS
                or name in api.RUNTIME_ATTRIBUTES)  # fmt: skip


@rule("G2C402", on=ChannelUse)
def use(channel: ChannelUse) -> Iterator[Outcome]:
    """The methods of a channel are those of the runtime's channel."""
    native = channel.facts.native_channel(channel.node)
    if native is not None and isinstance(channel.node, ast.Attribute):
        closed = edits.rename_attribute(channel.module, channel.node, "aclose") if native.aio else ()
        yield Native(closed, native=native.together, mixed=False, asked=True)
    if channel.name in api.CALLS_BY_PATH and _is_made_here(channel):
        assert isinstance(channel.node, ast.Attribute)
        change = edits.wrap(channel.module, channel.node.value, (runtime("calls_on"), "("), ")")
        yield Bridged(change, why="the native form is a generated client", mixed=False)
    if channel.name in api.CHANNEL_METHODS or channel.name == _OF_THE_RUNTIME:
        yield Bridged(why="a method of the runtime's channel")
    elif channel.name in api.TEST_CHANNEL_METHODS:
        yield Bridged(why="a method of the channels of testing, which grpc_testing made")
    elif _is_of_interception(channel):
        yield Bridged(why="a field of the runtime's intercepted channels, which have those of grpcio's")
    elif channel.name in api.INTERCEPTOR_LISTS and _is_of_aio(channel):
        yield Bridged(why="a list of the runtime's channels, which have those of grpcio's")
    elif _is_asked_of_its_core(channel):
        yield Bridged(why="below a channel of the runtime is one that knows its state and target, as below grpcio's")
    elif _has_none(channel.name):
        yield Bridged(why="grpcio's channels have no such attribute, nor have the runtime's: it is of another object")
    elif channel.facts.is_own(kinds.Channel, channel.name):
        yield Bridged(why="an attribute of the program's own")
    else:
        yield Left(f"channel.{channel.name} has no equivalent", advice="use a generated stub instead")
