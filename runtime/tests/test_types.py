"""What type checkers make of the runtime's names: mypy reads this file, and it runs."""

from __future__ import annotations

from collections import namedtuple
from typing import Any, assert_type, cast

from connectrpc.client import ConnectClientSync

from grpc2connect_runtime import AioClientCallDetails, by_rpc_names, stub_on


class Client(ConnectClientSync):
    """Stands for a generated one."""


class Details(namedtuple("Details", "method timeout metadata credentials wait_for_ready"), AioClientCallDetails):
    """As programs have them for `grpc.aio`: a namedtuple, and gRPC's class behind it."""


class Held:
    client: Client | None = None


class Channel:
    def client(self, client_class: Any) -> Any:
        return client_class("http://localhost:1")


def test_clients_are_of_the_class_that_is_asked_for() -> None:
    held = Held()
    assert_type(stub_on(Client, Channel()), Any)
    held.client = cast(Client, stub_on(Client, Channel()))
    assert_type(held.client, Client)
    assert type(held.client) is Client
    assert_type(by_rpc_names(held.client), Any)
    assert by_rpc_names(held.client) is held.client


def test_details_of_the_program_s_own() -> None:
    details = Details("/a/B", 3.0, None, None, None)
    assert details._replace(timeout=2.0).timeout == 2.0
    plain = AioClientCallDetails("/a/B", timeout=1.0)
    assert_type(plain, AioClientCallDetails)
    assert tuple(plain)[:2] == ("/a/B", 1.0)
    assert isinstance(details, AioClientCallDetails) and isinstance(plain, tuple)
