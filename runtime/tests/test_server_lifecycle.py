"""Starting, stopping, ports, threads and TLS."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen
from serving import Loop, runtime_server

import grpc2connect_runtime as runtime

pytestmark = pytest.mark.usefixtures("each_wire")
TIMEOUT_S = 10


class Gate:
    """Handlers that wait at a gate."""

    def __init__(self, gen):
        self.pb2 = gen.pb2
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.running = 0
        self.most = 0
        self.lock = threading.Lock()

    def service(self, gen):
        gate = self

        class Service(gen.connect.EchoSync):
            def say(self, request, context):
                with gate.lock:
                    gate.running += 1
                    gate.most = max(gate.most, gate.running)
                gate.entered.release()
                gate.gate.wait(TIMEOUT_S)
                with gate.lock:
                    gate.running -= 1
                return gate.pb2.Answer(text=request.text)

        return Service()


def started(gen, service, **arguments):
    server = runtime.Server(**arguments)
    server.add_service(gen.connect.EchoASGIApplication, service)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def test_a_pool_of_one_runs_one_handler_at_a_time(gen):
    gate = Gate(gen)
    server, port = started(gen, gate.service(gen), thread_pool=futures.ThreadPoolExecutor(1))
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            say = gen.pb2_grpc.EchoStub(channel).Say
            calls = [say.future(gen.pb2.Ask(text=str(number)), timeout=TIMEOUT_S) for number in range(4)]
            assert gate.entered.acquire(timeout=TIMEOUT_S)
            gate.gate.set()
            assert [call.result().text for call in calls] == ["0", "1", "2", "3"]
            assert gate.most == 1
    finally:
        gate.gate.set()
        assert server.stop(None).wait(TIMEOUT_S)


def test_maximum_concurrent_rpcs(gen):
    gate = Gate(gen)
    server, port = started(gen, gate.service(gen), maximum_concurrent_rpcs=1)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            say = gen.pb2_grpc.EchoStub(channel).Say
            first = say.future(gen.pb2.Ask(text="first"), timeout=TIMEOUT_S)
            assert gate.entered.acquire(timeout=TIMEOUT_S)
            with pytest.raises(grpc.RpcError) as caught:
                say(gen.pb2.Ask(text="second"), timeout=TIMEOUT_S)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert caught.value.details() == "Concurrent RPC limit exceeded!"
            gate.gate.set()
            assert first.result().text == "first"
            assert say(gen.pb2.Ask(text="third"), timeout=TIMEOUT_S).text == "third"
    finally:
        gate.gate.set()
        assert server.stop(None).wait(TIMEOUT_S)


def test_stop_lets_calls_finish_and_refuses_new_ones(gen):
    gate = Gate(gen)
    server, port = started(gen, gate.service(gen))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        say = gen.pb2_grpc.EchoStub(channel).Say
        first = say.future(gen.pb2.Ask(text="first"), timeout=TIMEOUT_S)
        assert gate.entered.acquire(timeout=TIMEOUT_S)
        stopped = server.stop(TIMEOUT_S * 2)
        assert server.stop(TIMEOUT_S * 3) is stopped
        with pytest.raises(grpc.RpcError) as caught:
            say(gen.pb2.Ask(text="second"), timeout=TIMEOUT_S)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert not stopped.is_set()
        assert server.wait_for_termination(0.01) is True
        gate.gate.set()
        assert first.result().text == "first"
    assert stopped.wait(TIMEOUT_S)
    assert server.wait_for_termination() is False
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_stop_without_grace_ends_calls(gen):
    gate = Gate(gen)
    server, port = started(gen, gate.service(gen))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = gen.pb2_grpc.EchoStub(channel).Say.future(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S)
        assert gate.entered.acquire(timeout=TIMEOUT_S)
        assert server.stop(None).wait(TIMEOUT_S)
        assert call.exception().code() is grpc.StatusCode.UNAVAILABLE
        gate.gate.set()


def test_stop_without_grace_ends_aio_calls(gen):
    seen = Seen()
    with runtime_server(gen, "aio", seen) as port:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        call = gen.pb2_grpc.EchoStub(channel).Say.future(gen.pb2.Ask(text="hang"), timeout=TIMEOUT_S)
        assert seen.started.wait(TIMEOUT_S)
    assert call.exception().code() is grpc.StatusCode.UNAVAILABLE
    assert seen.ended.is_set()
    channel.close()


def test_a_taken_port_is_an_error():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        with pytest.raises(RuntimeError, match="Failed to bind to address"):
            runtime.Server().add_insecure_port(address)
    first = runtime.Server(options=[("grpc.so_reuseport", 0)])
    port = first.add_insecure_port("127.0.0.1:0")
    second = runtime.Server(options=[("grpc.so_reuseport", 0)])
    first.start()
    with pytest.raises(RuntimeError, match="Failed to bind to address"):
        second.add_insecure_port(f"127.0.0.1:{port}")
    assert first.stop(0).wait(TIMEOUT_S)
    assert second.stop(0).wait(0)


def test_a_unix_socket(gen, tmp_path):
    gate = Gate(gen)
    gate.gate.set()
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, gate.service(gen))
    address = f"unix:{tmp_path / 's'}"
    assert server.add_insecure_port(address) == 1
    server.start()
    try:
        with grpc.insecure_channel(address) as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text == "x"
    finally:
        assert server.stop(None).wait(TIMEOUT_S)


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptors of sockets are no files there")
def test_a_socket_that_the_process_was_given(gen):
    gate = Gate(gen)
    gate.gate.set()
    with socket.create_server(("127.0.0.1", 0)) as given:
        server = runtime.Server()
        server.add_service(gen.connect.EchoASGIApplication, gate.service(gen))
        port = server.add_connect_port(f"fd:{given.fileno()}")
        assert port == given.getsockname()[1]
        server.start()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text == "x"
        finally:
            assert server.stop(None).wait(TIMEOUT_S)
        assert given.fileno() >= 0  # the socket is its owner's to close


@pytest.mark.parametrize("address", ["fd:", "fd:x", "fd:-1", "fd:987654", "fd:0"])
def test_what_is_no_socket_is_refused(address):
    with pytest.raises(RuntimeError, match=f"Failed to bind to address {address}"):
        runtime.Server().add_connect_port(address)


def test_a_server_out_of_scope_stops(gen):
    gate = Gate(gen)
    server, _ = started(gen, gate.service(gen))
    stopped = server._stopped
    del server, _
    gc.collect()
    assert stopped.wait(TIMEOUT_S)


EXIT = """
import sys
import grpc2connect_runtime as runtime
server = runtime.Server()
print(server.add_insecure_port("[::]:0") > 0)
server.start()
if sys.argv[1] == "interrupt":
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("how", ["end", "interrupt"])
def test_a_running_server_does_not_keep_the_process(how):
    root = Path(runtime.__file__).parent.parent
    command = [sys.executable, "-c", EXIT, how]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30)
    assert done.stdout == "True\n"
    assert (done.returncode == 0) is (how == "end")


