from __future__ import annotations

import json
import urllib.request
from concurrent import futures

import grpc
import pytest

import grpc2connect_runtime as runtime


class Service:
    def __init__(self, pb2):
        self.pb2 = pb2

    def say(self, request, context):
        return self.pb2.Answer(text=request.text)

    def repeat(self, request, context):
        for number in range(request.count):
            yield self.pb2.Answer(text=f"{request.text}{number}")

    def join(self, requests, context):
        return self.pb2.Answer(text="+".join(request.text for request in requests))

    def chat(self, requests, context):
        for request in requests:
            yield self.pb2.Answer(text=request.text)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::]"])
def test_a_port_serves_grpc_and_connect(gen, host):
    server = runtime.Server(futures.ThreadPoolExecutor(2))
    server.add_service(gen.connect.EchoASGIApplication, Service(gen.pb2))
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            stub = gen.pb2_grpc.EchoStub(channel)
            assert stub.Say(gen.pb2.Ask(text="a"), timeout=10).text == "a"
            assert [m.text for m in stub.Repeat(gen.pb2.Ask(text="a", count=3), timeout=10)] == ["a0", "a1", "a2"]
            asks = [gen.pb2.Ask(text=text) for text in "xyz"]
            assert stub.Join(iter(asks), timeout=10).text == "x+y+z"
            assert [m.text for m in stub.Chat(iter(asks), timeout=10)] == ["x", "y", "z"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/tests.v1.Echo/Say",
            data=json.dumps({"text": "json"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.load(response) == {"text": "json"}
    finally:
        assert server.stop(None).wait(10)
    assert server.wait_for_termination(1) is False
