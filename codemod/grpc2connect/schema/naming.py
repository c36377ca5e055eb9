"""Names as `protoc-gen-connectrpc` 0.13 spells them.

Source of the facts: `_pascal_to_snake_case`, `_KEYWORDS` and `_module_name` of `protoc_gen_connectrpc`, and
`escape_public_identifier` of `protobuf._sanitization`. The tests hold them against the real plugin.
"""

from __future__ import annotations

import re

_KEYWORDS = """
False None True and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield
"""
HARD_KEYWORDS = frozenset(_KEYWORDS.split())
"""The 35 hard keywords, written out so that the answer does not depend on the Python that runs the tool."""

CLIENT_NAMES = frozenset(
    {"desc", "execute_unary", "execute_client_stream", "execute_server_stream", "execute_bidi_stream"}
)
"""Attributes of the generated classes' bases that no RPC may take; the plugin escapes them like keywords."""

_BEFORE_WORD = re.compile("([^_])([A-Z][a-z]+)")
_AFTER_LOWER = re.compile("([a-z])([A-Z])")


def method_name(rpc: str) -> str:
    """The Python method that serves and calls the RPC named `rpc`: `GetHTTPUrl` is `get_http_url`."""
    name = _AFTER_LOWER.sub(r"\1_\2", _BEFORE_WORD.sub(r"\1_\2", rpc)).lower()
    return _escape(name, HARD_KEYWORDS | CLIENT_NAMES)


def service_name(service: str) -> str:
    """The Python class of the service named `service`; other classes add a suffix to it."""
    return _escape(service, HARD_KEYWORDS)


def module_name(proto: str, suffix: str) -> str:
    """The dotted module that protoc's Python generators make of the file `proto`: `a/b-c.proto` is `a.b_c` + suffix."""
    return proto.removesuffix(".proto").replace("-", "_").replace("/", ".") + suffix


def _escape(name: str, reserved: frozenset[str]) -> str:
    if name.rstrip("_") in reserved:
        name += "_"
    if name.startswith(("_", "pb_")):
        name = "pb_" + name
    return name
