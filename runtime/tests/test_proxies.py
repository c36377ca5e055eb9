"""Proxies of the environment: a channel goes through one exactly where grpcio's own channel does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import subprocess
import threading
from concurrent import futures

import grpc
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from servicers import Seen, SyncEcho
from serving import grpcio_server

import grpc2connect_runtime as runtime
from grpc2connect_runtime import health, testing

TIMEOUT_S = 10
OWN_POOL = [("grpc.use_local_subchannel_pool", 1)]
OFF = [("grpc.enable_http_proxy", 0)]


class ConnectProxy:
    """A proxy on a port of 127.0.0.1 that tunnels to there, whatever host is asked for; and what it was asked."""

    def __init__(self):
        self.asked = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._open = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client:
            asked = client.recv(65536)
            self.asked.append(asked)
            if not asked.startswith(b"CONNECT "):
                return
            port = int(asked.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                self._open.append(server)
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                self._pass_on(server, client)

    def _pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that nothing names yet."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("GRPC_ADDRESS_HTTP_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("G2C_WIRE", raising=False)
    opened = ConnectProxy()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def port(gen):
    with grpcio_server(gen, "sync", Seen()) as port:
        yield port


@pytest.fixture(scope="module")
def secure(gen, tmp_path_factory):
    """The port of a server with TLS, and its root certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key", folder / "pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:other.test"]
    names += ["-addext", "basicConstraints=critical,CA:FALSE"]
    new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*new, "-keyout", key, "-out", chain, *names], check=True, capture_output=True, timeout=60)
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        gen.pb2_grpc.add_EchoServicer_to_server(SyncEcho(gen.pb2, Seen()), server)
        pair = (key.read_bytes(), chain.read_bytes())
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        server.start()
        yield port, chain.read_bytes()
        server.stop(None).wait(TIMEOUT_S)


def said(gen, channel):
    return channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="hi"), timeout_ms=TIMEOUT_S * 1000).text


def aio_said(gen, make):
    async def call():
        async with make() as channel:
            client = channel.client(gen.connect.EchoClient)
            return (await client.say(gen.pb2.Ask(text="hi"), timeout_ms=TIMEOUT_S * 1000)).text

    return asyncio.run(call())


THROUGH = [
    {"grpc_proxy": "http://PROXY"},
    {"https_proxy": "http://PROXY"},
    {"http_proxy": "http://PROXY"},
    {"http_proxy": "http://user:secret@PROXY"},
    {"grpc_proxy": "http://PROXY", "http_proxy": "http://127.0.0.1:9"},
    {"http_proxy": "http://PROXY", "no_proxy": "*"},
    {"http_proxy": "http://PROXY", "no_proxy": ""},
    {"http_proxy": "http://PROXY", "no_proxy": " , elsewhere,127.0.0.1:PORT,10.0.0.0/8,127.0.0.0/x,/8"},
    {"http_proxy": "http://PROXY", "NO_PROXY": "127.0.0.1"},
    {"http_proxy": "http://PROXY", "no_grpc_proxy": "", "no_proxy": "127.0.0.1"},
    {
        "GRPC_ADDRESS_HTTP_PROXY": "PROXY",
        "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES": "127.0.0.0/8",
        "http_proxy": "",
    },
]
PAST = [
    {"HTTP_PROXY": "http://PROXY", "HTTPS_PROXY": "http://PROXY", "ALL_PROXY": "http://PROXY"},
    {"all_proxy": "http://PROXY"},
    {"grpc_proxy": "", "http_proxy": "http://PROXY"},
    {"http_proxy": "socks5://PROXY"},
    {"http_proxy": "https://PROXY"},
    {"http_proxy": "PROXY"},
    {"http_proxy": "http://PROXY", "no_proxy": "127.0.0.0/8"},
    {"http_proxy": "http://PROXY", "no_proxy": "elsewhere, 0.0.1 "},
    {"http_proxy": "http://PROXY", "no_grpc_proxy": "127.0.0.1", "no_proxy": "elsewhere"},
    {"GRPC_ADDRESS_HTTP_PROXY": "PROXY", "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES": "10.0.0.0/8"},
]


