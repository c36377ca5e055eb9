"""One call that does not read, at either end, neither stops the other calls of its connection nor fills the memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import grpc
import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

import grpc2connect_runtime as runtime

TIMEOUT_S = 10
MANY = 5_000


@contextlib.contextmanager
def serving(gen, service):
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, service)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        assert server.stop(None).wait(10)


def test_requests_that_are_not_read_do_not_stop_other_calls(gen):
    release = threading.Event()

    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            return gen.pb2.Answer(text=request.text)

        def join(self, requests, context):
            assert release.wait(TIMEOUT_S)
            context.abort(grpc.StatusCode.ABORTED, "not read")

    with serving(gen, Service()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        sent = threading.Event()

        def requests():
            for number in range(MANY):
                yield gen.pb2.Ask(text=str(number))
            sent.set()
            yield gen.pb2.Ask(data=b"x" * 1_000_000)

        unread = stub.Join.future(requests(), timeout=TIMEOUT_S)
        sent.wait(2)  # flow control may stop it before
        assert stub.Say(gen.pb2.Ask(text="meanwhile"), timeout=TIMEOUT_S).text == "meanwhile"
        release.set()
        assert unread.exception().details() == "not read"
        assert stub.Say(gen.pb2.Ask(text="after"), timeout=TIMEOUT_S).text == "after"


def test_a_handler_waits_for_a_client_that_does_not_read(gen):
    made = []

    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            return gen.pb2.Answer(text=str(len(made)))

        def repeat(self, request, context):
            for _ in range(MANY):
                made.append(None)
                yield gen.pb2.Answer(data=b"x" * 100_000)

    with serving(gen, Service()) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = gen.pb2_grpc.EchoStub(channel)
        stream = stub.Repeat(gen.pb2.Ask(), timeout=TIMEOUT_S)
        next(stream)
        for _ in range(40):
            stub.Say(gen.pb2.Ask(), timeout=TIMEOUT_S)
            if len(made) == MANY:
                break
            threading.Event().wait(0.05)
        assert len(made) < MANY / 10
        stream.cancel()


@pytest.mark.parametrize("size", [100, 20_000, 200_000])
def test_a_deadline_while_the_socket_is_full_leaves_the_connection_whole(gen, size):
    """A client of h2 that stops reading its socket, then reads on: what comes must still be HTTP/2."""
    begun, ended = threading.Event(), []

    class Service(gen.connect.Echo):
        async def repeat(self, request, context):
            if request.text == "fill":
                while True:
                    yield gen.pb2.Answer(data=b"x" * 100_000)
            begun.set()
            try:
                await asyncio.sleep(0.2)
                for _ in range(100):
                    yield gen.pb2.Answer(data=b"y" * size)
            finally:
                ended.append(None)

    with serving(gen, Service()) as port, socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as sock:
        client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        client.initiate_connection()
        client.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
        client.increment_flow_control_window(2**31 - 1 - 65_535)

        def call(text, *more):
            message = gen.pb2.Ask(text=text).SerializeToString()
            stream = client.get_next_available_stream_id()
            fields = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", "/tests.v1.Echo/Repeat")]
            client.send_headers(stream, [*fields, ("content-type", "application/grpc"), ("te", "trailers"), *more])
            client.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
            sock.sendall(client.data_to_send())
            return stream

        first = call("fill")
        calls = {call("y", ("grpc-timeout", "500m")) for _ in range(20)}
        assert begun.wait(TIMEOUT_S)
        for _ in range(200):
            if len(ended) == len(calls):
                break
            threading.Event().wait(0.02)
        statuses = {}
        client.reset_stream(first)
        sock.sendall(client.data_to_send())
        while len(statuses) < len(calls):
            data = sock.recv(1 << 20)
            assert data, "the server closed the connection"
            for event in client.receive_data(data):
                assert not isinstance(event, h2.events.ConnectionTerminated)
                if isinstance(event, h2.events.DataReceived):
                    client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    continue
                status = dict(getattr(event, "headers", ())).get("grpc-status")
                if status is not None and event.stream_id in calls:
                    statuses[event.stream_id] = status
            sock.sendall(client.data_to_send())
        assert set(statuses.values()) <= {"0", "4"}
