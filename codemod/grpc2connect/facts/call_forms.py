"""Which of grpcio's classes of errors the calls of a program can raise, besides those of one class."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import api

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.syntax import Module

_BY_PATH = {
    api.UNARY: (".unary_unary(", ".stream_unary("),
    api.STREAM: (".unary_stream(", ".stream_stream(", ".future("),
}
_AIO = ("grpc.aio", "import aio", "grpc_aio")


class CallForms:
    """Knows, for each part of the program, what kinds of calls it may make."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def are_more(self, module: Module, forms: AbstractSet[str]) -> bool:
        """Whether a module's part of the program may make calls that raise errors of other forms than these."""
        return not self._of_part.get(self._facts.component(module), frozenset()) <= forms

    @cached_property
    def _of_part(self) -> dict[object, frozenset[str]]:
        found: dict[object, set[str]] = {}
        for service, stubs in self._facts.stubs_of.items():
            forms = {api.STREAM if method.server_streaming else api.UNARY for method in service.methods}
            found.setdefault(self._facts.component(stubs.key), set()).update(forms)
        for module in self._facts.program.modules():
            found.setdefault(self._facts.component(module), set()).update(_spelled(module.text))
        return {part: frozenset(forms) for part, forms in found.items()}


def _spelled(text: str) -> Iterator[str]:
    """The kinds of calls that a text can make by what is spelled in it; "aio" is any that is awaited."""
    yield from (form for form, words in _BY_PATH.items() if any(word in text for word in words))
    if any(word in text for word in _AIO):
        yield "aio"
