"""Codes, metadata, timeouts, targets and details, without a network."""

from __future__ import annotations

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import Headers
from servicers import rich_status

import grpc2connect_runtime as runtime
from grpc2connect_runtime.deadlines import seconds_of
from grpc2connect_runtime.errors import AIO_FORM
from grpc2connect_runtime.peers import peer_uri
from grpc2connect_runtime.rich_status import pack_status, status_details
from grpc2connect_runtime.targets import Target, parse_target
from grpc2connect_runtime.unmoved import unmoved_error


def test_status_codes_are_those_of_grpc():
    assert {m.name: m.value for m in runtime.StatusCode} == {m.name: m.value for m in grpc.StatusCode}


@pytest.mark.parametrize("theirs", list(grpc.StatusCode), ids=lambda code: code.name)
def test_status_codes_equal_both_sides(theirs):
    ours = runtime.StatusCode[theirs.name]
    assert ours == theirs and theirs == ours
    assert runtime.status_code(theirs) is runtime.status_code(theirs.value[0]) is ours
    if theirs is grpc.StatusCode.OK:
        assert all(ours != code for code in Code)
        return
    code = Code.CANCELED if theirs.name == "CANCELLED" else Code[theirs.name]
    assert ours == code and code == ours
    assert {code: 1}[ours] == 1
    assert runtime.status_code(code) is ours
    assert [other for other in runtime.StatusCode if other == code] == [ours]


def test_what_is_no_status_is_an_error():
    for value in (99, "nonsense", None, object()):
        with pytest.raises(ValueError):
            runtime.status_code(value)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, None),
        (5, 5000),
        (0.3, 300),
        (1.1, 1100),
        (0.0001, 1),
        (0, 0),
        (-3, 0),
        (9.2e18, None),
        (float("inf"), None),
    ],
)
def test_timeouts(seconds, expected):
    assert runtime.timeout_ms(seconds) == expected


@pytest.mark.parametrize("seconds", [5, 5.0, 0.3, 0.0001, -3, 0])
def test_seconds_that_a_timeout_was_made_of(seconds):
    found = seconds_of(runtime.timeout_ms(seconds))
    assert (found, type(found)) == (seconds, type(seconds))


@pytest.mark.parametrize(("milliseconds", "expected"), [(None, "None"), (5000, "5"), (300, "0.3"), (1500, "1.5")])
def test_seconds_of_milliseconds(milliseconds, expected):
    assert repr(seconds_of(milliseconds)) == expected


def test_metadata_goes_there_and_back():
    assert runtime.headers(None) is None
    for source in (
        [("k", "v"), ("b-bin", b"\x00\xff")],
        (("k", b"v"), ("b-bin", b"\x00\xff")),
        {"k": "v", "b-bin": b"\x00\xff"},
        grpc.aio.Metadata(("k", "v"), ("b-bin", b"\x00\xff")),
    ):
        made = runtime.headers(source)
        assert list(made.allitems()) == [("k", "v"), ("b-bin", "AP8")]
        assert runtime.metadata(made) == (("k", "v"), ("b-bin", b"\x00\xff"))
        assert runtime.metadata(made)[1].key == "b-bin"
    assert runtime.metadata(Headers([("content-type", "x"), ("grpc-status", "0"), ("te", "trailers")])) == ()


@pytest.mark.parametrize("pair", [("K", "v"), ("k ey", "v"), ("k", "é"), ("k", "a\nb"), ("", "v")])
def test_invalid_metadata_is_refused(pair):
    with pytest.raises(runtime.CallError, match="Invalid metadata") as caught:
        runtime.headers([pair])
    assert caught.value.code is Code.INTERNAL


def test_numbers_are_no_metadata():
    with pytest.raises(TypeError):
        runtime.headers([("k", 3)])


def test_details_go_there_and_back():
    details = status_details(rich_status())
    assert [(detail.type_name, detail.message_bytes) for detail in details] == [("tests.v1.Ask", b"\x0a\x03abc")]
    assert pack_status(5, "rich", details) == rich_status()
    for broken in (b"\x1a", b"\x1a\xff", b"\x07", rich_status()[:-3], b"\x1a\x01\xff"):
        with pytest.raises(ValueError):
            status_details(broken)
    view = runtime.rpc_error(ConnectError(Code.NOT_FOUND, "rich", details))
    assert view.trailing_metadata() == (("grpc-status-details-bin", rich_status()),)
    assert str(view).startswith("<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.NOT_FOUND\n")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("localhost:50051", Target("localhost", 50051)),
        ("dns:///h.example:1", Target("h.example", 1)),
        ("dns:h:1", Target("h", 1)),
        ("ipv4:1.2.3.4:5", Target("1.2.3.4", 5)),
        ("ipv6:[::1]:5", Target("::1", 5)),
        ("ipv6:%5B::1%5D:5", Target("::1", 5)),
        ("[::1]:5", Target("::1", 5)),
        ("passthrough:///h:2", Target("h", 2)),
        ("host", Target("host", 443)),
        ("::1", Target("::1", 443)),
        ("h:1 ", Target("h", 1)),
    ],
)
def test_targets(target, expected):
    assert parse_target(target) == expected


def test_urls_have_brackets_and_no_slash():
    assert Target("::1", 5).url("http") == "http://[::1]:5"
    assert Target("h", 5).url("https", "other.test") == "https://other.test:5"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1.2.3.4:5", "ipv4:1.2.3.4:5"),
        ("::1:5", "ipv6:%5B::1%5D:5"),
        ("::ffff:1.2.3.4:5", "ipv4:1.2.3.4:5"),
        (None, "unix:"),
    ],
)
def test_peers(address, expected):
    assert peer_uri(address) == expected


def test_errors_of_sync_calls_are_calls_and_futures():
    with grpc.insecure_channel("127.0.0.1:1") as channel, pytest.raises(grpc.RpcError) as theirs:
        channel.unary_unary("/a.B/C")(b"", timeout=5)
    sync, aio = runtime.CallError(Code.NOT_FOUND, "no"), runtime.CallError(Code.NOT_FOUND, "no", form=AIO_FORM)
    calls = [sync, unmoved_error(sync), runtime.rpc_error(sync), theirs.value]
    others = [aio, unmoved_error(aio), runtime.rpc_error(aio), ConnectError(Code.NOT_FOUND, "no"), Exception(), None]
    for kind in (runtime.Call, runtime.Future):
        assert [isinstance(one, kind) for one in calls] == [True] * len(calls)
        assert [isinstance(one, kind) for one in others] == [False] * len(others)
    view = runtime.rpc_error(sync)
    assert (view.exception(), view.is_active(), view.time_remaining(), view.cancelled()) == (sync, False, None, False)
    with pytest.raises(runtime.CallError):
        view.result()


def test_the_types_of_aio_calls_take_those_of_messages():
    assert runtime.AioStreamCall[int, str].__origin__ is runtime.AioStreamCall
    assert runtime.AioUnaryCall[int, str].__args__ == (int, str)