@pytest.mark.parametrize(
    ("environment", "through"), [*((one, True) for one in THROUGH), *((one, False) for one in PAST)]
)
def test_a_channel_goes_the_way_of_grpcio_s(gen, port, proxy, monkeypatch, environment, through):
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("PROXY", proxy.address).replace("PORT", str(port)))
    target = f"127.0.0.1:{port}"
    with grpc.insecure_channel(target, OWN_POOL) as theirs:
        assert gen.pb2_grpc.EchoStub(theirs).Say(gen.pb2.Ask(text="hi"), timeout=TIMEOUT_S).text
    of_grpcio = [one.split(b"\r\n")[0] for one in proxy.asked]
    assert bool(of_grpcio) is through
    proxy.asked.clear()
    with runtime.insecure_channel(target, OWN_POOL) as ours:
        assert ours.wire == ("grpcio" if through else "connect")
        assert said(gen, ours)
    assert [one.split(b"\r\n")[0] for one in proxy.asked] == of_grpcio
    proxy.asked.clear()
    assert aio_said(gen, lambda: runtime.aio_insecure_channel(target, OWN_POOL))
    assert [one.split(b"\r\n")[0] for one in proxy.asked] == of_grpcio


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_so_with_tls(gen, secure, proxy, monkeypatch, name):
    monkeypatch.setenv(name, f"http://{proxy.address}")
    port, root = secure
    target, credentials = f"localhost:{port}", runtime.ssl_channel_credentials(root)
    wanted = [f"CONNECT {target} HTTP/1.1".encode()] if name == "http_proxy" else []
    with runtime.secure_channel(target, credentials, OWN_POOL) as channel:
        assert channel.wire == ("grpcio" if wanted else "connect")
        assert said(gen, channel)
    assert [one.split(b"\r\n")[0] for one in proxy.asked] == wanted
    proxy.asked.clear()
    assert aio_said(gen, lambda: runtime.aio_secure_channel(target, credentials, OWN_POOL))
    assert [one.split(b"\r\n")[0] for one in proxy.asked] == wanted


def test_a_channel_can_be_for_no_proxy(gen, port, proxy, monkeypatch, caplog):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.address}")
    with caplog.at_level(logging.WARNING), runtime.insecure_channel(f"127.0.0.1:{port}", OFF) as channel:
        assert channel.wire == "connect"
        assert said(gen, channel)
    assert aio_said(gen, lambda: runtime.aio_insecure_channel(f"127.0.0.1:{port}", OFF))
    assert (proxy.asked, caplog.records) == ([], [])


def test_plaintext_without_grpcio_is_unavailable_and_says_why(gen, port, proxy, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")
    monkeypatch.setenv("http_proxy", f"http://user:secret@{proxy.address}")
    with runtime.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(ConnectError) as raised:
        said(gen, channel)
    with pytest.raises(ConnectError) as raised_aio:
        aio_said(gen, lambda: runtime.aio_insecure_channel(f"127.0.0.1:{port}"))
    for error in (raised.value, raised_aio.value):
        assert error.code is Code.UNAVAILABLE
        assert "through the proxy of http_proxy, which takes grpcio: install" in error.message
        assert "secret" not in error.message
    assert proxy.asked == []


def test_tls_without_grpcio_goes_through_the_proxy(gen, secure, proxy, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")
    monkeypatch.setenv("grpc_proxy", f"http://user:secret@{proxy.address}")
    port, root = secure
    target, credentials = f"localhost:{port}", runtime.ssl_channel_credentials(root)
    with runtime.secure_channel(target, credentials) as channel:
        assert said(gen, channel)
    assert aio_said(gen, lambda: runtime.aio_secure_channel(target, credentials))
    assert [one.split()[1] for one in proxy.asked] == [target.encode()] * 2
    assert all(b"dXNlcjpzZWNyZXQ=" in one for one in proxy.asked)
    other = [("grpc.ssl_target_name_override", "other.test")]
    with runtime.secure_channel(target, credentials, other) as channel, pytest.raises(ConnectError, match="grpc_proxy"):
        said(gen, channel)


def test_another_protocol_stays_with_its_own_library(gen, proxy, monkeypatch):
    monkeypatch.setenv("G2C_CLIENT_PROTOCOL", "connect")
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    with runtime.insecure_channel("nowhere.invalid:80") as channel, pytest.raises(ConnectError):
        said(gen, channel)
    (asked,) = proxy.asked
    assert asked.startswith(b"POST http://nowhere.invalid")


def test_servers_of_tests_are_reached_without_a_proxy(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    serving, request = health.HealthCheckResponse.SERVING, health.HealthCheckRequest()
    server = runtime.Server()
    server.add_service(health.HealthASGIApplication, health.HealthServicer())
    with testing.running(server) as channel:
        assert channel.client(health.HealthClientSync).check(request).status == serving

    async def aio():
        async with testing.aio_serving(health.HealthASGIApplication, health.aio.HealthServicer()) as channel:
            return (await channel.client(health.HealthClient).check(request)).status

    assert asyncio.run(aio()) == serving
    assert proxy.asked == []
