"""What Connect and gRPC-Web clients do."""

from __future__ import annotations

import json
import os
import queue
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from connectrpc.client import ResponseMetadata
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from pyqwest import HTTPVersion

from .targets import Target

MIB_8 = 8 * 1024 * 1024
DEADLINE_MS = 300
_TEXT = "not now: é"


class Limited(Exception):
    """It does not work, in a way that has a name."""


def check(name: str, found: object, wanted: object) -> None:
    """Raise `Limited` if something is not what it must be."""
    if found != wanted:
        raise Limited(f"wrong {name}: {found!r}")


def connect_unary(target: Target) -> None:
    """A binary unary call with metadata both ways."""
    with target.connect() as client:
        _unary(target, client)


def _unary(target: Target, client: Any) -> None:
    data = bytes(range(256))
    with ResponseMetadata() as metadata:
        answer = client.say(target.ask("hello", data=data), headers={"x-sent": "1"})
    check("answer", (answer.text, answer.data), ("HELLO", data))
    check("header", metadata.headers.get("x-seen"), "1")
    check("trailer", metadata.trailers.get("x-last"), "hello")


def connect_json(target: Target) -> None:
    """The same in JSON over plain HTTP/1.1."""
    status, answer, headers = target.http("POST", "Say", {"text": "hello"}, {"x-sent": "1"})
    check("status", status, 200)
    check("answer", answer, {"text": "HELLO"})
    check("header", headers.get("x-seen"), "1")
    check("trailer", headers.get("trailer-x-last"), "hello")


def connect_get(target: Target) -> None:
    """A call without side effects by GET."""
    query = urlencode({"connect": "v1", "encoding": "json", "message": json.dumps({"text": "hello"})})
    status, answer, _ = target.http("GET", f"Look?{query}")
    check("status", status, 200)
    check("answer", answer, {"text": "HELLO"})


def connect_client_stream(target: Target) -> None:
    """A stream of requests."""
    with target.connect() as client:
        check("answer", client.join(target.ask(text) for text in "abc").text, "a+b+c")


def connect_server_stream(target: Target) -> None:
    """A stream of answers, the second made only when the client has the first."""
    with target.connect() as client:
        _stepwise(target, client.count(target.ask(token=(token := target.token()))), token)


def _stepwise(target: Target, answers: Iterator[Any], token: str) -> None:
    texts = [next(answers).text]
    target.program.tell(token, "go")
    texts += [answer.text for answer in answers]
    check("answers", texts, ["1", "2", "3"])
    if target.program.has(token, "late"):
        raise Limited("buffered")


def connect_bidi(target: Target) -> None:
    """Requests and answers in turns over HTTP/1.1; if not, all requests first."""
    with target.connect(version=HTTPVersion.HTTP1) as client:
        try:
            in_turns(target, client)
            return
        except ConnectError as error:
            turns = error.code.name
    with target.connect(version=HTTPVersion.HTTP1) as client:
        answers = client.talk(target.ask(text) for text in "abc")
        check("answers", [answer.text for answer in answers], ["A", "B", "C"])
    raise Limited(f"requests first ({turns})")


def in_turns(target: Target, client: Any, **options: Any) -> None:
    """Send each request when the answer to the one before is there."""
    requests: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def sent() -> Iterator[Any]:
        while (text := requests.get()) is not None:
            yield target.ask(text)

    requests.put("a")
    try:
        answers = client.talk(sent(), **(options or {"timeout_ms": 3000}))
        check("answer", next(answers).text, "A")
        requests.put("b")
        check("answer", next(answers).text, "B")
        requests.put(None)
        check("rest", [answer.text for answer in answers], [])
    finally:
        requests.put(None)


def connect_h2(target: Target) -> None:
    """Unary and bidi over HTTP/2, by prior knowledge."""
    with target.connect(version=HTTPVersion.HTTP2) as client:
        _unary(target, client)
        in_turns(target, client)


def connect_errors(target: Target) -> None:
    """An error: code, text, details, metadata; and as JSON with its HTTP status."""
    with target.connect() as client:
        _error(target, client)
    status, answer, _ = target.http("POST", "Fail", {"text": "why"})
    check("status", status, 400)
    check("code", answer.get("code"), "failed_precondition")


def _error(target: Target, client: Any) -> None:
    with ResponseMetadata() as metadata:
        try:
            client.fail(target.ask("why"))
        except ConnectError as error:
            check("error", (error.code.name, error.message), ("FAILED_PRECONDITION", _TEXT))
            found = [(detail.type_name, detail.message_bytes) for detail in error.details]
            check("details", found, [("served.v1.Answer", target.program.messages.Answer(text="why").SerializeToString())])
        else:
            raise Limited("OK for an error")
    check("trailer", metadata.trailers.get("x-kept"), "1")


def connect_deadline(target: Target) -> None:
    """The server ends a call, and its handler, whose deadline passes; the client would wait."""
    token = target.token()
    status, answer, _ = target.http("POST", "Wait", {"token": token}, {"connect-timeout-ms": str(DEADLINE_MS)})
    if status == 200:
        raise Limited("not kept")
    check("status", (status, answer.get("code")), (504, "deadline_exceeded"))
    if not target.program.wait_for(token, "ended"):
        raise Limited("the handler goes on")


def connect_8mib(target: Target) -> None:
    """Large messages."""
    data = os.urandom(MIB_8)
    with target.connect() as client:
        check("data", client.say(target.ask(data=data)).data == data, True)


def grpc_web(target: Target) -> None:
    """gRPC-Web: unary, server stream, an error with details."""
    with target.connect(ProtocolType.GRPC_WEB) as client:
        _unary(target, client)
        _stepwise(target, client.count(target.ask(token=(token := target.token()))), token)
        _error(target, client)


PROBES = (
    connect_unary,
    connect_json,
    connect_get,
    connect_client_stream,
    connect_server_stream,
    connect_bidi,
    connect_h2,
    connect_errors,
    connect_deadline,
    connect_8mib,
    grpc_web,
)
