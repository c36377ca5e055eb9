"""What becomes of channel options and targets that connectrpc has nothing for (no rule of its own)."""

from __future__ import annotations

from grpc2connect.rules_api import GivenOptions, given_options, literals
from grpc2connect.rules_api.references import ChannelConstruction

_HONOURED = frozenset(
    {
        "grpc.enable_http_proxy",
        "grpc.max_receive_message_length",
        "grpc.max_send_message_length",
        "grpc.ssl_target_name_override",
    }
)
_HARMLESS = frozenset(
    {
        "SingleThreadedUnaryStream",
        "grpc.dns_min_time_between_resolutions_ms",
        "grpc.initial_reconnect_backoff_ms",
        "grpc.max_metadata_size",
        "grpc.max_reconnect_backoff_ms",
        "grpc.min_reconnect_backoff_ms",
        "grpc.optimization_target",
        "grpc.so_reuseport",
        "grpc.use_local_subchannel_pool",
    }
)
_HARMLESS_PREFIXES = ("grpc.keepalive_", "grpc.http2.")
_HARMLESS_VALUES: dict[str, object] = {
    "grpc.lb_policy_name": "pick_first",
    "grpc.enable_retries": 0,
}
_SCHEMES = frozenset({"dns", "ipv4", "ipv6", "passthrough"})
_SCHEMES_OF_GRPCIO = ("unix:", "unix-abstract:", "xds:", "google-c2p:", "vsock:")


def reasons_for_grpcio(channel: ChannelConstruction) -> list[str]:
    """Why grpcio must go on carrying the calls of a channel: a target or options that mean something to it alone."""
    given = channel.facts.arguments(channel.call) if channel.call else {}
    target = given.get(0, given.get("target"))
    found = [f"target {text!r}" for text in literals.texts(channel.module, target) if _is_of_grpcio(text)]
    for key, value in _options(channel).values.items():
        known = key in _HONOURED or key in _HARMLESS or key.startswith(_HARMLESS_PREFIXES)
        if not known and _HARMLESS_VALUES.get(key, ...) != value:
            found.append(f"option {key!r}")
    return sorted(set(found))


def _is_of_grpcio(target: str) -> bool:
    if any(map(str.isspace, target)):
        return False  # a help text, say, of the parser that a target comes from
    scheme, colon, rest = target.partition("://")
    if target.startswith(_SCHEMES_OF_GRPCIO) or "," in target or (colon and scheme not in _SCHEMES):
        return True
    return bool(colon) and not rest.startswith("/")  # a DNS server


def dropped(channel: ChannelConstruction) -> list[str]:
    """Options that have no effect any more, and need none."""
    return sorted(key for key in _options(channel).values if key not in _HONOURED)


def are_open(channel: ChannelConstruction) -> bool:
    """Whether a channel may have other options than those that are written out."""
    return _options(channel).open


def _options(channel: ChannelConstruction) -> GivenOptions:
    given = channel.facts.arguments(channel.call) if channel.call else {}
    position = 2 if channel.path.endswith("secure_channel") and "insecure" not in channel.path else 1
    return given_options(channel.facts, channel.module, given.get("options", given.get(position)))