@pytest.mark.connect_wire
def test_what_is_not_supported_is_refused():
    refused = {"handlers": ([object()], AttributeError), "interceptors": ([object()], TypeError)}
    for name, (value, error) in refused.items():
        with pytest.raises(error):
            runtime.Server(**{name: value})
    with pytest.raises(ValueError):
        runtime.AioServer(interceptors=[object()])
    with pytest.raises(ValueError):
        runtime.aio_insecure_channel("localhost:1", interceptors=[object()])
    with pytest.raises(TypeError):
        runtime.intercept_channel(runtime.insecure_channel("localhost:1"), object())
    for target in ("unix:/tmp/x", "xds:///x", "ipv4:1.2.3.4:5,1.2.3.4:6", "dns://8.8.8.8/host:1"):
        with pytest.raises(NotImplementedError):
            runtime.insecure_channel(target)


@pytest.mark.connect_wire
def test_options(gen, caplog):
    gate = Gate(gen)
    gate.gate.set()
    with caplog.at_level(logging.WARNING):
        options = [("grpc.max_receive_message_length", 100), (b"grpc.keepalive_time_ms", 1), ("grpc.nonsense", 1)]
        server, port = started(gen, gate.service(gen), options=options)
    assert [record.getMessage() for record in caplog.records] == ["server option grpc.nonsense=1 has no effect"]
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x" * 200), timeout=TIMEOUT_S)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        target = f"127.0.0.1:{port}"
        with runtime.insecure_channel(target, [(b"grpc.max_receive_message_length", 10)]) as channel:
            with pytest.raises(runtime.CallError) as failed:
                channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x" * 50))
            assert failed.value.code is Code.RESOURCE_EXHAUSTED
    finally:
        assert server.stop(None).wait(TIMEOUT_S)


@pytest.mark.parametrize("server_class", [runtime.Server, runtime.AioServer])
def test_one_servicer_mixes_colours_and_shapes(gen, server_class):
    class Service:
        async def say(self, request, context):
            if request.text == "native":
                raise ConnectError(Code.ALREADY_EXISTS, context.request_headers["k"])
            await asyncio.sleep(0)
            return gen.pb2.Answer(text=f"async {request.text}")

        def repeat(self, request, context):
            return iter([gen.pb2.Answer(text="one"), gen.pb2.Answer(text="two")])

        def join(self, requests, context):
            context.response_trailers.add("native", "1")
            return gen.pb2.Answer(text=",".join(request.text for request in requests))

        async def chat(self, requests, context):
            async def answers():
                async for request in requests:
                    yield gen.pb2.Answer(text=request.text)

            return answers()

    with Loop() as loop:

        async def start():
            server = server_class()
            server.add_service(gen.connect.EchoASGIApplication, Service())
            port = server.add_insecure_port("127.0.0.1:0")
            if (starting := server.start()) is not None:
                await starting
            return server, port

        server, port = loop.run(start())
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = gen.pb2_grpc.EchoStub(channel)
                asks = [gen.pb2.Ask(text=text) for text in "xy"]
                assert stub.Say(asks[0], timeout=TIMEOUT_S).text == "async x"
                with pytest.raises(grpc.RpcError) as caught:
                    stub.Say(gen.pb2.Ask(text="native"), timeout=TIMEOUT_S, metadata=(("k", "v"),))
                assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.ALREADY_EXISTS, "v")
                assert [m.text for m in stub.Repeat(asks[0], timeout=TIMEOUT_S)] == ["one", "two"]
                joined, call = stub.Join.with_call(iter(asks), timeout=TIMEOUT_S)
                assert joined.text == "x,y"
                assert ("native", "1") in call.trailing_metadata()
                assert [m.text for m in stub.Chat(iter(asks), timeout=TIMEOUT_S)] == ["x", "y"]
        finally:
            if server_class is runtime.AioServer:
                loop.run(server.stop(None))
            else:
                assert server.stop(None).wait(TIMEOUT_S)


