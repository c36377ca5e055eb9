"""Certificates that grpcio takes and pyqwest's TLS refuses: a moved client goes on reaching its server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from concurrent import futures
from dataclasses import dataclass

import grpc
import pytest
from connectrpc.code import Code
from servicers import Seen, SyncEcho

import grpc2connect_runtime as runtime
from grpc2connect_runtime import unary_unary

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
TIMEOUT_MS = 10_000


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


@dataclass
class Certificates:
    """PEM-encoded."""

    root: bytes
    key: bytes
    chain: bytes


def version_1(folder):
    """As in most tutorials: signed by an authority, without extensions, the name in the subject."""
    root_key, root, key, request, chain = (folder / name for name in ("ca.key", "ca.pem", "key", "csr", "pem"))
    openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", root_key, "-out", root, "-subj", "/O=me")
    openssl("req", "-nodes", "-newkey", "rsa:2048", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-set_serial", "1", "-out", chain)
    return Certificates(root.read_bytes(), key.read_bytes(), chain.read_bytes())


def authority(folder):
    """One self-signed certificate, which is an authority's, for both sides."""
    key, chain = folder / "key", folder / "pem"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", key, "-out", chain, *names)
    return Certificates(chain.read_bytes(), key.read_bytes(), chain.read_bytes())


@pytest.fixture(params=[version_1, authority])
def certificates(request, tmp_path):
    return request.param(tmp_path)


@pytest.fixture
def target(gen, certificates):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    gen.pb2_grpc.add_EchoServicer_to_server(SyncEcho(gen.pb2, Seen()), server)
    pairs = [(certificates.key, certificates.chain)]
    credentials = grpc.ssl_server_credentials(pairs, certificates.root, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"localhost:{port}"
    server.stop(None).wait(10)


@pytest.fixture
def credentials(certificates):
    return runtime.ssl_channel_credentials(certificates.root, certificates.key, certificates.chain)


def test_calls_of_a_sync_channel(gen, target, credentials, caplog):
    asks = [gen.pb2.Ask(text=text) for text in ("a", "b")]
    with runtime.secure_channel(target, credentials) as channel:
        client = channel.client(gen.connect.EchoClientSync)
        assert [answer.text for answer in client.chat(iter(asks), timeout_ms=TIMEOUT_MS)] == ["A", "B"]
        assert client.say(asks[0], timeout_ms=TIMEOUT_MS).text == "a"
        assert client.join(iter(asks), timeout_ms=TIMEOUT_MS).text == "a+b"
        with pytest.raises(runtime.CallError) as caught:
            client.say(gen.pb2.Ask(text="abort"), timeout_ms=TIMEOUT_MS)
        assert caught.value.code is Code.NOT_FOUND
    assert [record.message.partition(" (")[0] for record in caplog.records if "TLS" in record.message] == [
        f"grpcio carries the calls to {target}: pyqwest's TLS refuses a certificate"
    ]


def test_calls_that_can_be_cancelled(gen, target, credentials):
    with runtime.secure_channel(target, credentials) as channel:
        say = unary_unary(channel.client(gen.connect.EchoClientSync).say)
        assert say.future(gen.pb2.Ask(text="later"), timeout=10).result(10).text == "later"


def test_call_credentials_are_asked_once(gen, target, credentials):
    asked = []

    def plugin(context, callback):
        asked.append(context.method_name)
        callback([("x-who", "ada")], None)

    both = runtime.composite_channel_credentials(credentials, runtime.metadata_call_credentials(plugin))
    with runtime.secure_channel(target, both) as channel:
        assert channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x"), timeout_ms=TIMEOUT_MS).text == "x"
    assert asked == ["Say"]


def test_calls_of_an_async_channel(gen, target, credentials):
    async def asks():
        for text in ("a", "b"):
            yield gen.pb2.Ask(text=text)

    async def scenario():
        async with runtime.aio_secure_channel(target, credentials) as channel:
            client = channel.client(gen.connect.EchoClient)
            streamed = [answer.text async for answer in client.chat(asks(), timeout_ms=TIMEOUT_MS)]
            return streamed, (await client.say(gen.pb2.Ask(text="x"), timeout_ms=TIMEOUT_MS)).text

    assert asyncio.run(scenario()) == (["A", "B"], "x")


def test_a_wrong_authority_is_refused(gen, target, tmp_path):
    (tmp_path / "other").mkdir()
    other = runtime.ssl_channel_credentials(version_1(tmp_path / "other").root)
    with runtime.secure_channel(target, other) as channel, pytest.raises(runtime.CallError) as caught:
        channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x"), timeout_ms=TIMEOUT_MS)
    assert caught.value.code is Code.UNAVAILABLE


def test_the_wire_that_is_asked_for_stays(gen, target, credentials, monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")
    with runtime.secure_channel(target, credentials) as channel, pytest.raises(runtime.CallError) as caught:
        channel.client(gen.connect.EchoClientSync).say(gen.pb2.Ask(text="x"), timeout_ms=TIMEOUT_MS)
    assert caught.value.code is Code.UNAVAILABLE


def is_ready(channel, timeout):
    with channel:
        try:
            runtime.channel_ready_future(channel).result(timeout)
        except runtime.FutureTimeoutError:
            return False
    return True


def test_a_target_is_ready_that_accepts_the_certificates(target, certificates, credentials):
    assert is_ready(runtime.secure_channel(target, credentials), 10)
    nobody_s = runtime.ssl_channel_credentials(certificates.root)
    assert not is_ready(runtime.secure_channel(target, nobody_s), 0.2)
    assert not is_ready(runtime.secure_channel(target, runtime.ssl_channel_credentials()), 0.2)
    assert not is_ready(runtime.insecure_channel(target), 0.2)

    async def aio():
        async with runtime.aio_secure_channel(target, credentials) as channel:
            await asyncio.wait_for(channel.channel_ready(), 10)
        async with runtime.aio_secure_channel(target, nobody_s) as channel:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(channel.channel_ready(), 0.2)

    asyncio.run(aio())


def test_a_port_that_only_accepts_connections_is_not_ready():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not is_ready(runtime.insecure_channel(f"127.0.0.1:{listening.getsockname()[1]}"), 0.3)
