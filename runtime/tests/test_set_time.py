"""Times that a test sets, and the deadlines of RPCs that go by them."""

from __future__ import annotations

import threading

import pytest

import grpc2connect_runtime as runtime
from grpc2connect_runtime import testing

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
BEGIN = 1000.0


def test_a_set_time_calls_what_was_to_be_called(caplog):
    time, called = testing.strict_fake_time(BEGIN), []
    time.call_in(lambda: called.append(("third", time.time())), 3)
    time.call_at(lambda: called.append(("first", time.time())), BEGIN + 1)
    time.call_in(lambda: 1 / 0, 2)
    never = time.call_in(lambda: called.append("never"), 2)
    assert never.cancel() and never.cancelled()
    time.sleep_for(0.5)
    assert called == []
    time.sleep_until(BEGIN + 10)
    assert called == [("first", BEGIN + 10), ("third", BEGIN + 10)], "in order, and before the sleep ends"
    assert "ZeroDivisionError" in caplog.text
    time.sleep_until(BEGIN)
    time.sleep_for(-1)
    assert time.time() == BEGIN + 10, "it never goes back"
    late = time.call_at(lambda: called.append("at once"), BEGIN)
    assert called[-1] == "at once"
    assert not late.cancel() and not late.cancelled()


@pytest.fixture
def played(gen):
    """A servicer whose handlers wait, its server, and the time."""

    class Servicer(gen.connect.EchoSync):
        def __init__(self):
            self.entered, self.go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
            self.seen = []

        def note(self, context):
            self.seen.append((context.time_remaining(), dict(context.invocation_metadata())))

        def say(self, request, context):
            self.note(context)
            context.add_callback(self.ended.set)
            self.entered.set()
            assert self.go_on.wait(TIMEOUT_S)
            self.note(context)
            return gen.pb2.Answer(text=request.text)

        def repeat(self, request, context):
            self.note(context)
            for number in range(request.count):
                yield gen.pb2.Answer(text=str(number))

        def join(self, requests, context):
            self.note(context)
            return gen.pb2.Answer(text=",".join(request.text for request in requests))

        def chat(self, requests, context):
            self.note(context)
            for request in requests:
                yield gen.pb2.Answer(text=request.text)

    service = gen.pb2.DESCRIPTOR.services_by_name["Echo"]
    servicer, time = Servicer(), testing.strict_fake_time(BEGIN)
    server = testing.server_from_dictionary({service: servicer}, time)
    yield servicer, server, time, service.methods_by_name
    servicer.go_on.set()
    server.close()


def test_a_deadline_passes_when_the_test_says_so(gen, played):
    servicer, server, time, methods = played
    rpc = server.invoke_unary_unary(methods["Say"], (("user", "ada"),), gen.pb2.Ask(text="x"), 10)
    assert servicer.entered.wait(TIMEOUT_S)
    time.sleep_for(4)
    assert not servicer.ended.is_set()
    time.sleep_for(6)
    assert rpc.termination() == (None, (), runtime.StatusCode.DEADLINE_EXCEEDED, "Took too much time!")
    assert rpc.initial_metadata() == ()
    assert servicer.ended.wait(TIMEOUT_S), "the handler is told"
    (left, metadata), *_ = servicer.seen
    assert left == 10
    assert metadata["user"] == "ada" and not any("grpc2connect" in key for key in metadata)


def test_what_ends_in_time_ends_as_ever(gen, played):
    servicer, server, time, methods = played
    rpc = server.invoke_unary_unary(methods["Say"], (), gen.pb2.Ask(text="x"), 10)
    assert servicer.entered.wait(TIMEOUT_S)
    time.sleep_for(4)
    servicer.go_on.set()
    response, _, code, _ = rpc.termination()
    assert (response.text, code) == ("x", runtime.StatusCode.OK)
    assert [left for left, _ in servicer.seen] == [10, 6]
    time.sleep_for(10)
    assert rpc.termination()[2] is runtime.StatusCode.OK


def test_streams_have_deadlines(gen, played):
    servicer, server, time, methods = played
    rpc = server.invoke_unary_stream(methods["Repeat"], (), gen.pb2.Ask(count=2), 5)
    assert [rpc.take_response().text for _ in range(2)] == ["0", "1"]
    assert rpc.termination()[1] is runtime.StatusCode.OK
    rpc = server.invoke_stream_unary(methods["Join"], (), 5)
    rpc.send_request(gen.pb2.Ask(text="a"))
    rpc.requests_closed()
    assert rpc.termination()[0].text == "a"
    rpc = server.invoke_stream_stream(methods["Chat"], (), 5)
    rpc.send_request(gen.pb2.Ask(text="a"))
    assert rpc.take_response().text == "a"
    time.sleep_for(5)
    with pytest.raises(ValueError):
        rpc.take_response()
    assert rpc.termination()[1:] == (runtime.StatusCode.DEADLINE_EXCEEDED, "Took too much time!")
    assert [left for left, _ in servicer.seen] == [5, 5, 5]


def test_without_a_timeout_there_is_no_deadline(gen, played):
    _, server, time, methods = played
    rpc = server.invoke_stream_stream(methods["Chat"], (), None)
    rpc.send_request(gen.pb2.Ask(text="a"))
    assert rpc.take_response().text == "a"
    time.sleep_for(1_000_000)
    rpc.requests_closed()
    assert rpc.termination()[1] is runtime.StatusCode.OK
