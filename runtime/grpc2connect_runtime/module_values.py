"""What a generated module becomes where it goes as a value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["generated_names"]


def generated_names(**names: Any) -> SimpleNamespace:
    """Return what stands in for a generated `*_pb2_grpc` module where that goes as a value.

    Args:
        names: for a name of that module what has become of it: of a stub what `stub_class` gives, of a registration the
            generated `XASGIApplication`.

    Its names are called as before: a stub's with a channel, a registration's with a servicer and a server.

    Native form: the `*_connect` module, and its own names where the value is used.

    Source: generated modules (grpcio-tools 1.85).
    """
    return SimpleNamespace(**names)
