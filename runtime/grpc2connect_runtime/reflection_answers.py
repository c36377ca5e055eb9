"""Reflection as grpcio-reflection does it: it lists the names that were given, and says in its words what is wrong.

`connectrpc-grpcreflect` lists both reflection services whether or not they were named, gives no file twice in a stream
of requests, and ends the stream at a request that asks for nothing.

Source: `grpc_reflection.v1alpha._base` and `reflection`, grpcio-reflection 1.85.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from protobuf import Oneof

__all__ = ["Answers"]

_NOT_FOUND = "not found"
_INVALID = (3, "invalid argument")


class Answers:
    """Server reflection, of either version, for services by their names."""

    def __init__(self, names: list[str], inner: Any) -> None:
        """`inner` is `connectrpc-grpcreflect`'s service; it knows the descriptors, which are of protobuf-py."""
        self._names = sorted(names)
        self._inner = inner

    async def server_reflection_info(self, request: AsyncIterator[Any], ctx: Any, /) -> AsyncIterator[Any]:
        """Answer each request by itself."""
        async for one in request:
            asked = _question(one)
            async for answer in self._inner.server_reflection_info(_alone(asked), ctx):
                yield _as_grpcio(answer, one, self._names)


def _question(request: Any) -> Any:
    """The request, or one for a symbol that nobody has where it asks for nothing."""
    if request.message_request is None:
        return type(request)(message_request=Oneof("file_containing_symbol", ""))
    return request


async def _alone(request: Any) -> AsyncIterator[Any]:
    yield request


def _as_grpcio(answer: Any, request: Any, names: list[str]) -> Any:
    answer.valid_host = ""
    answer.original_request = request
    match answer.message_response:
        case Oneof("list_services_response", listed):
            one = type(listed.service[0])
            listed.service = [one(name=name) for name in names]
        case Oneof("error_response", error):
            error.error_message = _NOT_FOUND
            if request.message_request is None:
                error.error_code, error.error_message = _INVALID
    return answer
