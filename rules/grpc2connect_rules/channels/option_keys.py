"""G2C411: the keys of channel options that grpcio names are written out.

    - options=[(cygrpc.ChannelArgKey.max_send_message_length, -1)]
    + options=[(b"grpc.max_send_message_length", -1)]

    - options=[(grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)]
    + options=[("SingleThreadedUnaryStream", 1)]

Why: that is what they are. The runtime takes keys of bytes as well as texts, as grpcio does. The second says how grpcio
waits for the messages of a stream, and changes nothing that a caller sees; grpcio's transport goes on taking it.

Source: grpc._cython.cygrpc.ChannelArgKey, grpc.experimental.ChannelOptions (grpcio 1.85).
"""

from __future__ import annotations

from collections.abc import Iterator

from grpc2connect.rules_api import Native, Outcome, edits, rule
from grpc2connect.rules_api.references import ApiUse

_CLASS = "grpc._cython.cygrpc.ChannelArgKey"
_KEYS = {
    "default_authority": "grpc.default_authority",
    "enable_census": "grpc.census",
    "http2_initial_sequence_number": "grpc.http2.initial_sequence_number",
    "max_concurrent_streams": "grpc.max_concurrent_streams",
    "max_receive_message_length": "grpc.max_receive_message_length",
    "max_send_message_length": "grpc.max_send_message_length",
    "primary_user_agent_string": "grpc.primary_user_agent",
    "secondary_user_agent_string": "grpc.secondary_user_agent",
    "ssl_session_cache": "grpc.ssl_session_cache",
    "ssl_target_name_override": "grpc.ssl_target_name_override",
}


_WRITTEN = {f"{_CLASS}.{name}": f'b"{key}"' for name, key in _KEYS.items()}
_WRITTEN["grpc.experimental.ChannelOptions.SingleThreadedUnaryStream"] = '"SingleThreadedUnaryStream"'


@rule("G2C411", on=ApiUse, names=set(_WRITTEN), attribute="path")
def option_key(use: ApiUse) -> Iterator[Outcome]:
    """The keys of channel options that grpcio names are written out."""
    yield Native(edits.replace(use.module, use.node, _WRITTEN[use.path]))
