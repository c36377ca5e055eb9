"""What grpcio's clients do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import grpc

from .probes_connect import DEADLINE_MS, MIB_8, Limited, check, in_turns
from .targets import SECONDS, Target


class _Named:
    """A stub whose methods have Connect's names."""

    def __init__(self, stub: Any) -> None:
        self.talk = stub.Talk


def grpc_unary(target: Target) -> None:
    """A unary call with metadata both ways."""
    with target.grpc() as stub:
        answer, call = stub.Say.with_call(target.ask("hello"), timeout=SECONDS, metadata=(("x-sent", "1"),))
        check("answer", answer.text, "HELLO")
        check("header", dict(call.initial_metadata()).get("x-seen"), "1")
        check("trailer", dict(call.trailing_metadata()).get("x-last"), "hello")


def grpc_client_stream(target: Target) -> None:
    """A stream of requests."""
    with target.grpc() as stub:
        check("answer", stub.Join((target.ask(text) for text in "abc"), timeout=SECONDS).text, "a+b+c")


def grpc_server_stream(target: Target) -> None:
    """A stream of answers, the second made only when the client has the first."""
    with target.grpc() as stub:
        token = target.token()
        answers = stub.Count(target.ask(token=token), timeout=SECONDS)
        texts = [next(answers).text]
        target.program.tell(token, "go")
        texts += [answer.text for answer in answers]
        check("answers", texts, ["1", "2", "3"])
        if target.program.has(token, "late"):
            raise Limited("buffered")


def grpc_bidi(target: Target) -> None:
    """Requests and answers in turns."""
    with target.grpc() as stub:
        in_turns(target, _Named(stub), timeout=5)


def grpc_errors(target: Target) -> None:
    """An error: code, text, details and metadata, to the byte."""
    from google.protobuf import any_pb2
    from google.rpc import status_pb2

    detail = any_pb2.Any()
    detail.Pack(target.program.messages.Answer(text="why"))
    with target.grpc() as stub:
        try:
            stub.Fail(target.ask("why"), timeout=SECONDS)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
            trailing = dict(error.trailing_metadata())
            check("text", error.details(), "not now: é")
            status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
            check("details", (status.code, list(status.details)), (9, [detail]))
            check("trailer", trailing.get("x-kept"), "1")
        else:
            raise Limited("OK for an error")


def grpc_refused(target: Target) -> None:
    """A stream that its handler refuses while the client still sends, more than fits on the way."""
    data = bytes(100_000)

    def sent() -> Iterator[Any]:
        yield target.ask("refuse")
        for _ in range(200):
            yield target.ask(data=data)

    with target.grpc() as stub:
        try:
            stub.Join(sent(), timeout=SECONDS)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            check("text", error.details(), "enough")
        else:
            raise Limited("OK for an error")


def grpc_deadline(target: Target) -> None:
    """The handler of a call whose deadline passes is ended."""
    token = target.token()
    with target.grpc() as stub:
        try:
            stub.Wait(target.ask(token=token), timeout=DEADLINE_MS / 1000)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
        if not target.program.wait_for(token, "ended"):
            raise Limited("the handler goes on")


def grpc_8mib(target: Target) -> None:
    """Large messages."""
    data = os.urandom(MIB_8)
    with target.grpc() as stub:
        check("data", stub.Say(target.ask(data=data), timeout=30).data == data, True)


PROBES = (
    grpc_unary,
    grpc_client_stream,
    grpc_server_stream,
    grpc_bidi,
    grpc_errors,
    grpc_refused,
    grpc_deadline,
    grpc_8mib,
)
