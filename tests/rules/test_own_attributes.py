"""What the runtime's objects have besides grpcio's is known: a program's own attribute must not take its place."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio
import pytest

import grpc2connect_runtime as runtime
from grpc2connect.facts import api
from grpc2connect_runtime.aio_context import AioServicerContext
from grpc2connect_runtime.context import ServicerContext


def _public(*owners: Any) -> set[str]:
    return {name for owner in owners for name in dir(owner) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((runtime.Server(None), runtime.AioServer), (grpc.Server, grpc.aio.Server)),
        (
            (runtime.insecure_channel("localhost:1"), runtime.aio_insecure_channel("localhost:1")),
            (grpc.Channel, grpc.aio.Channel),
        ),
        ((ServicerContext, AioServicerContext), (grpc.ServicerContext, grpc.aio.ServicerContext)),
    ],
    ids=["servers", "channels", "contexts"],
)
def test_every_attribute_that_grpcios_objects_lack_is_known(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    besides = _public(*ours) - _public(*theirs)
    assert besides
    assert sorted(besides - api.RUNTIME_ATTRIBUTES) == []
