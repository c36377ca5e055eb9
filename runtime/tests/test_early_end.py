"""A handler that ends before its client has stopped sending must not take the connection with it."""

from __future__ import annotations

import threading

import grpc
import pytest

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10
ROUNDS = 20


def test_a_connection_survives_streams_that_end_early(gen):
    release = threading.Event()

    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            assert release.wait(TIMEOUT_S)
            return gen.pb2.Answer(text=request.text)

        def join(self, requests, context):
            next(requests)
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")

    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, Service())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            waiting = stub.Say.future(gen.pb2.Ask(text="still here"), timeout=TIMEOUT_S)
            for _ in range(ROUNDS):
                endless = (gen.pb2.Ask(data=b"x" * 1000) for _ in iter(int, 1))
                with pytest.raises(grpc.RpcError) as caught:
                    stub.Join(endless, timeout=TIMEOUT_S)
                assert (caught.value.code(), caught.value.details()) == (
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "enough",
                )
                with pytest.raises(grpc.RpcError) as caught:
                    channel.stream_unary("/tests.v1.Echo/Nope")((b"x" * 1000 for _ in range(100)), timeout=TIMEOUT_S)
                assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
            release.set()
            assert waiting.result().text == "still here"
    finally:
        release.set()
        assert server.stop(None).wait(10)
