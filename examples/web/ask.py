"""Asks servers as pages and as services do: python ask.py ORIGIN URL...; prints what each answers, as JSON."""

import http.client
import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from connectrpc.client import ResponseMetadata
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from ferries.ferries_connect import FerriesClientSync, TidesClientSync
from ferries.ferries_pb2 import BookRequest, Harbour, Refusal

SECONDS = 20
# What @connectrpc/connect-web 2.2 makes a browser ask for.
ASKS = {
    "connect": "connect-protocol-version,connect-timeout-ms,content-type,x-passenger",
    "grpc-web": "content-type,grpc-timeout,x-grpc-web,x-passenger,x-user-agent",
}


def get(url: str) -> Any:
    """Ask for a page that is not of the services."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=SECONDS)
    connection.request("GET", "/about")
    answer = connection.getresponse()
    return json.loads(answer.read()) if answer.status == 200 else answer.status


def preflight(url: str, origin: str, headers: str, method: str = "POST") -> dict[str, Any]:
    """Ask as a browser does before a call."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=SECONDS)
    asks = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    connection.request("OPTIONS", f"{address.path}/ferry.v1.Ferries/Book", headers=asks)
    answer = connection.getresponse()
    return {"status": answer.status, **{name.lower(): value for name, value in answer.getheaders()}}


def failure(call: Callable[[], Any]) -> dict[str, Any]:
    """What a call fails with, and what it has given before."""
    got: list[Any] = []
    try:
        answer = call()
        got += [one.time for one in answer] if hasattr(answer, "__next__") else [str(answer)]
    except ConnectError as error:
        refusals = [Refusal.FromString(one.message_bytes).next_ferry for one in error.details]
        return {"code": error.code.value, "message": error.message, "details": refusals}
    return {"answer": got}


def calls(url: str, origin: str, protocol: ProtocolType) -> dict[str, Any]:
    """Make all calls, as one that a browser has let through."""
    headers = {"origin": origin, "x-passenger": "Ada"}
    ferries, tides = FerriesClientSync(url, protocol=protocol), TidesClientSync(url, protocol=protocol)
    with ResponseMetadata() as metadata:
        ticket = ferries.book(BookRequest(ferry="Heron", seats=3), headers=headers)
    with ResponseMetadata() as stream_metadata:
        watched = [one.time for one in ferries.watch(Harbour(name="Northport"), headers=headers)]
    seen = []
    fog = failure(lambda: [seen.append(one.time) for one in ferries.watch(Harbour(name="Fogport"), headers=headers)])
    quiet = ferries.watch(Harbour(name="Quietport"), headers=headers)
    heard = [next(quiet).time]
    ferries.book(BookRequest(ferry="Heron"), headers=headers)
    heard += [one.time for one in quiet]
    return {
        "ticket": [ticket.passenger, ticket.ferry, ticket.seats],
        "allowed": metadata.headers.get("access-control-allow-origin"),
        "exposed": metadata.headers.get("access-control-expose-headers"),
        "x-pier": metadata.headers.get("x-pier"),
        "x-seats-left": metadata.trailers.get("x-seats-left"),
        "watched": watched,
        "stream allowed": stream_metadata.headers.get("access-control-allow-origin"),
        "fog": [seen, fog],
        "heard": heard,
        "full": failure(lambda: ferries.book(BookRequest(ferry="Tern", seats=3), headers=headers)),
        "unknown ferry": failure(lambda: ferries.book(BookRequest(ferry="Auk"), headers=headers)),
        "nobody": failure(lambda: ferries.book(BookRequest(ferry="Heron"), headers={"origin": origin})),
        "downstream": failure(lambda: ferries.forecast(Harbour(), headers=headers)),
        "fare": ferries.fare(BookRequest(seats=2), headers=headers, use_get=protocol is ProtocolType.CONNECT).cents,
        "tide": failure(lambda: tides.next(Harbour(), headers=headers)),
    }


if __name__ == "__main__":
    page, *urls = sys.argv[1:]
    answers = {
        url: {
            "about": get(url),
            "preflight": {name: preflight(url, page, headers) for name, headers in ASKS.items()},
            "preflight of GET": preflight(url, page, "x-passenger", "GET"),
            "other origin": preflight(url, "https://evil.example", ASKS["connect"]),
            "connect": calls(url, page, ProtocolType.CONNECT),
            "grpc-web": calls(url, page, ProtocolType.GRPC_WEB),
        }
        for url in urls
    }
    json.dump(answers, sys.stdout, indent=1)
