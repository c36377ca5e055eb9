"""G2C809: the servers and channels of `grpc_testing` are the runtime's.

    - import grpc_testing
    - server = grpc_testing.server_from_dictionary(servicers, grpc_testing.strict_real_time())
    + from grpc2connect_runtime.testing import server_from_dictionary, strict_real_time
    + server = server_from_dictionary(servicers, strict_real_time())

Why: a test goes on playing the client of its handlers, by descriptors, with the same methods (`invoke_unary_unary` and
the other three, `take_response`, `termination`). Handlers have moved, and run behind a real server on a free port.

    server = server_from_dictionary(servicers, strict_real_time(), codes=grpc.StatusCode)

Where some services of the program stay on gRPC, tests go on comparing with `grpc.StatusCode`, so `termination` returns
its members.

    - channel = grpc_testing.channel(services, grpc_testing.strict_real_time())
    + channel = channel(services, strict_real_time())

On a channel a test goes on playing the server of its stubs, now clients (`take_unary_unary`, `terminate`).

With a time that the test sets (`strict_fake_time`), the deadlines of its RPCs and the time left that handlers see go by
that.

Native form: `testing.serving` and a generated client, or a fake servicer.

Left: a class that derives from a server or a channel of `grpc_testing`.

Source: grpc_testing (grpcio-testing 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import GRPC_STATUS_CODE, Bridged, Left, Outcome, api, edits, rule, testing
from grpc2connect.rules_api.references import ApiUse

_NAMES = {
    api.TEST_SERVER: "server_from_dictionary",
    api.TEST_CHANNEL: "channel",
    "grpc_testing.strict_fake_time": "strict_fake_time",
    "grpc_testing.strict_real_time": "strict_real_time",
    "grpc_testing.Channel": "TestChannel",
    "grpc_testing.Server": "TestServer",
    "grpc_testing.Time": "Time",
    "grpc_testing.UnaryUnaryServerRpc": "UnaryServerRpc",
    "grpc_testing.StreamUnaryServerRpc": "UnaryServerRpc",
    "grpc_testing.UnaryStreamServerRpc": "StreamServerRpc",
    "grpc_testing.StreamStreamServerRpc": "StreamServerRpc",
    "grpc_testing.UnaryUnaryChannelRpc": "ChannelRpc",
    "grpc_testing.StreamUnaryChannelRpc": "ChannelRpc",
    "grpc_testing.UnaryStreamChannelRpc": "ChannelRpc",
    "grpc_testing.StreamStreamChannelRpc": "ChannelRpc",
}
_WHY = "the native form is testing.serving and a generated client"
_OPEN = frozenset({"grpc_testing.Time"})
"""What classes may derive from: the runtime's has the same methods."""


@rule("G2C809", on=ApiUse, names={*_NAMES}, attribute="path")
def played(use: ApiUse) -> Iterator[Outcome]:
    """The servers and channels of `grpc_testing` are the runtime's."""
    module = use.module
    parent = module.parents[use.node]
    if isinstance(parent, ast.ClassDef) and use.path not in _OPEN:
        yield Left(f"a class derives from {use.path}", advice="wrap one instead of being one")
    else:
        new = edits.replace(module, use.node, testing(_NAMES[use.path]))
        yield Bridged(new, why=_WHY, mixed=use.path != api.TEST_SERVER)
        if use.path == api.TEST_SERVER and use.call is not None:
            codes = edits.append_argument(module, use.call, "codes=", GRPC_STATUS_CODE)
            yield Bridged([new, codes], why=_WHY)
        elif use.path == api.TEST_SERVER:
            yield Left("it is not called where it is named", advice="call it there, then run again")
