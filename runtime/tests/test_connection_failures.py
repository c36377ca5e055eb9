"""Why a connection failed: what programs look for in grpcio's `details()` is in ours, too."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from concurrent import futures

import grpc
import pytest
from serving import free_port
from test_certificates import openssl

import grpc2connect_runtime as runtime
from grpc2connect_runtime.connection_failures import in_words_of_grpc
from grpc2connect_runtime.readiness import pauses

TIMEOUT_S = 10
_FAST = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@pytest.fixture(autouse=True)
def connect_wire(monkeypatch):
    monkeypatch.setenv("G2C_WIRE", "connect")


def details(channel):
    with channel, pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
        channel.unary_unary("/e.E/Say")(b"", timeout=TIMEOUT_S)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, runtime.StatusCode.UNAVAILABLE)
    return caught.value.details()


def test_a_refused_connection_is_told_as_by_grpcio():
    target = f"127.0.0.1:{free_port()}"
    wanted = details(grpc.insecure_channel(target))
    assert details(runtime.insecure_channel(target)) == wanted

    async def of_an_async_call():
        async with runtime.aio_insecure_channel(target) as channel:
            with pytest.raises(runtime.CallError) as caught:
                await runtime.calls_on(channel).unary_unary("/e.E/Say")(b"", timeout=TIMEOUT_S)
            return caught.value.details()

    assert asyncio.run(of_an_async_call()) == wanted


def outcome(error):
    return error.code().name, error.details()


@pytest.mark.parametrize("target", ["", "dns:", "dns:///", ":50051", "localhost:name", "ipv4:"])
def test_calls_to_a_target_that_names_no_place_fail_as_with_grpcio(target):
    sync, aio = [], []
    for module in (grpc, runtime):
        with module.insecure_channel(target) as channel:
            for method in (channel.unary_unary("/e.E/Say"), channel.unary_stream("/e.E/Repeat")):
                with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
                    list(method(b"", timeout=TIMEOUT_S))
                sync.append(outcome(caught.value))

    async def of_an_async_call(channel):
        async with channel:
            with pytest.raises((grpc.RpcError, runtime.CallError)) as caught:
                await channel.unary_unary("/e.E/Say")(b"", timeout=TIMEOUT_S)
            aio.append(outcome(caught.value))

    async def of_async_calls():
        await of_an_async_call(grpc.aio.insecure_channel(target))
        await of_an_async_call(runtime.aio_insecure_channel(target))

    asyncio.run(of_async_calls())
    assert len({*sync, *aio}) == 1, (sync, aio)


def test_a_target_that_names_no_place_is_not_waited_for(caplog):
    with runtime.insecure_channel("") as channel:
        ready = runtime.channel_ready_future(channel)
        with pytest.raises(runtime.FutureTimeoutError):
            ready.result(0.2)
        with pytest.raises(runtime.CallError) as caught:
            channel.unary_unary("/e.E/Say")(b"", wait_for_ready=True)
        assert caught.value.code() == runtime.StatusCode.UNKNOWN
    assert not caplog.records


def test_a_target_may_be_bytes():
    with runtime.insecure_channel(b"127.0.0.1:1") as channel:
        assert channel.url == "http://127.0.0.1:1"


def certificates(folder):
    """The files of a server's key and certificate; beside them the root that has signed it, and another one."""
    for name in ("theirs", "another"):
        key, root = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-nodes", "-newkey", *_FAST, "-keyout", key, "-out", root, "-subj", f"/CN={name}")
    key, request, chain, names = (folder / name for name in ("key", "csr", "pem", "names"))
    names.write_text("subjectAltName=DNS:localhost\n")
    openssl("req", "-nodes", "-newkey", *_FAST, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    signed_by = ("-CA", folder / "theirs.pem", "-CAkey", folder / "theirs.key", "-set_serial", "1")
    openssl("x509", "-req", "-in", request, *signed_by, "-out", chain, "-extfile", names)
    return key, chain


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_failed_handshake_is_told_as_one(tmp_path):
    key, chain = certificates(tmp_path)
    wrong = (tmp_path / "another.pem").read_bytes()
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        pair = (key.read_bytes(), chain.read_bytes())
        secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        plain = server.add_insecure_port("127.0.0.1:0")
        server.start()
        for port in (secure, plain):
            target = f"localhost:{port}"
            for said in (
                details(grpc.secure_channel(target, grpc.ssl_channel_credentials(wrong))),
                details(runtime.secure_channel(target, runtime.ssl_channel_credentials(wrong))),
            ):
                assert "failed to connect to all addresses; last error: UNKNOWN: " in said
                assert "handshake failed" in said.lower()
        server.stop(None).wait(TIMEOUT_S)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_side_that_tls_shuts_out_is_told_so(tmp_path):
    key, chain = certificates(tmp_path)
    root, pair = (tmp_path / "theirs.pem").read_bytes(), (key.read_bytes(), chain.read_bytes())
    closed = r"failed to connect to all addresses; last error: UNAVAILABLE: \S+:\d+: Socket closed"
    no_pair = r"failed to connect to all addresses; last error: UNKNOWN: .*Failed to create security handshaker"
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair], root, True))
        server.start()
        target = f"localhost:{port}"
        for library in (grpc, runtime):
            trusts = library.ssl_channel_credentials(root)
            wrong = library.ssl_channel_credentials(root, (tmp_path / "theirs.key").read_bytes(), pair[1])
            assert re.fullmatch(closed, details(library.insecure_channel(target)))
            assert re.fullmatch(closed, details(library.secure_channel(target, trusts)))
            assert re.match(no_pair, details(library.secure_channel(target, wrong)))
        server.stop(None).wait(TIMEOUT_S)


def test_a_name_that_is_not_found():
    # As pyqwest 0.12 says it: which names there are not is not for a test to ask the network.
    reason = "dns error: error resolving DNS: DNS error: no records found for Query { }"
    url = "http://no.invalid:50051/e.E/Say"
    said = in_words_of_grpc(f"Request failed: error sending request for url ({url}): client error (Connect): {reason}")
    assert said.startswith("errors resolving no.invalid:50051: ")
    assert "Domain name not found" in said
    assert in_words_of_grpc("another error") == "another error"


def test_what_waits_for_a_server_that_is_down_tries_less_and_less_often():
    first = list(itertools.islice(pauses(), 20))
    assert first[0] < first[1] < first[2]
    assert first[-1] == 1.0  # after that grpcio tries again for the first time
