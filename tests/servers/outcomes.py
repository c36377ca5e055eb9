"""What came of a probe, as one word or a few: `ok`, a status code, or what else there is a name for."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import grpc
from connectrpc.errors import ConnectError

from .probes_connect import Limited
from .starting import NotStarted

OK = "ok"
LIMIT_S = 45.0


@dataclass(frozen=True)
class Outcome:
    """What came of a probe, and what was said about it."""

    name: str
    detail: str = ""


def outcome(probe: Callable[..., None], *arguments: Any) -> Outcome:
    """Run a probe, for so long as it may take; a thread that hangs is left behind."""
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.append(_run(probe, *arguments)), daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    return found[0] if found else Outcome("hangs")


def _run(probe: Callable[..., None], *arguments: Any) -> Outcome:
    try:
        probe(*arguments)
    except Exception as error:
        return named(error)
    return Outcome(OK)


def named(error: Exception) -> Outcome:
    """The outcome that an error stands for."""
    text = f"{type(error).__name__}: {error}"
    match error:
        case Limited():
            return Outcome(str(error))
        case NotStarted():
            return Outcome("does not start", str(error))
        case ConnectError():
            return Outcome(error.code.name, error.message)
        case grpc.RpcError():
            return Outcome(error.code().name, error.details() or "")
        case TimeoutError():
            return Outcome("hangs", text)
        case OSError() | http.client.HTTPException():
            return Outcome("closed", text)
        case ValueError():
            return Outcome("no JSON", text)
    return Outcome(type(error).__name__, text)


def joined(by_service: dict[str, Outcome]) -> Outcome:
    """One outcome for the same probe of several services: the one that they share, else that of each."""
    names = {one.name for one in by_service.values()}
    if len(names) == 1:
        return next(iter(by_service.values()))
    name = ", ".join(f"{service}: {one.name}" for service, one in sorted(by_service.items()))
    return Outcome(name, "; ".join(one.detail for one in by_service.values() if one.detail))


def is_one_of(found: Outcome, wanted: Collection[str]) -> bool:
    """Whether an outcome, or that of each service, is among those that may be."""
    each = [part.partition(": ")[2] for part in found.name.split(", ")]
    return found.name in wanted or all(name in wanted for name in each)
