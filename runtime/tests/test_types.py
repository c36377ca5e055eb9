"""What type checkers make of the runtime's names: mypy reads this file, and it runs."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NewType, Protocol, assert_type, cast

from connectrpc.client import ConnectClient, ConnectClientSync
from connectrpc.code import Code
from connectrpc.errors import ConnectError

from grpc2connect_runtime import (
    AioClientCallDetails,
    MultiCallable,
    RpcError,
    StatusCode,
    StubOf,
    by_rpc_names,
    rpc_error,
    stub_on,
    unary_unary,
)


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


class Failed(RpcError):
    """As programs have them: fields and methods that `ConnectError` has as well, of other types."""

    def __init__(self, status: StatusCode, fields: dict[str, str]) -> None:
        self._code = status
        self._details = fields

    def code(self) -> StatusCode:
        return self._code

    def details(self) -> str:
        return self._details["why"]


class Saying(Protocol):
    Say: MultiCallable[int, int]
    Shout: MultiCallable


Unary = NewType("Unary", MultiCallable)


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


def why(error: ConnectError) -> tuple[Any, Any]:
    return rpc_error(error).code(), rpc_error(error).details()


def test_errors_of_the_program_s_own() -> None:
    failed = Failed(StatusCode.NOT_FOUND, {"why": "gone"})
    assert_type(failed.code(), StatusCode)
    assert why(failed) == (StatusCode.NOT_FOUND, "gone")
    assert why(ConnectError(Code.NOT_FOUND, "gone")) == (StatusCode.NOT_FOUND, "gone")


def again(rpc: MultiCallable[int, int], plain: MultiCallable, other: Unary) -> list[int]:
    return [rpc(1, timeout=2), plain.with_call(1)[0], other(1)]


def test_what_calls_an_rpc() -> None:
    begin: Callable[..., Any] = unary_unary
    assert MultiCallable[int, str].__args__ == (int, str)
    assert not isinstance(begin, MultiCallable)
    assert Saying.__annotations__.keys() == {"Say", "Shout"} and again.__annotations__["other"] == "Unary"