def test_a_downstream_failure_is_not_an_abort(gen):
    """Neither through a channel of the runtime nor through a plain client does the inner status get out."""
    from connectrpc.protocol import ProtocolType
    from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport

    with runtime_server(gen, "sync", Seen()) as inner, runtime.insecure_channel(f"127.0.0.1:{inner}") as inner_channel:
        plain = gen.connect.EchoClientSync(
            f"http://127.0.0.1:{inner}",
            protocol=ProtocolType.GRPC,
            http_client=SyncClient(SyncHTTPTransport(http_version=HTTPVersion.HTTP2)),
            send_compression=None,
        )
        for client in (inner_channel.client(gen.connect.EchoClientSync), plain):

            def call(client=client):
                client.say(gen.pb2.Ask(text="abort"), timeout_ms=10_000)

            with (
                runtime_server(gen, "sync", Seen(), downstream=call) as port,
                grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
                pytest.raises(grpc.RpcError) as caught,
            ):
                gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="downstream"), timeout=TIMEOUT_S)
            assert caught.value.code() is grpc.StatusCode.UNKNOWN
            assert caught.value.details().startswith("Exception calling application: <_InactiveRpcError of RPC")


def test_tls(gen, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=other.test"]
    command += ["-addext", "subjectAltName=DNS:other.test", "-addext", "basicConstraints=critical,CA:FALSE"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs openssl")
    gate = Gate(gen)
    gate.gate.set()
    server = runtime.Server()
    server.add_service(gen.connect.EchoASGIApplication, gate.service(gen))
    credentials = runtime.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    plain = server.add_insecure_port("127.0.0.1:0")
    server.start()
    options = [("grpc.ssl_target_name_override", "other.test")]
    try:
        theirs = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(f"127.0.0.1:{port}", theirs, options) as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="x"), timeout=TIMEOUT_S).text == "x"
        ours = runtime.ssl_channel_credentials(certificate.read_bytes())
        with runtime.secure_channel(f"127.0.0.1:{port}", ours, options) as channel:
            client = channel.client(gen.connect.EchoClientSync)
            assert client.say(gen.pb2.Ask(text="x"), timeout_ms=10_000).text == "x"
        with runtime.secure_channel(f"127.0.0.1:{port}", runtime.ssl_channel_credentials(), options) as channel:
            with pytest.raises(runtime.CallError) as caught:
                channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x"), timeout_ms=10_000)
            assert caught.value.code is Code.UNAVAILABLE
        with runtime.insecure_channel(f"127.0.0.1:{plain}") as channel:
            assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x")).text == "x"
    finally:
        assert server.stop(None).wait(TIMEOUT_S)


def greets(gen, greeting):
    class Service(gen.connect.EchoSync):
        def say(self, request, context):
            return gen.pb2.Answer(text=f"{greeting} {request.text}")

    return Service()


def test_services_that_are_added_to_a_started_server(gen):
    server = runtime.Server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    server.add_service(gen.connect.EchoASGIApplication, greets(gen, "hello"))
    server.add_service(gen.connect.EchoASGIApplication, greets(gen, "too late"))
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert gen.pb2_grpc.EchoStub(channel).Say(gen.pb2.Ask(text="you"), timeout=TIMEOUT_S).text == "hello you"
    finally:
        server.stop(None).wait(TIMEOUT_S)


def test_services_that_are_added_to_a_started_aio_server(gen):
    async def scenario():
        server = runtime.AioServer()
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        server.add_service(gen.connect.EchoASGIApplication, greets(gen, "hello"))
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = gen.pb2_grpc.EchoStub(channel)
                return (await stub.Say(gen.pb2.Ask(text="you"), timeout=TIMEOUT_S)).text
        finally:
            await server.stop(None)

    assert asyncio.run(scenario()) == "hello you"


def test_generic_handlers_that_are_added_to_a_started_server(gen):
    server = runtime.Server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    handlers = {"Say": grpc.unary_unary_rpc_method_handler(lambda request, context: request)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("some.Service", handlers),))
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.unary_unary("/some.Service/Say")(b"as it is", timeout=TIMEOUT_S) == b"as it is"
    finally:
        server.stop(None).wait(TIMEOUT_S)
