"""Metadata as calls of `grpc.aio` take and give it: a mapping of keys to several values each."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterable, Iterator, KeysView, ValuesView
from typing import Any, Self

from .metadata import Metadatum

__all__ = ["Metadata"]

Value = str | bytes


class Metadata(Collection[Metadatum]):
    """Pairs of a key and a value, in order; a key may have several values.

    Args:
        pairs: what it holds at first.

    Native form: `connectrpc.request.Headers`, or a dict of str where no key comes twice.

    Source: `grpc.aio.Metadata`, grpcio 1.85.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *pairs: tuple[str, Value]) -> None:
        """Hold some pairs."""
        self._values: dict[str, list[Value]] = {}
        for key, value in pairs:
            self.add(key, value)

    @classmethod
    def from_tuple(cls, raw_metadata: Iterable[tuple[str, Value]]) -> Self:
        """Return metadata of the pairs in a tuple, which may be empty or None."""
        return cls(*(raw_metadata or ()))

    def add(self, key: str, value: Value) -> None:
        """Add a value to those of a key."""
        self._values.setdefault(key, []).append(value)

    def get(self, key: str, default: Value | None = None) -> Value | None:
        """Return the first value of a key."""
        values = self._values.get(key)
        return values[0] if values else default

    def get_all(self, key: str) -> list[Value]:
        """Return all values of a key."""
        return self._values.get(key, [])

    def set_all(self, key: str, values: list[Value]) -> None:
        """Replace all values of a key."""
        self._values[key] = values

    def delete_all(self, key: str) -> None:
        """Drop a key; raises KeyError if it is not there."""
        del self._values[key]

    def keys(self) -> KeysView[str]:
        """Return the keys, each once."""
        return self._values.keys()

    def values(self) -> ValuesView[list[Value]]:
        """Return the values of each key."""
        return self._values.values()

    def items(self) -> ItemsView[str, list[Value]]:
        """Return each key with its values."""
        return self._values.items()

    def __getitem__(self, key: str) -> Value:
        if not (values := self._values[key]):
            raise KeyError(repr(key))
        return values[0]

    def __setitem__(self, key: str, value: Value) -> None:
        self._values[key] = [value, *self.get_all(key)[1:]]

    def __delitem__(self, key: str) -> None:
        if not (values := self.get_all(key)):
            raise KeyError(repr(key))
        del values[0]
        if not values:
            del self._values[key]

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def __iter__(self) -> Iterator[Metadatum]:
        return (Metadatum(key, value) for key, values in self._values.items() for value in values)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._values

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Metadata):
            return self._values == other._values
        if type(other).__name__ == "Metadata" and isinstance(other, Iterable):  # grpcio's, in code that has not moved
            return list(self) == list(other)
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __add__(self, other: Any) -> Metadata:
        return Metadata(*self, *other) if isinstance(other, Metadata | tuple) else NotImplemented

    def __repr__(self) -> str:
        return f"Metadata({tuple(tuple(pair) for pair in self)!r})"
