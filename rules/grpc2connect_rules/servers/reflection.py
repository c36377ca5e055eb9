"""G2C304: server reflection is enabled on the runtime's server.

    - reflection.enable_server_reflection(SERVICE_NAMES, server)
    + server.enable_reflection(SERVICE_NAMES)

Why: `connectrpc-grpcreflect` serves both versions of the protocol; the runtime converts the descriptors.

Reported: the package has to be installed. It is put beside `grpcio-reflection`, or `grpcio`, in what is required here.

Source: grpc_reflection.v1alpha.reflection (grpcio-reflection 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Outcome, api, edits, kinds, rule
from grpc2connect.rules_api.references import ApiUse


@rule("G2C304", on=ApiUse, names=set(api.REFLECTION), attribute="path")
def reflection(use: ApiUse) -> Iterator[Outcome]:
    """Server reflection is enabled on the runtime's server."""
    module, call = use.module, use.call
    if use.path == api.REFLECTION_NAME:
        text = '"grpc.reflection.v1alpha.ServerReflection"'
        yield Bridged(edits.replace(module, use.node, text), why="a constant", mixed=False)
        yield Bridged(why="a constant, where reflection may stay as well")
        return
    given = use.facts.arguments(call) if call else {}
    names, server = given.get(0, given.get("service_names")), given.get(1, given.get("server"))
    known = server is not None and any(isinstance(value, kinds.Server) for value in use.facts.values(server))
    if call is None or names is None or server is None or not known or _is_open(call):
        yield Left("reflection on an unknown server", advice="call enable_server_reflection(names, server) directly")
        return
    keywords = {keyword.value: keyword for keyword in call.keywords}
    yield Bridged(
        [
            edits.replace(module, call.func, *edits.operand(module, server), ".enable_reflection"),
            edits.delete_argument(module, call, keywords.get(server, server)),
        ],
        why="the native form is a connectrpc-grpcreflect application",
        finding="reflection needs the package connectrpc-grpcreflect, without which the server does not start",
        advice="it is required now where grpcio-reflection was; install it where nothing requires that",
    )


def _is_open(call: ast.Call) -> bool:
    """Whether some arguments are unpacked."""
    return any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords)
