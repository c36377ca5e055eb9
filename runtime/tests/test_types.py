"""What type checkers make of the runtime's names: mypy reads this file, and it runs."""

from __future__ import annotations

from collections import namedtuple
from typing import Any, assert_type, cast

from connectrpc.client import ConnectClient, ConnectClientSync

from grpc2connect_runtime import AioClientCallDetails, StubOf, by_rpc_names, stub_on


class Client(ConnectClientSync):
    """Stands for a generated one."""

    def say(self, request: int) -> int:
        return request


class AioClient(ConnectClient):
    """As above."""


class Speaking(StubOf[Client]):
    """A class of a stub, as programs have them: a method is called as the client's, but takes other things."""

    def say(self, text: str, times: int) -> str:
        answer: str = self.Say(text, timeout=times)
        return answer


class Either(StubOf[Client | AioClient]):
    def __init__(self, address: str) -> None:
        super().__init__(Channel())
        self.address = address


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


def takes(client: Client) -> type:
    return type(client)


def asks(client: Either) -> Any:
    return assert_type(client.Say, Any)


def test_objects_of_classes_of_stubs_take_the_place_of_clients() -> None:
    assert takes(Speaking(Channel())) is Speaking
    assert takes(Either("a")) is Either
    assert_type(Either("a").address, str)
    assert not hasattr(Speaking(Channel()), "Say")  # of a client without RPCs
